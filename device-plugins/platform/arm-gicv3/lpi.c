/* SPDX-License-Identifier: MIT */
/* lpi.c - locality-specific peripheral interrupts of one CPU.
 * IHI 0069H, 5.1: the configuration table (GICR_PROPBASER, a byte each: priority, enable) and
 * the pending table (GICR_PENDBASER, a bit each) are the guest's memory.
 *
 * While LPIs are enabled both are held here: the configuration is read when they are enabled
 * and when an ITS or GICR_INVLPIR asks for it; pending bits go back when they are disabled. */
#include "gicv3.h"

#include <stdlib.h>
#include <string.h>

#define ADDR_MASK 0xfffffffff000ull
#define PTZ (1ull << 62)

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

static void mark(struct lpis *l, uint32_t i, uint32_t on)
{
    uint64_t b = 1ull << i % 64, *w = &l->pending[i / 64];

    *w = on ? *w | b : *w & ~b;
    b = 1ull << i / 64 % 64;
    l->some[i / 64 / 64] = *w ? l->some[i / 64 / 64] | b : l->some[i / 64 / 64] & ~b;
    l->stale = 1;
}

void gicv3_lpi_reload(struct cpu *c, uint32_t first, uint32_t last)
{
    uint64_t table = c->propbaser & ADDR_MASK;
    uint32_t end = limit(c);

    if (!c->lpi || first < FIRST_LPI || first >= end)
        return;
    if (last >= end)
        last = end - 1;
    uint8_t *to = c->lpi->config + (first - FIRST_LPI);
    if (copy(c, table + (first - FIRST_LPI), to, last - first + 1, 0) < 0)
        memset(to, 0, last - first + 1); /* no memory there: disabled */
    c->lpi->stale = 1;
}

static void read_pending(struct cpu *c)
{
    uint64_t table = c->pendbaser & ADDR_MASK & ~0xf000ull;
    struct lpis *l = c->lpi;
    uint32_t n = limit(c);

    if (c->pendbaser & PTZ || n <= FIRST_LPI ||
        copy(c, table + FIRST_LPI / 8, l->pending, (n - FIRST_LPI) / 8, 0) < 0)
        memset(l->pending, 0, sizeof l->pending);
    for (uint32_t i = 0; i < LPIS / 64; i++)
        if (l->pending[i])
            l->some[i / 64] |= 1ull << i % 64;
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
        c->lpi->stale = 1;
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

uint32_t gicv3_lpi_best(struct cpu *c, uint32_t *prio)
{
    struct lpis *l = c->lpi;

    if (l->stale) {
        l->best = SPURIOUS;
        l->best_prio = IDLE;
        l->stale = 0;
        for (uint32_t s = 0; s < LPIS / 64 / 64; s++)
            for (uint64_t words = l->some[s]; words; words &= words - 1) {
                uint32_t w = s * 64 + (uint32_t)__builtin_ctzll(words);
                for (uint64_t m = l->pending[w]; m; m &= m - 1) {
                    uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(m);
                    uint32_t p = l->config[i] & 0xfc & PRIO_MASK;
                    if (l->config[i] & 1 && p < l->best_prio) {
                        l->best = FIRST_LPI + i;
                        l->best_prio = p;
                    }
                }
            }
    }
    *prio = l->best_prio;
    return l->best;
}
