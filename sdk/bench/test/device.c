/* SPDX-License-Identifier: MIT */
/* device.c - the steps of a device class: its life, its registers as its table tells them,
 * bad accesses, a script, random traffic, and a reload after each of these.
 */
#include "test.h"

#include <plugboard/reg.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct rig {
    pbt *b;
    pb_dev *d;
    int why; /* what the step gives when d is NULL */
};

int refused(const struct options *o, const char *why)
{
    return o->props ? failed("%s", why) : left_out("%s: --props …", why);
}

char *make_props(pbt *b, const struct pb_prop *p, uint32_t n, const char *given, int bare)
{
    const char *missing = NULL;
    char *out = pbt_loopbacks(b, p, n, given, (uint32_t)bare, &missing);

    if (!out)
        left_out("property '%s' must be given: --props %s=…", missing, missing);
    return out;
}

/* The controller that `c` sits on; NULL with *why set: there is none. */
static pb_dev *make_parent(pbt *b, const struct options *o, const struct pb_device_class *c,
                           uint32_t *bus, int *why)
{
    for (uint32_t i = 0; i < o->n_bus; i++) {
        if (strcmp(o->bus[i].kind, c->bus) != 0)
            continue;
        pbt_load(b, o->bus[i].plugin);
        pb_dev *d = pbt_create(b, NULL, 0, o->bus[i].cls, "controller", NULL);
        if (d)
            pbt_outputs_all(d, 4);
        if (!d || pbt_realize(d) < 0) {
            *why = failed("the controller '%s': %s", o->bus[i].cls, pbt_error(b));
            return NULL;
        }
        pbt_reset(d, PB_RESET_COLD);
        *bus = pbt_bus_index(d, c->bus);
        return d;
    }
    *why = left_out("it sits on %s: --bus %s=PLUGIN.so:CLASS", c->bus, c->bus);
    return NULL;
}

/* A new bench with one device of the class, realized and reset. */
static struct rig set_up(const struct options *o, const struct pb_device_class *c)
{
    struct rig r = {.b = pbt_new(), .why = 2};
    pb_dev *parent = NULL;
    uint32_t bus = 0;

    pbt_load(r.b, o->plugin);
    for (uint32_t i = 0; i < o->n_with; i++)
        pbt_load(r.b, o->with[i]);
    pbt_ram(r.b, 0x80000000, 1 << 20);
    char *props = make_props(r.b, c->props, c->n_props, o->props, o->bare);
    if (!props)
        return r;
    if (c->bus && !(parent = make_parent(r.b, o, c, &bus, &r.why))) {
        free(props);
        return r;
    }
    pb_dev *d = pbt_create(r.b, parent, bus, c->id, "d0", *props ? props : NULL);
    free(props);
    if (d)
        pbt_outputs_all(d, 2);
    if (!d || pbt_realize(d) < 0) {
        r.why = refused(o, pbt_error(r.b));
        return r;
    }
    pbt_reset(d, PB_RESET_COLD);
    r.d = d;
    return r;
}

static int life(const struct options *o, const void *cls)
{
    struct rig r = set_up(o, cls);

    if (!r.d)
        return r.why;
    for (uint32_t kind = 0; kind < 6; kind++) /* the last ones are unknown: as COLD */
        pbt_reset(r.d, kind);
    pbt_settle(r.b);
    pbt_reload(r.b);
    pbt_run_ns(r.b, 1000000);
    pbt_reload(r.b);
    pbt_remove(r.d);
    pbt_settle(r.b);
    pbt_free(r.b);
    return 0;
}

static uint64_t ones(uint32_t width)
{
    return width == 8 ? ~0ull : (1ull << 8 * width) - 1;
}

