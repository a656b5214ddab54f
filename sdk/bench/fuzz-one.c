/* SPDX-License-Identifier: MIT */
/* fuzz-one.c - a device driven by bytes. See plugboard/bench-fuzz.h; bench.md has the code table.
 *
 * Every input starts on a new bench, so that it repeats, and any bytes mean something: numbers are
 * taken modulo what there is, and what lacks at the end reads as 0. A class on a bus is reached by
 * the registers of its controller.
 */
#include "internal.h"

#include <plugboard/bench-fuzz.h>
#include <plugboard/reg.h>

#define RAM 0x80000000u
#define RAM_BYTES (1u << 16) /* small: it is new for every input */

struct input {
    const uint8_t *p;
    size_t n;
};

static const struct pb_bench_fuzz *target;

static uint64_t take(struct input *in, uint32_t bytes)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < bytes && in->n; i++, in->p++, in->n--)
        v |= (uint64_t)*in->p << 8 * i;
    return v;
}

static const uint8_t *take_run(struct input *in, size_t n, size_t *got)
{
    const uint8_t *p = in->p;

    *got = n < in->n ? n : in->n;
    in->p += *got;
    in->n -= *got;
    return p;
}

/* 0x00-0x9f: bit 0 a write, 1-2 the width, 3 a register by number, 4 its own width, 5 and 6 with a
 * write: the value is an address in RAM. */
static void access_one(pb_dev *d, struct input *in, uint8_t op)
{
    const struct pb_regs *t = op & 8 ? d->cls->regs : NULL;
    uint32_t bytes = 1u << (op >> 1 & 3), region = 0;
    uint64_t off;

    if (t && t->n) {
        const struct pb_reg *g = &t->reg[take(in, t->n > 256 ? 2 : 1) % t->n];
        uint32_t stride = g->stride ? g->stride : g->width;
        off = g->off + (g->count > 1 ? take(in, 2) % g->count * stride : 0);
        bytes = op & 16 ? g->width : bytes;
    } else {
        region = d->cls->n_regions > 1 ? (uint32_t)take(in, 1) % d->cls->n_regions : 0;
        off = take(in, 3) % pbt_region_len(d, region);
    }
    if (!(op & 1)) {
        pbt_read(d, region, off, bytes);
        return;
    }
    uint64_t v = take(in, bytes);
    pbt_write(d, region, off, (op & 0x60) == 0x60 ? RAM + v % RAM_BYTES : v, bytes);
}

/* 0xc0-0xcf: what a backend does to the device. */
static void backend_one(pb_dev *c, struct input *in, uint8_t op)
{
    size_t n, most = take(in, 1);
    const uint8_t *p;

    if (!strcmp(c->kind, PB_CLASS_CHAR)) {
        if (op & 1) {
            pbt_char_limit(c, most & 0x80 ? UINT32_MAX : (uint32_t)most & 7);
            pbt_char_event(c, PB_CHR_BREAK + (uint32_t)most % 3);
        } else {
            p = take_run(in, most % 40, &n);
            pbt_char_type(c, p, (uint32_t)n);
        }
    } else if (!strcmp(c->kind, PB_CLASS_NET)) {
        p = take_run(in, (op & 2 ? 1500 : 64) * most / 255, &n);
        if (op & 1)
            pbt_net_full(c, (uint32_t)most & 1);
        else if (n)
            pbt_net_inject(c, p, n, 0);
    } else if (!strcmp(c->kind, PB_CLASS_BLOCK)) {
        if (op & 1)
            pbt_block_hold(c, (uint32_t)most & 1);
        else
            pbt_block_fail(c, (uint32_t)most >> 4, most & 1 ? PB_EIO : 0);
    }
}

static void backends(pbt *b, struct input *in, uint8_t op)
{
    for (pb_dev *c = b->devs; c; c = c->next)
        if (c->node == NODE_BACKEND && !c->bcls)
            backend_one(c, in, op);
}

