/* SPDX-License-Identifier: MIT */
/* tree.c - info qtree, mtree, regs: what the machine is made of. */
#include "command.h"

#include "../mem/mem.h"

#include <plugboard/reg.h>

#include <string.h>

/* ---- qtree --------------------------------------------------------------------------- */

static void dev_tree(struct pb_mon *x, pb_dev *d, int depth);

static void bus_tree(struct pb_mon *x, const pb_bus *b, int depth)
{
    g_string_append_printf(x->out, "%*sbus: %s\n%*s  type %s\n", depth, "", b->name, depth, "",
                           b->kind);
    for (guint i = 0; i < b->children->len; i++)
        dev_tree(x, b->children->pdata[i], depth + 2);
}

static void dev_tree(struct pb_mon *x, pb_dev *d, int depth)
{
    if (depth > 64)
        return;
    g_string_append_printf(x->out, "%*sdev: %s, id \"%s\"\n", depth, "", d->cls->id,
                           d->id ? d->id : "");
    for (uint32_t i = 0; i < d->cls->n_props; i++) {
        g_autofree char *v = pb_dev_get_text(d, d->cls->props[i].name);
        g_string_append_printf(x->out, "%*s%s = %s\n", depth + 2, "", d->cls->props[i].name,
                               v ? v : "\"\"");
    }
    for (guint i = 0; i < d->reg_addr->len; i++) {
        const struct pb_board_reg *r = &g_array_index(d->reg_addr, struct pb_board_reg, i);
        if (r->len)
            g_string_append_printf(x->out, "%*smmio %016" PRIx64 "/%016" PRIx64 "\n", depth + 2,
                                   "", r->addr, r->len);
    }
    for (guint i = 0; i < d->buses->len; i++)
        bus_tree(x, d->buses->pdata[i], depth + 2);
}

int pb_info_qtree(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    g_string_append(x->out, "bus: main-system-bus\n  type System\n");
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        if (d->cls->kind == PB_KIND_DEVICE && !d->bus)
            dev_tree(x, d, 2);
    }
    return PB_OK;
}

/* ---- mtree --------------------------------------------------------------------------- */

static void region_tree(struct pb_mon *x, const pb_region *r, uint64_t base, int depth)
{
    static const char *const kinds[] = {"i/o", "ram", "romd", "container", "alias"};
    const char *kind = r->kind == PB_REGION_RAM && r->rom ? "rom" : kinds[r->kind];

    if (depth > 64)
        return;
    g_string_append_printf(x->out, "%*s%016" PRIx64 "-%016" PRIx64 " (prio %d, %s): %s%s%s\n",
                           depth, "", base, base + r->last, r->prio, kind, r->name,
                           r->enabled ? "" : " [disabled]", "");
    for (guint i = 0; r->children && i < r->children->len; i++) {
        const pb_region *c = r->children->pdata[i];
        region_tree(x, c, base + c->off, depth + 2);
    }
}

int pb_info_mtree(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    g_string_append(x->out, "address-space: memory\n");
    region_tree(x, x->m->system, 0, 2);
    return PB_OK;
}

/* ---- regs ---------------------------------------------------------------------------- */

static void one_reg(struct pb_mon *x, const struct pb_reg *r, void *self, uint32_t i)
{
    const void *slot = pb_reg_slot(r, self, i);
    g_autofree char *name = r->count > 1 ? g_strdup_printf("%s[%u]", r->name, i)
                                         : g_strdup(r->name);
    uint32_t stride = r->stride ? r->stride : r->width;

    g_string_append_printf(x->out, "  %06x %-16s ", r->off + i * stride, name);
    if (!slot) {
        g_string_append_printf(x->out, "%*s", 2 * r->width, "-"); /* made by the device when read */
    } else {
        uint64_t v = pb__reg_load(slot, r->width);
        g_string_append_printf(x->out, "%0*" PRIx64, 2 * r->width, v);
        for (uint32_t k = 0; k < r->n_fields; k++) {
            const struct pb_regfield *f = &r->fields[k];
            uint64_t mask = f->width < 64 ? (UINT64_C(1) << f->width) - 1 : UINT64_MAX;
            g_string_append_printf(x->out, " %s=%" PRIx64, f->name, v >> f->lsb & mask);
        }
    }
    if (r->doc)
        g_string_append_printf(x->out, "  %s", r->doc);
    g_string_append_c(x->out, '\n');
}

static const struct pb_regs *table_of(const pb_dev *d)
{
    const struct pb_device_class *c = d->cls->table;

    if (d->cls->kind != PB_KIND_DEVICE || !PB_HAS(struct pb_device_class, c, regs))
        return NULL;
    return c->regs;
}

static void show_regs(struct pb_mon *x, const pb_dev *d)
{
    const struct pb_regs *t = table_of(d);

    g_string_append_printf(x->out, "%s (%s)\n", d->name, d->cls->id);
    for (uint32_t k = 0; k < t->n; k++) {
        const struct pb_reg *r = &t->reg[k];
        uint32_t count = r->count ? r->count : 1, zeros = 0;
        for (uint32_t i = 0; i < count; i++) {
            const void *slot = pb_reg_slot(r, d->self, i);
            if (count > 8 && slot && !pb__reg_load(slot, r->width))
                zeros++; /* long tables: only what is not 0 */
            else if (count <= 8 || slot)
                one_reg(x, r, d->self, i);
        }
        if (zeros)
            g_string_append_printf(x->out, "  %06x %-16s %u of %u are 0\n", r->off, r->name,
                                   zeros, count);
    }
}

int pb_info_regs(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    pb_dev *d = n ? pb_dev_find(x->m, v[0]) : NULL;

    if (n && !d)
        return pb_err_set(e, PB_ENOENT, "Device '%s' not found", v[0]);
    if (n && !table_of(d))
        return pb_err_set(e, PB_ENOTSUP, "'%s' (%s) has no register table", v[0], d->cls->id);
    gboolean ran = pb_mon_pause(x);
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *each = x->m->devs->pdata[i];
        if (table_of(each) && (!d || d == each))
            show_regs(x, each);
    }
    pb_mon_resume(x, ran);
    return PB_OK;
}

/* ---- What devices show of themselves -------------------------------------------------- */

gboolean pb_info_device(struct pb_mon *x, const char *name)
{
    gboolean any = FALSE;

    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        void *self;
        const struct pb_info *t = d->realized ? pb_dev_interface(d, PB_INFO, &self) : NULL;
        if (!PB_HAS(struct pb_info, t, text) || strcmp(t->name, name))
            continue;
        any = TRUE;
        gboolean ran = pb_mon_pause(x);
        uint32_t n = t->text(self, NULL, 0) + 1;
        g_autofree char *buf = g_malloc0(n);
        t->text(self, buf, n);
        pb_mon_resume(x, ran);
        g_string_append(x->out, buf);
    }
    return any;
}

void pb_info_device_help(struct pb_mon *x)
{
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        const struct pb_info *t = pb_dev_interface(d, PB_INFO, NULL);
        if (PB_HAS(struct pb_info, t, text))
            g_string_append_printf(x->out, "info %s -- %s\n", t->name, t->doc);
    }
}
