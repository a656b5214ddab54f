/* SPDX-License-Identifier: MIT */
/* qmp.h - QMP inside: what a command gets, and the tables that tell parser, introspection and
 * manual the same. [main] all.
 *
 * Members are written as words between blanks, NAME:TYPE, or NAME?:TYPE when they may be left out.
 * A TYPE is str, int, number, bool, any, the name of one in pb_qmp_types, or [TYPE], a list. The
 * word ... stands for members that the command itself looks at, such as a device's properties.
 */
#ifndef PB_CORE_QMP_H
#define PB_CORE_QMP_H

#include "../util/writer.h"
#include "command.h"

struct pb_qmp { /* what a command sees */
    struct pb_mon *mon;
    struct pb_machine *m;
    const struct pb_json *args; /* an object, or NULL; of the table's form */
    struct pb_writer *w;        /* its answer, under key PB_QMP_RETURN; nothing: {} */
    gboolean negotiated;        /* qmp_capabilities sets it */
    const char *cls;            /* of its error; NULL: GenericError */
    pb_err *e;
};
#define PB_QMP_RETURN "return"

struct pb_qmp_command {
    const char *name, *args, *returns; /* returns: a TYPE, or NULL */
    int (*run)(struct pb_qmp *q);
    const char *doc;
};
struct pb_qmp_type {
    const char *name;
    gboolean choice;   /* `members` are words that it can be; else it is an object */
    const char *members;
};
struct pb_qmp_happening {
    const char *name, *members, *doc;
};
extern const struct pb_qmp_command pb_qmp_commands[]; /* all end with name NULL */
extern const struct pb_qmp_type pb_qmp_types[];
extern const struct pb_qmp_happening pb_qmp_events[];

/* qmp-schema.c: the query-NAMEs of devices (query.h); the i-th, NULL: no more. */
struct pb_query;
const struct pb_query *pb_qmp_device_query(struct pb_machine *m, guint i, void **self);

/* qmp-check.c: does `obj` (NULL: {}) have the `members`? */
int pb_qmp_check(const char *members, const struct pb_json *obj, pb_err *e);
const struct pb_qmp_type *pb_qmp_type_find(const char *name);
/* The next word of `members` in parts, *p moving on; FALSE at the end. `type` of ... is NULL. */
struct pb_qmp_member {
    char *name, *type;
    gboolean optional;
};
gboolean pb_qmp_member_next(const char **p, struct pb_qmp_member *x);
void pb_qmp_member_clear(struct pb_qmp_member *x);

/* Of checked arguments. */
const char *pb_qmp_text(const struct pb_qmp *q, const char *key);        /* NULL: not given */
gint64 pb_qmp_int(const struct pb_qmp *q, const char *key, gint64 dflt);
gboolean pb_qmp_bool(const struct pb_qmp *q, const char *key, gboolean dflt);

/* qmp-dispatch.c: run one command; its answer is written as one object. */
void pb_qmp_dispatch(struct pb_qmp *q, const char *text, struct pb_writer *w);
void pb_qmp_refuse(struct pb_writer *w, const char *cls, const char *desc);

/* Commands. */
int pb_qmp_capabilities(struct pb_qmp *q); /* qmp-dispatch.c */
int pb_qmp_query_commands(struct pb_qmp *q); /* qmp-schema.c */
int pb_qmp_query_schema(struct pb_qmp *q);
int pb_qmp_stop(struct pb_qmp *q);           /* qmp-run.c */
int pb_qmp_cont(struct pb_qmp *q);
int pb_qmp_quit(struct pb_qmp *q);
int pb_qmp_system_reset(struct pb_qmp *q);
int pb_qmp_system_powerdown(struct pb_qmp *q);
int pb_qmp_human(struct pb_qmp *q);
int pb_qmp_query_version(struct pb_qmp *q);
int pb_qmp_query_status(struct pb_qmp *q);
void pb_qmp_version(struct pb_writer *w, const char *key);
int pb_qmp_query_name(struct pb_qmp *q);     /* qmp-query.c */
int pb_qmp_query_uuid(struct pb_qmp *q);
int pb_qmp_query_target(struct pb_qmp *q);
int pb_qmp_query_kvm(struct pb_qmp *q);
int pb_qmp_query_machines(struct pb_qmp *q);
int pb_qmp_query_current_machine(struct pb_qmp *q);
int pb_qmp_query_memory_size(struct pb_qmp *q);
int pb_qmp_query_cpus_fast(struct pb_qmp *q);
int pb_qmp_query_cpu_definitions(struct pb_qmp *q);
int pb_qmp_query_chardev(struct pb_qmp *q);
int pb_qmp_query_block(struct pb_qmp *q);    /* qmp-block.c */
int pb_qmp_query_block_nodes(struct pb_qmp *q);
int pb_qmp_list_types(struct pb_qmp *q);     /* qmp-qom.c */
int pb_qmp_device_properties(struct pb_qmp *q);
int pb_qmp_qom_list(struct pb_qmp *q);
int pb_qmp_qom_get(struct pb_qmp *q);
int pb_qmp_device_add(struct pb_qmp *q);     /* qmp-device.c */
int pb_qmp_device_del(struct pb_qmp *q);
int pb_qmp_netdev_add(struct pb_qmp *q);
int pb_qmp_netdev_del(struct pb_qmp *q);
int pb_qmp_blockdev_add(struct pb_qmp *q);
int pb_qmp_blockdev_del(struct pb_qmp *q);
int pb_qmp_object_add(struct pb_qmp *q);
int pb_qmp_object_del(struct pb_qmp *q);
int pb_qmp_chardev_add(struct pb_qmp *q);
int pb_qmp_chardev_remove(struct pb_qmp *q);
int pb_qmp_eject(struct pb_qmp *q);
int pb_qmp_change_medium(struct pb_qmp *q);

int pb_qmp_send_key(struct pb_qmp *q);       /* qmp-input.c */
int pb_qmp_input_events(struct pb_qmp *q);
int pb_qmp_query_mice(struct pb_qmp *q);
int pb_qmp_screendump(struct pb_qmp *q);
int pb_qmp_memsave(struct pb_qmp *q);
int pb_qmp_pmemsave(struct pb_qmp *q);
int pb_qmp_inject_nmi(struct pb_qmp *q);

/* qmp.c: the sessions. */
void pb_qmp_event(const char *what, const struct pb_fact *facts);
void pb_qmp_close_all(void);

#endif
