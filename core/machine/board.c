/* SPDX-License-Identifier: MIT */
/* board.c - pb.board/1: what boot plugins learn of the machine, and what they load. */
#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../mem/epoch.h"
#include "../mem/mem.h"
#include "../object/object.h"
#include "../time/clock.h"
#include "reset.h"

#include <string.h>

static const char *board_option(pb_dev *d, const char *name)
{
    const char *v = g_hash_table_lookup(d->m->options, name);
    gboolean backend = !strncmp(name, "pflash", 6) || !strncmp(name, "serial", 6);
    pb_dev *slot = v || !backend ? NULL : pb_dev_find(d->m, name);

    return slot ? slot->id : v;
}

static void board_used(pb_dev *d, const char *name)
{
    g_hash_table_add(d->m->used, g_strdup(name));
}

static const char *board_find_firmware(pb_dev *d, const char *name, pb_err *e)
{
    g_autofree char *path = pb_firmware_find(d->m->arch, name, e);

    return path ? g_intern_string(path) : NULL;
}

static uint32_t board_ram(pb_dev *d, struct pb_board_reg *v, uint32_t max)
{
    for (guint i = 0; i < d->m->ram->len && i < max; i++) {
        const struct pb_ram_bank *b = &g_array_index(d->m->ram, struct pb_ram_bank, i);
        v[i] = (struct pb_board_reg){b->addr, b->len};
    }
    return d->m->ram->len;
}

static uint32_t board_n_cpus(pb_dev *d)
{
    return d->m->cpus->len;
}

static pb_dev *board_cpu(pb_dev *d, uint32_t i)
{
    return i < d->m->cpus->len ? g_ptr_array_index(d->m->cpus, i) : NULL;
}

static const char *board_cpu_fact(pb_dev *d, uint32_t i, const char *name)
{
    pb_dev *c = board_cpu(d, i);
    const struct pb_cpu_class *t = c ? c->cls->table : NULL;

    return PB_HAS(struct pb_cpu_class, t, fact) ? t->fact(c->self, name) : NULL;
}

static pb_dev *board_device(pb_dev *d, uint32_t i)
{
    return i < d->m->placed->len ? g_ptr_array_index(d->m->placed, i) : NULL;
}

static const char *board_dev_name(pb_dev *d)
{
    return d->name;
}

static const char *board_dev_class(pb_dev *d)
{
    return d->cls->id;
}

static uint32_t board_dev_regs(pb_dev *d, struct pb_board_reg *v, uint32_t max)
{
    for (guint i = 0; i < d->reg_addr->len && i < max; i++)
        v[i] = g_array_index(d->reg_addr, struct pb_board_reg, i);
    return d->reg_addr->len;
}

static uint32_t board_dev_wires(pb_dev *d, struct pb_board_wire *v, uint32_t max)
{
    uint32_t n = 0;

    for (guint k = 0; k < d->lines->len; k++) {
        const struct pb_wire *w = g_ptr_array_index(d->lines, k);
        for (guint i = 0; i < w->sinks->len; i++, n++) {
            const struct pb_input *in = g_ptr_array_index(w->sinks, i);
            if (n < max)
                v[n] = (struct pb_board_wire){w->out, w->index, in->n, in->d};
        }
    }
    return n;
}

static const char *board_dev_fdt(pb_dev *d, const char *key)
{
    return g_hash_table_lookup(d->fdt, key);
}

static const char *board_dev_fdt_key(pb_dev *d, uint32_t i)
{
    return i < d->fdt_keys->len ? g_ptr_array_index(d->fdt_keys, i) : NULL;
}

static uint64_t board_dev_clock(pb_dev *d, uint32_t input)
{
    return pb_time_service.clock_hz(d, input);
}

/* ---- Images ------------------------------------------------------------------------------ */

/* Is all of [gpa, gpa+len) memory that an image can be written to? Else the first hole. */
static gboolean is_memory(struct pb_machine *m, uint64_t gpa, uint64_t len, uint64_t *hole)
{
    gboolean ok = TRUE;

    pb_epoch_enter();
    const struct pb_view *v = atomic_load(&pb_mem(m)->system.view);
    while (len) {
        const struct pb_range *g = pb_view_find(v, gpa);
        if (!g || !g->r->host) {
            *hole = gpa;
            ok = FALSE;
            break;
        }
        uint64_t part = MIN(len - 1, g->last - gpa) + 1;
        len -= part;
        gpa += part;
    }
    pb_epoch_leave();
    return ok;
}

static gboolean overlap(uint64_t a, uint64_t a_len, uint64_t b, uint64_t b_len)
{
    return a_len && b_len && a <= b + (b_len - 1) && b <= a + (a_len - 1);
}

static const struct pb_load *load_at(struct pb_machine *m, uint64_t gpa, uint64_t len)
{
    for (guint i = 0; i < m->loads->len; i++) {
        const struct pb_load *l = &g_array_index(m->loads, struct pb_load, i);
        if (overlap(gpa, len, l->gpa, l->len))
            return l;
    }
    return NULL;
}