static void other_one(pb_dev *d, struct input *in, uint8_t op)
{
    pbt *b = d->b;
    size_t n;

    switch (op >> 4) {
    case 0xa: /* time, by up to 16 ms of it */
        pbt_run_ns(b, (int64_t)take(in, op & 1 ? 1 : 3));
        break;
    case 0xb:
        if (d->n_in)
            pbt_line(d, (uint32_t)take(in, 1) % d->n_in, op & 1);
        break;
    case 0xc:
        backends(b, in, op);
        break;
    case 0xd: {
        uint64_t at = take(in, 2) % RAM_BYTES;
        const uint8_t *p = take_run(in, (op & 15) * 4, &n);
        if (n)
            memcpy(b->ram[0].host + at, p, n < RAM_BYTES - at ? n : RAM_BYTES - at);
        break;
    }
    case 0xe:
        pbt_as(b, op & 3, op >> 2 & 3);
        break;
    default:
        if (op == 0xff)
            pbt_reload(b);
        else if (op & 8)
            pbt_reset(d, op & 7);
        else
            pbt_settle(b);
    }
}

static const struct pb_device_class *pick(void)
{
    const struct pb_plugin *p = target->plugin;

    for (uint32_t i = 0; i < p->n_classes; i++) {
        const struct pb_device_class *c = p->classes[i].cls;
        if (!strcmp(p->classes[i].kind, PB_CLASS_DEVICE) &&
            (!target->cls || !strcmp(target->cls, c->id)))
            return c;
    }
    pbt__die(NULL, "%s has no device class '%s'", p->id, target->cls ? target->cls : "");
}

static pb_dev *controller(pbt *b)
{
    char plugin[256];
    const char *colon = strrchr(target->bus, ':');

    if (!colon || (size_t)(colon - target->bus) >= sizeof plugin)
        pbt__die(b, "a bus is PLUGIN:CLASS, not '%s'", target->bus);
    memcpy(plugin, target->bus, (size_t)(colon - target->bus));
    plugin[colon - target->bus] = 0;
    pbt_load(b, plugin);
    pb_dev *d = pbt_create(b, NULL, 0, colon + 1, "controller", NULL);
    if (d)
        pbt_outputs_all(d, 4);
    if (!d || pbt_realize(d) < 0)
        pbt__die(b, "the controller '%s': %s", colon + 1, pbt_error(b));
    pbt_reset(d, PB_RESET_COLD);
    return d;
}

/* The device whose registers the bytes reach. */
static pb_dev *set_up(pbt *b)
{
    const struct pb_device_class *c = pick();
    const char *missing = NULL;

    pbt_ram(b, RAM, RAM_BYTES);
    pbt_plugin(b, target->plugin);
    char *props = pbt_loopbacks(b, c->props, c->n_props, target->props, 0, &missing);
    if (!props)
        pbt__die(b, "property '%s' of '%s' must be given: PROPS %s=…", missing, c->id, missing);
    if (c->bus && !target->bus)
        pbt__die(b, "'%s' sits on %s: say who offers it, BUS PLUGIN:CLASS", c->id, c->bus);
    pb_dev *parent = c->bus ? controller(b) : NULL;
    pb_dev *d = pbt_create(b, parent, parent ? pbt_bus_index(parent, c->bus) : 0, c->id, "d0",
                           *props ? props : NULL);
    free(props);
    if (d)
        pbt_outputs_all(d, 2);
    if (!d || pbt_realize(d) < 0)
        pbt__die(b, "'%s': %s", c->id, pbt_error(b));
    pbt_reset(d, PB_RESET_COLD);
    return c->n_regions || !parent ? d : parent;
}

void pb_bench_fuzz_target(const struct pb_bench_fuzz *t)
{
    target = t;
}

int pb_bench_fuzz_one(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    pbt *b = pbt_new();

    if (!target)
        pbt__die(b, "pb_bench_fuzz_target() comes before pb_bench_fuzz_one()");
    pb_dev *d = set_up(b);
    while (in.n) {
        uint8_t op = (uint8_t)take(&in, 1);
        if (op < 0xa0 && d->cls->n_regions)
            access_one(d, &in, op);
        else
            other_one(d, &in, op < 0xa0 ? op | 0xa0 : op);
    }
    for (pb_dev *c = b->devs; c; c = c->next)
        if (c->node == NODE_BACKEND && !c->bcls && !strcmp(c->kind, PB_CLASS_BLOCK))
            pbt_block_hold(c, 0);
    pbt_settle(b);
    pbt_reload(b);
    pbt_free(b);
    return 0;
}
