/* SPDX-License-Identifier: MIT */
/* info.c - info status, version, cpus, block, network, chardev, usernet, registers, jit. */
#include "command.h"

#include "../backend/backend.h"
#include "../backend/medium.h"
#include "../cpu/cpu.h"

#include <inttypes.h>
#include <string.h>

static void out_line(void *user, const char *text)
{
    GString *out = user;

    g_string_append(out, text);
    if (!out->len || out->str[out->len - 1] != '\n')
        g_string_append_c(out, '\n');
}

int pb_info_status(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean running = x->m->state == PB_RUN_RUNNING;

    (void)n, (void)v, (void)e;
    g_string_append_printf(x->out, "VM status: %s", running ? "running" : "paused");
    if (!running && x->m->state != PB_RUN_PAUSED)
        g_string_append_printf(x->out, " (%s)", pb_runstate_name(x->m->state));
    g_string_append_c(x->out, '\n');
    return PB_OK;
}

int pb_info_version(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    g_string_append_printf(x->out, "%s (plugin ABI epoch %u, minor %u)\n", PB_VERSION,
                           PB_ABI_EPOCH, PB_ABI_MINOR);
    return PB_OK;
}

int pb_info_cpus(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    for (guint i = 0; i < x->m->cpus->len; i++) {
        const pb_dev *d = x->m->cpus->pdata[i];
        const struct pb_cpu *c = d->cpu;
        g_string_append_printf(x->out, "%c CPU #%u: %s %s%s\n", i == x->cpu ? '*' : ' ', i,
                               d->cls->id, c->model ? c->model : "",
                               atomic_load(&c->power) != CPU_ON ? " (off)"
                               : c->halted                      ? " (halted)"
                                                                : "");
    }
    return PB_OK;
}

pb_dev *pb_mon_block_bottom(struct pb_mon *x, pb_dev *d)
{
    for (int depth = 0; depth < 16; depth++) {
        g_autofree char *below = pb_dev_get_text(d, "file");
        pb_dev *next = below && *below ? pb_dev_find(x->m, below) : NULL;
        if (!next || next->cls->kind != PB_KIND_BLOCK)
            break;
        d = next;
    }
    return d;
}

int pb_info_block(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean found = FALSE;

    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        char what[256] = "";
        pb_dev *user = d->backend ? pb_backend_consumer(d) : NULL;
        if (d->cls->kind != PB_KIND_BLOCK || (n && strcmp(v[0], d->name)))
            continue;
        if (user && user->cls->kind == PB_KIND_BLOCK && !n)
            continue; /* below another node */
        found = TRUE;
        pb_dev *in = pb_medium_drive(d) ? pb_medium_of(d) : d; /* NULL: an empty drive */
        const struct pb_backend_class *c = in ? in->cls->table : NULL;
        pb_dev *low = in ? pb_mon_block_bottom(x, in) : NULL;
        g_autofree char *file = low ? pb_dev_get_text(low, "filename") : NULL;
        if (!file && PB_HAS(struct pb_backend_class, c, describe) && in->backend)
            c->describe(in->self, what, sizeof what);
        struct pb_block_info info = {.size = sizeof info};
        const struct pb_block_ops *ops = c ? c->ops : NULL;
        gboolean ok = in && in->backend && ops->info(in->self, &info) == PB_OK;
        if (in)
            g_string_append_printf(x->out, "%s: %s (%s%s)\n", d->name, file ? file : what, c->id,
                                   ok && info.read_only ? ", read-only" : "");
        else
            g_string_append_printf(x->out, "%s: [not inserted]\n", d->name);
        if (user)
            g_string_append_printf(x->out, "    Attached to:      %s (%s)\n", user->name,
                                   user->cls->id);
        if (ok)
            g_string_append_printf(x->out, "    Size:             %" PRIu64 " bytes\n",
                                   info.bytes);
        g_string_append_c(x->out, '\n');
    }
    if (n && !found)
        return pb_err_set(e, PB_ENOENT, "Device '%s' not found", v[0]);
    return PB_OK;
}

int pb_info_network(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        const struct pb_backend_class *c = d->cls->table;
        char what[256] = "";
        if (d->cls->kind != PB_KIND_NET || !d->backend)
            continue;
        pb_dev *user = pb_backend_consumer(d);
        if (PB_HAS(struct pb_backend_class, c, describe))
            c->describe(d->self, what, sizeof what);
        if (user) {
            g_autofree char *mac = pb_dev_get_text(user, "mac");
            g_string_append_printf(x->out, "%s: model=%s,macaddr=%s\n \\ ", user->name,
                                   user->cls->id, mac ? mac : "");
        }
        g_string_append_printf(x->out, "%s: type=%s,%s\n", d->name, c->id, what);
    }
    return PB_OK;
}

