/* SPDX-License-Identifier: MIT */
/* fuzz.c - random register traffic, seeded by the register table.
 *
 * What a hostile guest can do to one device: known registers with likely values and true
 * widths most of the time, wild ones for the rest; time passes, inputs toggle, backends
 * type, the device is reset, saved and loaded anew between.
 */
#include "internal.h"

#include <plugboard/reg.h>

static uint64_t pick_value(pbt *b, uint64_t *s)
{
    uint64_t r = pbt_rand(s);

    switch (r & 7) {
    case 0:
        return 0;
    case 1:
        return ~0ull;
    case 2:
        return 1ull << (r >> 8 & 63);
    case 3:
        return r >> 8 & 0xff;
    case 4: /* an address the device may follow */
        if (b->n_ram) {
            struct pbt_ram *m = &b->ram[(r >> 8) % b->n_ram];
            return m->gpa + (r >> 16) % m->len;
        }
        return r;
    case 5:
        return (1ull << (r >> 8 & 63)) - 1;
    default:
        return pbt_rand(s);
    }
}

struct target {
    uint64_t off;
    uint32_t region, bytes;
};

static struct target pick_target(pb_dev *d, uint64_t *s)
{
    const struct pb_regs *t = d->cls->regs;
    uint64_t r = pbt_rand(s);
    struct target k = {0, 0, 1u << (r & 3)};
    uint64_t table = d->cls->n_regions > 1 ? r >> 2 & 1 : r >> 2 & 15; /* it is region 0's */

    if (t && t->n && table) { /* a register, mostly at its own width */
        const struct pb_reg *g = &t->reg[(r >> 8) % t->n];
        uint32_t n = g->count ? g->count : 1, stride = g->stride ? g->stride : g->width;
        k.off = g->off + (uint64_t)((r >> 32) % n) * stride;
        if (r >> 6 & 3)
            k.bytes = g->width;
        return k;
    }
    k.region = (uint32_t)(r >> 8) % d->cls->n_regions;
    k.off = (r >> 24) % pbt_region_len(d, k.region);
    if (d->cls->n_regions > 1 && r >> 62) { /* where the registers of most regions are */
        k.off %= 0x200;
        k.bytes = 4;
    }
    if (r >> 7 & 1)
        k.off -= k.off % k.bytes;
    return k;
}

static void disturb_ram(pbt *b, uint64_t *s)
{
    if (!b->n_ram)
        return;
    struct pbt_ram *m = &b->ram[pbt_rand(s) % b->n_ram];
    uint64_t at = pbt_rand(s) % m->len, n = pbt_rand(s) % 64;
    for (uint64_t i = 0; i < n && at + i < m->len; i += 8) {
        uint64_t v = pick_value(b, s);
        memcpy(m->host + at + i, &v, m->len - at - i < 8 ? m->len - at - i : 8);
    }
}

static void type_something(pbt *b, uint64_t *s)
{
    uint8_t buf[40];

    for (pb_dev *c = b->devs; c; c = c->next) {
        if (c->node != NODE_BACKEND || c->bcls || strcmp(c->kind, PB_CLASS_CHAR) != 0)
            continue;
        for (size_t i = 0; i < sizeof buf; i++)
            buf[i] = (uint8_t)pbt_rand(s);
        pbt_char_type(c, buf, (uint32_t)(pbt_rand(s) % sizeof buf));
        if (pbt_rand(s) % 16 == 0)
            pbt_char_event(c, PB_CHR_BREAK + (uint32_t)(pbt_rand(s) % 3));
        pbt_char_limit(c, pbt_rand(s) % 4 ? UINT32_MAX : (uint32_t)(pbt_rand(s) % 8));
        pbt_char_clear(c);
    }
}

static void disturb(pb_dev *d, uint64_t *s, uint64_t i)
{
    pbt *b = d->b;
    uint64_t r = pbt_rand(s);
    int64_t ns;

    switch (r & 7) {
    case 0:
    case 1:
        ns = (int64_t)((r >> 8) % (1u << (r >> 3 & 31)));
        pbt_run_ns(b, b->fuzz_step ? ns % b->fuzz_step : ns);
        break;
    case 2:
    case 3:
        if (d->n_in)
            pbt_line(d, (uint32_t)((r >> 8) % d->n_in), (int32_t)(r >> 40 & 1));
        break;
    case 4:
        disturb_ram(b, s);
        break;
    case 5:
        type_something(b, s);
        break;
    case 6:
        if (i % 31 == 0)
            pbt_reset(d, (uint32_t)(r >> 8) % 5);
        break;
    default:
        pbt_settle(b);
        if (i % 64 == 0)
            pbt_reload(b);
    }
}

void pbt_fuzz_step(pbt *b, int64_t ns)
{
    b->fuzz_step = ns;
}

void pbt_fuzz(pb_dev *d, uint64_t seed, uint64_t count)
{
    pbt *b = d->b;
    uint64_t s = seed;

    if (!d->cls->n_regions)
        pbt__die(b, "'%s' has no regions to fuzz", d->name);
    for (uint64_t i = 0; i < count; i++) {
        struct target t = pick_target(d, &s);
        pbt_as(b, (uint32_t)(pbt_rand(&s) % 5), (uint32_t)(pbt_rand(&s) % 8));
        pbt_quiet(b, i % 64 != 0); /* messages are formatted now and then: they cost most */
        if (pbt_rand(&s) & 1)
            pbt_write(d, t.region, t.off, pick_value(b, &s), t.bytes);
        else
            pbt_read(d, t.region, t.off, t.bytes);
        if (i % 16 == 0)
            disturb(d, &s, i);
    }
    pbt_quiet(b, 0);
    pbt_as(b, 0, 0);
    pbt_settle(b);
    pbt_reload(b);
}

static uint64_t number_after(const char *word, int argc, char **argv, uint64_t def)
{
    for (int i = 1; i + 1 < argc; i++) {
        if (strcmp(argv[i], word) == 0)
            return strtoull(argv[i + 1], NULL, 0);
    }
    return def;
}

uint64_t pbt_count_arg(int argc, char **argv, uint64_t def)
{
    return number_after("--count", argc, argv, getenv("PLUGBOARD_LONG") ? PBT_LONG_COUNT : def);
}

uint64_t pbt_seed_arg(int argc, char **argv, uint64_t def)
{
    uint64_t seed = number_after("--seed", argc, argv, def);

    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout); /* before whatever goes wrong */
    return seed;
}
