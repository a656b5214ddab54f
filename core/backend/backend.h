/* SPDX-License-Identifier: MIT */
/* backend.h - routing between devices and backends: who is attached to whom.
 *
 * A backend node is a pb_dev of kind BLOCK, NET, CHAR or FS; its routing state hangs on
 * pb_dev.backend from realize to unrealize.
 */
#ifndef PB_CORE_BACKEND_H
#define PB_CORE_BACKEND_H

#include "../object/dev.h"

#include <plugboard/backend.h>

/* Called by pb_dev_realize and pb_dev_unrealize for nodes: open and close the backend. The
 * class is loaded and the instance allocated. [main] */
int pb_backend_realize(pb_dev *node, pb_err *e);
void pb_backend_unrealize(pb_dev *node);

/* Attach `consumer` (a device, or a node stacked above) to `node`, as a LINK property to a
 * backend does. The result is a pb_block *, pb_net *, pb_char * or pb_fs * by the node's
 * kind. A node has one consumer; a character node with mux=on has up to eight. [main] */
void *pb_backend_attach(pb_dev *consumer, pb_dev *node, pb_err *e);
/* Let go; requests in flight are waited for. `end` may be NULL. [main] */
void pb_backend_detach(pb_dev *node, void *end);
/* The device or node attached to `node`, or NULL. */
pb_dev *pb_backend_consumer(pb_dev *node);

/* ---- Character nodes (char.c) ------------------------------------------------------ */

/* Make a node accept several consumers, with C-a as the escape. Before any attach. */
void pb_char_set_mux(pb_dev *node);
gboolean pb_char_is_mux(pb_dev *node);
/* Also write what goes to the backend into a file (logfile=, logappend=). Once. */
int pb_char_set_log(pb_dev *node, const char *path, gboolean append, pb_err *e);
/* What C-a x and C-a s do, given by main and monitor. */
void pb_char_on_quit(void (*quit)(void));
gboolean pb_char_in_use(pb_dev *node); /* by a device or a monitor */
/* End the connection that the backend has, if it can; TRUE: PB_CHR_CLOSED will come. [main] */
gboolean pb_char_hang_up(pb_char *c);
/* The escape character of every mux (-echr), 1 (C-a) by default. */
void pb_char_set_escape(int c);
/* A state is taken or given back: input stays with the backends, devices keep their output. Nests;
 * both go on with the last FALSE. [main] */
void pb_char_hold(struct pb_machine *m, gboolean on);

/* ---- Network nodes (net.c) --------------------------------------------------------- */

/* The machine stops or goes on: frames for its devices wait in the backends meanwhile. [main] */
void pb_net_hold(struct pb_machine *m, gboolean on);

/* The services, registered by pb_backend_init() with the root table. */
extern const struct pb_svc_char pb_char_service;
extern const struct pb_svc_block pb_block_service;
extern const struct pb_svc_net pb_net_service;
extern const struct pb_svc_fs pb_fs_service;
void pb_backend_init(void);

/* Text for `info chardev`, `info block`, `info network`; one line each through `line`. */
void pb_backend_info(struct pb_machine *m, enum pb_kind kind,
                     void (*line)(void *user, const char *), void *user);

/* Each kind's own part, called by backend.c. */
struct pb_backend_kind {
    void *(*open)(pb_dev *node, pb_err *e);  /* node->backend */
    void (*close)(pb_dev *node);
    void *(*attach)(pb_dev *consumer, pb_dev *node, pb_err *e);
    void (*detach)(pb_dev *node, void *end);
    pb_dev *(*consumer)(pb_dev *node);
    void (*info)(pb_dev *node, char *buf, size_t n);
};
extern const struct pb_backend_kind pb_char_kind, pb_block_kind, pb_net_kind, pb_fs_kind;

#endif