int pb_info_chardev(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    pb_backend_info(x->m, PB_KIND_CHAR, out_line, x->out);
    return PB_OK;
}

/* Each user network answers for itself. */
int pb_info_usernet(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    g_autofree char *text = g_malloc(65536);

    (void)n, (void)v;
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        const struct pb_backend_class *c = d->cls->table;
        if (d->cls->kind != PB_KIND_NET || !d->backend ||
            !PB_HAS(struct pb_backend_class, c, command))
            continue;
        *text = '\0';
        pb_err ignore = {0};
        if (c->command(d->self, "usernet", "", text, 65536, &ignore) == PB_OK) {
            g_string_append_printf(x->out, "Hub -1 (%s):\n", d->name);
            out_line(x->out, text);
        }
        pb_err_clear(&ignore);
    }
    (void)e;
    return PB_OK;
}

/* [netdev_id] rule: without an id, the first network that takes the verb. */
int pb_mon_hostfwd(struct pb_mon *x, gboolean add, guint n, char **v, pb_err *e)
{
    const char *rule = v[n - 1], *id = n > 1 ? v[0] : NULL;
    const char *verb = add ? "hostfwd_add" : "hostfwd_remove";
    char text[512] = "";

    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        const struct pb_backend_class *c = d->cls->table;
        if (d->cls->kind != PB_KIND_NET || !d->backend || (id && strcmp(id, d->name)))
            continue;
        if (!PB_HAS(struct pb_backend_class, c, command)) {
            if (id)
                break;
            continue;
        }
        int r = c->command(d->self, verb, rule, text, sizeof text, e);
        if (r == PB_ENOTSUP && !e->code && !id)
            continue;
        if (*text)
            out_line(x->out, text);
        return r;
    }
    return id ? pb_err_set(e, PB_ENOENT, "unrecognized netdev id '%s'", id)
              : pb_err_set(e, PB_ENOENT, "no network of this machine is in user mode");
}

/* ---- CPU registers ------------------------------------------------------------------- */

static void registers(struct pb_mon *x, pb_dev *d)
{
    const struct pb_cpu_class *c = d->cls->table;
    const struct pb_cpu_reg *r = NULL;
    guint n = PB_HAS(struct pb_cpu_class, c, regs) ? c->regs(d->self, &r) : 0, col = 0;
    const char *group = "";

    for (guint i = 0; i < n; i++) {
        uint8_t b[64] = {0};
        guint bytes = MIN((r[i].bits + 7) / 8, sizeof b);
        char hex[2 * sizeof b + 1];
        if (c->reg_get(d->self, r[i].id, b, bytes) < 0)
            continue;
        gboolean zero = TRUE;
        for (guint k = 0; k < bytes; k++)
            zero &= !b[k];
        if (zero && r[i].group && !strcmp(r[i].group, "csr"))
            continue; /* hundreds: only those that say something */
        if (strcmp(group, r[i].group ? r[i].group : "") && col) {
            g_string_append_c(x->out, '\n');
            col = 0;
        }
        group = r[i].group ? r[i].group : "";
        for (guint k = 0; k < bytes; k++)
            g_snprintf(hex + 2 * k, 3, "%02x", b[bytes - 1 - k]);
        g_string_append_printf(x->out, " %-10s %s", r[i].name, hex);
        if (++col == (bytes > 8 ? 1 : 4)) {
            g_string_append_c(x->out, '\n');
            col = 0;
        }
    }
    if (col)
        g_string_append_c(x->out, '\n');
}

int pb_info_registers(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean all = n && !strcmp(v[0], "-a");

    if (n && !all)
        return pb_err_set(e, PB_EINVAL, "info registers takes -a, not '%s'", v[0]);
    gboolean ran = pb_mon_pause(x);
    for (guint i = 0; i < x->m->cpus->len; i++) {
        if (!all && i != x->cpu)
            continue;
        if (all)
            g_string_append_printf(x->out, "\nCPU#%u\n", i);
        registers(x, x->m->cpus->pdata[i]);
    }
    pb_mon_resume(x, ran);
    return PB_OK;
}

int pb_info_jit(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    void *self = NULL;
    gboolean any = FALSE;

    (void)n, (void)v;
    for (guint i = 0; i < x->m->cpus->len; i++) {
        const struct pb_cpu_info *t = pb_dev_interface(x->m->cpus->pdata[i], PB_CPU_INFO, &self);
        if (!PB_HAS(struct pb_cpu_info, t, text))
            continue;
        any = TRUE;
        g_string_append_printf(x->out, "CPU #%u\n", i);
        t->text(self, "jit", out_line, x->out);
    }
    return any ? PB_OK : pb_err_set(e, PB_ENOTSUP, "this CPU plugin tells nothing about its "
                                    "translator");
}
