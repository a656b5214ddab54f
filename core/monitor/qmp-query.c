/* SPDX-License-Identifier: MIT */
/* qmp-query.c - what this machine is: its name, CPUs, memory, and what there could be. */
#include "qmp.h"

#include "../backend/backend.h"
#include "../cpu/cpu.h"
#include "../manifest/plan.h"

#include <string.h>

static void open_object(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '{');
}

static int one_text(struct pb_qmp *q, const char *key, const char *text)
{
    open_object(q);
    pb_write_text(q->w, key, text);
    pb_write_close(q->w, '}');
    return PB_OK;
}

int pb_qmp_query_name(struct pb_qmp *q)
{
    return one_text(q, "name", q->m->guest);
}

int pb_qmp_query_uuid(struct pb_qmp *q)
{
    const char *uuid = g_hash_table_lookup(q->m->options, "uuid");

    return one_text(q, "UUID", uuid ? uuid : "00000000-0000-0000-0000-000000000000");
}

int pb_qmp_query_target(struct pb_qmp *q)
{
    return one_text(q, "arch", q->m->arch);
}

int pb_qmp_query_kvm(struct pb_qmp *q)
{
    open_object(q);
    pb_write_bool(q->w, "enabled", FALSE);
    pb_write_bool(q->w, "present", FALSE);
    pb_write_close(q->w, '}');
    return PB_OK;
}

int pb_qmp_query_current_machine(struct pb_qmp *q)
{
    open_object(q);
    pb_write_bool(q->w, "wakeup-suspend-support", FALSE);
    pb_write_close(q->w, '}');
    return PB_OK;
}

int pb_qmp_query_memory_size(struct pb_qmp *q)
{
    uint64_t bytes = 0;

    for (guint i = 0; i < q->m->ram->len; i++)
        bytes += g_array_index(q->m->ram, struct pb_ram_bank, i).len;
    open_object(q);
    pb_write_uint(q->w, "base-memory", bytes);
    pb_write_uint(q->w, "plugged-memory", 0);
    pb_write_close(q->w, '}');
    return PB_OK;
}

int pb_qmp_query_cpus_fast(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < q->m->cpus->len; i++) {
        const pb_dev *d = q->m->cpus->pdata[i];
        const struct pb_cpu *c = d->cpu;
        g_autofree char *path = g_strdup_printf("/machine/unattached/%s", d->name);
        pb_write_open(q->w, NULL, '{');
        pb_write_uint(q->w, "cpu-index", i);
        pb_write_text(q->w, "qom-path", path);
        pb_write_int(q->w, "thread-id", atomic_load(&c->tid));
        pb_write_text(q->w, "target", q->m->arch);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

int pb_qmp_query_cpu_definitions(struct pb_qmp *q)
{
    const struct pb_class *c = pb_class_find(PB_KIND_CPU, q->m->arch);

    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (char **v = c ? c->models : NULL; v && *v; v++) {
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", *v);
        pb_write_text(q->w, "typename", c->id);
        pb_write_bool(q->w, "static", FALSE);
        pb_write_bool(q->w, "deprecated", FALSE);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

/* The most CPUs that it can have; 0: its manifest has faults. */
static guint most_cpus(const char *arch, const char *path)
{
    struct pb_mconf conf = {.arch = arch,
                            .options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                             g_free)};
    struct pb_faults f;
    guint n = 0;

    pb_faults_init(&f);
    struct pb_manifest *m = pb_manifest_load(arch, path, &f);
    struct pb_plan *p = m ? pb_plan_make(m, &conf, &f) : NULL;
    if (p && !f.v->len)
        n = p->max_cpus;
    pb_plan_free(p);
    pb_manifest_free(m);
    pb_faults_clear(&f);
    g_hash_table_unref(conf.options);
    return n;
}

int pb_qmp_query_machines(struct pb_qmp *q)
{
    g_autoptr(GPtrArray) all = pb_manifest_list(q->m->arch);

    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < all->len; i++) {
        const struct pb_machine_entry *x = all->pdata[i];
        if (x->alias_of)
            continue; /* told with the one that it is */
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", x->id);
        for (guint k = 0; k < all->len; k++) {
            const struct pb_machine_entry *alias = all->pdata[k];
            if (!g_strcmp0(alias->alias_of, x->id)) {
                pb_write_text(q->w, "alias", alias->id);
                break;
            }
        }
        if (x->is_default)
            pb_write_bool(q->w, "is-default", TRUE);
        pb_write_uint(q->w, "cpu-max", most_cpus(q->m->arch, x->path));
        pb_write_bool(q->w, "hotpluggable-cpus", FALSE);
        pb_write_bool(q->w, "numa-mem-supported", FALSE);
        pb_write_bool(q->w, "deprecated", FALSE);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

int pb_qmp_query_chardev(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; i < q->m->devs->len; i++) {
        pb_dev *d = q->m->devs->pdata[i];
        const struct pb_backend_class *c = d->cls->table;
        char what[256] = "";
        if (d->cls->kind != PB_KIND_CHAR || !d->backend)
            continue;
        if (PB_HAS(struct pb_backend_class, c, describe))
            c->describe(d->self, what, sizeof what);
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "label", d->name);
        pb_write_text(q->w, "filename", *what ? what : c->id);
        pb_write_bool(q->w, "frontend-open", pb_char_in_use(d));
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}
