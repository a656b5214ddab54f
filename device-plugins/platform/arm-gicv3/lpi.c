/* SPDX-License-Identifier: MIT */
/* lpi.c - locality-specific peripheral interrupts of one CPU.
 * IHI 0069H, 5.1: the configuration table (GICR_PROPBASER, a byte each: priority, enable) and
 * the pending table (GICR_PENDBASER, a bit each) are the guest's memory.
 *
 * While LPIs are enabled both are held here: the configuration is read when they are enabled
 * and when an ITS or GICR_INVLPIR asks for it; pending bits go back when they are disabled.
 *
 * A guest may have all 57,344 pending, and each command of an ITS asks anew which is the best: a
 * tree of sets of priorities, over 64 LPIs and over 64 of these, leads there. */
#include "gicv3.h"

#include <stdlib.h>
#include <string.h>

#define ADDR_MASK 0xfffffffff000ull
#define PTZ (1ull << 62)
#define PRIO_SHIFT 3 /* of PRIO_MASK */

/* INTIDs that the guest's tables have room for. */
static uint32_t limit(const struct cpu *c)
{
    uint32_t bits = (uint32_t)(c->propbaser & 31) + 1;

    return bits > ID_BITS ? 1u << ID_BITS : 1u << bits;
}

/* Copy between the guest's table and ours. Main memory only: a table elsewhere has nothing. */
static int copy(struct cpu *c, uint64_t at, void *p, uint32_t n, uint32_t write)
{
    const struct pb_svc_mem *mem = c->g->mem;
    struct pb_window w;

    if (mem->map(c->g->as, at, n, write, &w) < 0)
        return PB_EFAULT;
    if (write)
        memcpy(w.host, p, n);
    else
        memcpy(p, w.host, n);
    mem->unmap(c->g->as, &w, write ? n : 0);
    return PB_OK;
}

/* ---- The tree ---------------------------------------------------------------------- */

/* Word `w` of pending[], or the configuration of its LPIs, is another. */
static void sum(struct lpis *l, uint32_t w)
{
    uint32_t found = 0, k = w / 64;

    for (uint64_t m = l->pending[w]; m; m &= m - 1) {
        uint8_t v = l->config[w * 64 + (uint32_t)__builtin_ctzll(m)];
        found |= (v & 1u) << (v >> PRIO_SHIFT);
    }
    if (found == l->in_word[w])
        return;
    l->in_word[w] = found;
    l->in_block[k] = l->in_all = 0;
    for (uint32_t i = 0; i < 64; i++)
        l->in_block[k] |= l->in_word[k * 64 + i];
    for (uint32_t i = 0; i < LPI_BLOCKS; i++)
        l->in_all |= l->in_block[i];
}

static void sum_all(struct lpis *l)
{
    for (uint32_t w = 0; w < LPI_WORDS; w++)
        sum(l, w);
}

static void mark(struct lpis *l, uint32_t i, uint32_t on)
{
    uint64_t b = 1ull << i % 64, *w = &l->pending[i / 64];

    *w = on ? *w | b : *w & ~b;
    sum(l, i / 64);
}

/* The lowest of the best priority. */
uint32_t gicv3_lpi_best(const struct cpu *c, uint32_t *prio)
{
    const struct lpis *l = c->lpi;
    uint32_t k = 0, w, i;

    *prio = IDLE;
    if (!l->in_all)
        return SPURIOUS;
    uint32_t p = (uint32_t)__builtin_ctz(l->in_all), want = p << PRIO_SHIFT | 1;
    while (!(l->in_block[k] >> p & 1))
        k++;
    for (w = k * 64; !(l->in_word[w] >> p & 1); w++)
        ;
    uint64_t m = l->pending[w];
    for (i = w * 64 + (uint32_t)__builtin_ctzll(m); (l->config[i] & (PRIO_MASK | 1)) != want;
         i = w * 64 + (uint32_t)__builtin_ctzll(m))
        m &= m - 1;
    *prio = p << PRIO_SHIFT;
    return FIRST_LPI + i;
}

/* ---- The guest's tables ------------------------------------------------------------ */