/* What the table alone promises of register `g`, element at `off`. */
static int check_reg(pb_dev *d, const struct pb_reg *g, uint32_t off)
{
    static const uint64_t patterns[] = {0, ~0ull, 0x5555555555555555ull, 0xaaaaaaaaaaaaaaaaull, 1};
    int plain = g->var && !(g->flags & (PB_REG_HOOK_R | PB_REG_HOOK_W));
    uint64_t m = ones(g->width), was = pbt_read(d, 0, off, g->width);

    if (g->var && !(g->flags & PB_REG_HOOK_R) && g->access != PB_R_WO &&
        g->access != PB_R_RSVD && was != (g->reset & m))
        return failed("%s reads 0x%llx after reset, its table says 0x%llx", g->name,
                      (unsigned long long)was, (unsigned long long)(g->reset & m));
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        uint64_t old = plain ? pbt_read(d, 0, off, g->width) : 0, now;
        pbt_write(d, 0, off, patterns[i] & m, g->width);
        now = pbt_read(d, 0, off, g->width);
        if (!plain || (g->access != PB_R_RW && g->access != PB_R_RO))
            continue;
        uint64_t mask = g->access == PB_R_RW ? g->mask & m : 0;
        uint64_t want = (old & ~mask) | (patterns[i] & mask);
        if (now != want)
            return failed("%s reads 0x%llx after writing 0x%llx, its table says 0x%llx", g->name,
                          (unsigned long long)now, (unsigned long long)(patterns[i] & m),
                          (unsigned long long)want);
    }
    return 0;
}

static int registers(const struct options *o, const void *cls)
{
    const struct pb_device_class *c = cls;
    struct rig r = set_up(o, cls);
    int bad = 0;

    if (!r.d)
        return r.why;
    if (!c->regs || !c->n_regions)
        return left_out("no register table");
    for (uint32_t i = 0; i < c->regs->n && !bad; i++) {
        const struct pb_reg *g = &c->regs->reg[i];
        uint32_t n = g->count ? g->count : 1, stride = g->stride ? g->stride : g->width;
        for (uint32_t k = 0; k < n && k < 64 && !bad; k++) {
            if (g->off + (uint64_t)k * stride + g->width > pbt_region_len(r.d, 0))
                return failed("%s ends outside region 0", g->name);
            pbt_reset(r.d, PB_RESET_COLD); /* what one register did is undone for the next */
            bad = check_reg(r.d, g, g->off + k * stride);
        }
    }
    pbt_settle(r.b);
    pbt_reload(r.b);
    fprintf(report, " %u registers,", c->regs->n);
    return bad;
}

/* Every offset at every width, aligned or not, and past the end: nothing may happen to us. */
static int accesses(const struct options *o, const void *cls)
{
    const struct pb_device_class *c = cls;
    struct rig r = set_up(o, cls);

    if (!r.d)
        return r.why;
    if (!c->n_regions)
        return left_out("no regions");
    for (uint32_t region = 0; region < c->n_regions; region++) {
        uint64_t len = pbt_region_len(r.d, region), top = len < 4096 ? len : 4096;
        for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
            for (uint64_t off = 0; off < top; off++) {
                pbt_read(r.d, region, off, bytes);
                pbt_write(r.d, region, off, off * 0x0101010101010101ull, bytes);
            }
            if (len > bytes) {
                pbt_read(r.d, region, len - bytes, bytes);
                pbt_write(r.d, region, len - bytes, ~0ull, bytes);
            }
        }
    }
    pbt_settle(r.b);
    pbt_reload(r.b);
    pbt_free(r.b);
    return 0;
}

static int script(const struct options *o, const void *cls)
{
    char why[256];

    if (!o->script)
        return left_out("no --script");
    struct rig r = set_up(o, cls);
    if (!r.d)
        return r.why;
    if (pbt_script(r.d, o->script, why, sizeof why) < 0)
        return failed("%s", why);
    pbt_free(r.b);
    return 0;
}

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* In parts, each with a reload at its end; large memories make reloads dear, so that time may
 * end it early. */
static int fuzz(const struct options *o, const void *cls)
{
    enum { PART = 20000, SECONDS = 20 };
    const struct pb_device_class *c = cls;
    struct rig r = set_up(o, cls);
    uint64_t done = 0, seed = o->seed;

    if (!r.d)
        return r.why;
    if (!c->n_regions)
        return left_out("no regions");
    double t = cpu_seconds();
    while (done < o->count && (o->count > 200000 || cpu_seconds() - t < SECONDS)) {
        uint64_t n = o->count - done < PART ? o->count - done : PART;
        pbt_fuzz(r.d, seed, n);
        seed = pbt_rand(&seed);
        done += n;
    }
    t = cpu_seconds() - t;
    fprintf(report, " %llu accesses, seed %llu, %.1f M/s,", (unsigned long long)done,
            (unsigned long long)o->seed, (double)done / 1e6 / (t > 1e-9 ? t : 1e-9));
    pbt_free(r.b);
    return 0;
}

const struct step device_steps[] = {
    {"life", life},     {"registers", registers}, {"accesses", accesses},
    {"script", script}, {"fuzz", fuzz},           {NULL, NULL},
};
