/* SPDX-License-Identifier: MIT */
/* reset.c - reset in three phases over the tree, in creation order.
 *
 * ENTER: everyone puts its own state back. HOLD: everyone is in reset and drives its
 * lines. Then the images of the boot plugin are written, so that a reset boots afresh.
 * EXIT: everyone leaves reset.
 */
#include "reset.h"

#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../mem/mem.h"

static void phase_of(pb_dev *d, uint32_t kind, uint32_t phase)
{
    const struct pb_device_class *c = d->cls->table;
    struct pb_frame f;

    if (!d->realized || d->cls->kind != PB_KIND_DEVICE ||
        !PB_HAS(struct pb_device_class, c, reset))
        return;
    pb_cb_enter(&f, d);
    c->reset(d->self, kind, phase);
    pb_cb_leave(&f);
}

void pb_reset_device(pb_dev *d, uint32_t kind)
{
    for (uint32_t phase = PB_RESET_ENTER; phase <= PB_RESET_EXIT; phase++)
        phase_of(d, kind, phase);
}

static void reset_cpu(pb_dev *d)
{
    struct pb_cpu *c = d->cpu;

    if (!d->realized)
        return;
    c->halted = 0;
    c->cls->reset(d->self, c->pc, c->args, c->n_args);
    pb_line_tell_all(d); /* its inputs are what they are */
}

static void write_loads(struct pb_machine *m)
{
    for (guint i = 0; i < m->loads->len; i++) {
        struct pb_load *l = &g_array_index(m->loads, struct pb_load, i);
        if (pb_mem_poke(m, l->gpa, l->data, l->len) < 0)
            pb_warn("%s: the memory at 0x%" PRIx64 " is gone, it was not loaded", l->what,
                    l->gpa);
    }
}

void pb_reset_all(struct pb_machine *m, uint32_t kind)
{
    for (uint32_t phase = PB_RESET_ENTER; phase <= PB_RESET_EXIT; phase++) {
        for (guint i = 0; i < m->devs->len; i++)
            phase_of(g_ptr_array_index(m->devs, i), kind, phase);
        if (phase == PB_RESET_ENTER)
            for (guint i = 0; i < m->cpus->len; i++)
                reset_cpu(g_ptr_array_index(m->cpus, i));
        if (phase == PB_RESET_HOLD && kind != PB_RESET_SNAPSHOT)
            write_loads(m);
    }
}

static void clear_load(void *p)
{
    struct pb_load *l = p;

    g_free(l->what);
    g_free(l->data);
}

void pb_loads_init(struct pb_machine *m)
{
    m->loads = g_array_new(FALSE, TRUE, sizeof(struct pb_load));
    g_array_set_clear_func(m->loads, clear_load);
}

void pb_loads_free(struct pb_machine *m)
{
    g_array_free(m->loads, TRUE);
    m->loads = NULL;
}