/* The configuration of `n` LPIs from `i` on. A guest may ask often for all: 64 that are the same
 * as before cost a look. */
static void configure(struct lpis *l, uint32_t i, uint32_t n, const uint8_t *from)
{
    for (uint32_t k; n; i += k, n -= k, from += k) {
        k = 64 - i % 64 < n ? 64 - i % 64 : n;
        if (memcmp(l->config + i, from, k) == 0)
            continue;
        memcpy(l->config + i, from, k);
        sum(l, i / 64);
    }
}

void gicv3_lpi_reload(struct cpu *c, uint32_t first, uint32_t last)
{
    static const uint8_t disabled[LPIS];
    const struct pb_svc_mem *mem = c->g->mem;
    uint64_t table = c->propbaser & ADDR_MASK;
    uint32_t end = limit(c), i = first - FIRST_LPI;
    struct pb_window w;

    if (!c->lpi || first < FIRST_LPI || first >= end)
        return;
    uint32_t n = (last < end ? last + 1 : end) - first;
    if (mem->map(c->g->as, table + i, n, 0, &w) < 0) {
        configure(c->lpi, i, n, disabled); /* no memory there */
        return;
    }
    configure(c->lpi, i, n, w.host);
    mem->unmap(c->g->as, &w, 0);
}

static void read_pending(struct cpu *c)
{
    uint64_t table = c->pendbaser & ADDR_MASK & ~0xf000ull;
    struct lpis *l = c->lpi;
    uint32_t n = limit(c);

    if (c->pendbaser & PTZ || n <= FIRST_LPI ||
        copy(c, table + FIRST_LPI / 8, l->pending, (n - FIRST_LPI) / 8, 0) < 0)
        memset(l->pending, 0, sizeof l->pending);
    sum_all(l);
}

int gicv3_lpi_enable(struct cpu *c, uint32_t on)
{
    uint64_t table = c->pendbaser & ADDR_MASK & ~0xf000ull;

    if (!on && c->lpi) {
        if (limit(c) > FIRST_LPI)
            copy(c, table + FIRST_LPI / 8, c->lpi->pending, (limit(c) - FIRST_LPI) / 8, 1);
        free(c->lpi);
        c->lpi = NULL;
    } else if (on && !c->lpi) {
        c->lpi = calloc(1, sizeof *c->lpi);
        if (!c->lpi)
            return PB_ENOMEM;
        gicv3_lpi_reload(c, FIRST_LPI, UINT32_MAX);
        read_pending(c);
    }
    gicv3_update(c);
    return PB_OK;
}

void gicv3_lpi_pend(struct cpu *c, uint32_t intid, uint32_t on)
{
    if (!c->lpi || intid < FIRST_LPI || intid >= limit(c))
        return;
    mark(c->lpi, intid - FIRST_LPI, on);
    gicv3_update(c);
}

uint32_t gicv3_lpi_pending(struct cpu *c, uint32_t intid)
{
    uint32_t i = intid - FIRST_LPI;

    return c->lpi && intid >= FIRST_LPI && i < LPIS && c->lpi->pending[i / 64] >> i % 64 & 1;
}

void gicv3_lpi_move(struct cpu *from, struct cpu *to)
{
    if (from == to || !from->lpi || !to->lpi)
        return;
    for (uint32_t w = 0; w < LPI_WORDS; w++) {
        if (FIRST_LPI + w * 64 < limit(to))
            to->lpi->pending[w] |= from->lpi->pending[w];
        from->lpi->pending[w] = 0;
        sum(from->lpi, w);
        sum(to->lpi, w);
    }
    gicv3_update(from);
    gicv3_update(to);
}

void gicv3_lpi_loaded(struct cpu *c)
{
    if (!c->lpi)
        return;
    for (uint32_t w = 0; w < LPI_WORDS; w++)
        if (FIRST_LPI + w * 64 >= limit(c))
            c->lpi->pending[w] = 0; /* there is no such LPI */
    gicv3_lpi_reload(c, FIRST_LPI, UINT32_MAX);
    sum_all(c->lpi);
}