static int board_load(pb_dev *d, const char *what, uint64_t gpa, const void *data, uint64_t len,
                      pb_err *e)
{
    struct pb_machine *m = d->m;
    uint64_t hole = gpa;

    if (len == 0)
        return 0;
    if (len - 1 > UINT64_MAX - gpa || !is_memory(m, gpa, len, &hole)) {
        pb_err_set(e, PB_EFAULT, "%s (%" PRIu64 " bytes at 0x%" PRIx64 ") does not fit: there "
                   "is no memory at 0x%" PRIx64, what, len, gpa, hole);
        pb_err_hint(e, "give the machine more memory with -m, or load it elsewhere");
        return PB_EFAULT;
    }
    const struct pb_load *o = load_at(m, gpa, len);
    if (o) {
        pb_err_set(e, PB_EBUSY, "%s (0x%" PRIx64 " to 0x%" PRIx64 ") overlaps %s (0x%" PRIx64
                   " to 0x%" PRIx64 ")", what, gpa, gpa + (len - 1), o->what, o->gpa,
                   o->gpa + (o->len - 1));
        pb_err_hint(e, "load one of the two at another address, or leave it out (for firmware: "
                    "-bios none)");
        return PB_EBUSY;
    }
    struct pb_load l = {.what = g_strdup(what), .gpa = gpa, .len = len};
    pb_load_keep(&l, data);
    g_array_append_val(m->loads, l);
    return 0;
}

static uint64_t board_place(pb_dev *d, uint64_t from, uint64_t len, uint64_t align)
{
    struct pb_machine *m = d->m;
    uint64_t best = UINT64_MAX;

    if (align == 0 || (align & (align - 1)) || len == 0)
        return UINT64_MAX;
    for (guint i = 0; i < m->ram->len; i++) {
        const struct pb_ram_bank *b = &g_array_index(m->ram, struct pb_ram_bank, i);
        uint64_t at = MAX(from, b->addr), last = b->addr + (b->len - 1);
        for (;;) { /* each round passes one load */
            if (at > UINT64_MAX - (align - 1))
                break;
            at = (at + align - 1) & ~(align - 1);
            if (at > last || len - 1 > last - at)
                break;
            const struct pb_load *l = load_at(m, at, len);
            if (!l) {
                best = MIN(best, at);
                break;
            }
            if (l->gpa + (l->len - 1) == UINT64_MAX)
                break;
            at = l->gpa + l->len;
        }
    }
    return best;
}

static int board_entry(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n_args,
                       pb_err *e)
{
    struct pb_machine *m = d->m;

    if ((i != UINT32_MAX && i >= m->cpus->len) || n_args > 8)
        return pb_err_set(e, PB_EINVAL, "there is no CPU %u to start: the machine has %u", i,
                          m->cpus->len);
    for (guint k = 0; k < m->cpus->len; k++) {
        struct pb_cpu *c = ((pb_dev *)g_ptr_array_index(m->cpus, k))->cpu;
        if (i == UINT32_MAX ? c->own_entry : i != k)
            continue;
        c->own_entry = i != UINT32_MAX;
        c->pc = pc;
        c->n_args = n_args;
        for (uint32_t a = 0; a < n_args; a++)
            c->args[a] = a == 0 && args[0] == UINT64_MAX ? c->index : args[a];
    }
    return 0;
}

static void board_request(pb_dev *d, uint32_t what, int32_t code)
{
    pb_machine_request(d->m, what, code);
}

static struct pb_cpu *cpu_number(pb_dev *d, uint32_t i)
{
    return i < d->m->cpus->len ? ((pb_dev *)g_ptr_array_index(d->m->cpus, i))->cpu : NULL;
}

static int board_cpu_start(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n)
{
    struct pb_cpu *c = cpu_number(d, i);

    return c ? pb_cpu_power_on(c, pc, args, n) : PB_EINVAL;
}

static int board_cpu_stop(pb_dev *d, uint32_t i)
{
    struct pb_cpu *c = cpu_number(d, i);

    if (!c)
        return PB_EINVAL;
    pb_cpu_power_off(c);
    return PB_OK;
}

static int board_cpu_power(pb_dev *d, uint32_t i)
{
    struct pb_cpu *c = cpu_number(d, i);
    uint32_t power = c ? atomic_load(&c->power) : CPU_OFF;

    if (!c)
        return PB_EINVAL;
    return power == CPU_OFF ? PB_CPU_OFF : power == CPU_STARTING ? PB_CPU_STARTING : PB_CPU_ON;
}

static const char *board_machine(pb_dev *d)
{
    return d->m->name;
}

const struct pb_svc_board pb_board_service = {
    .size = sizeof(struct pb_svc_board),
    .option = board_option,
    .used = board_used,
    .find_firmware = board_find_firmware,
    .ram = board_ram,
    .n_cpus = board_n_cpus,
    .cpu = board_cpu,
    .cpu_fact = board_cpu_fact,
    .device = board_device,
    .dev_name = board_dev_name,
    .dev_class = board_dev_class,
    .dev_regs = board_dev_regs,
    .dev_wires = board_dev_wires,
    .dev_fdt = board_dev_fdt,
    .dev_fdt_key = board_dev_fdt_key,
    .dev_clock = board_dev_clock,
    .load = board_load,
    .place = board_place,
    .entry = board_entry,
    .request = board_request,
    .machine = board_machine,
    .cpu_start = board_cpu_start,
    .cpu_stop = board_cpu_stop,
    .cpu_power = board_cpu_power,
};
