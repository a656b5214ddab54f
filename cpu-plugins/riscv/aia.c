/* SPDX-License-Identifier: MIT */
/* aia.c - Smaia and Ssaia: the hart's part of the advanced interrupt architecture.
 * The RISC-V Advanced Interrupt Architecture 1.0: 2 (registers), 3.8 and 3.9 (an IMSIC's), 5.1
 * (default order), 5.2.2 and 5.4.2 (mtopi, stopi), 5.3 (mvien, mvip).
 *
 * miselect and mireg (siselect and sireg) are a window to the interrupt files of a device that the
 * property imsic-m (imsic-s) names; topei is its first interrupt. Both are read and written at
 * once, so that no message that comes meanwhile is lost. Where mvien has a bit that mideleg has
 * not, S sees that bit of mvip in sip, with an enable of its own.
 * Priorities of major interrupts are the default ones: the iprio arrays read zero, and the
 * priority that mtopi and stopi tell is 1 (5.2.2 allows that).
 * Not modelled: VS-level registers (there is no H), delivery by an APLIC beside an IMSIC.
 */
#include "rv.h"

/* Standard order, then the numbers for custom use, then the reserved ones (5.1). */
uint32_t rv_top(uint64_t pending)
{
    static const uint8_t order[] = {
        47, 23, 46, 45, 22, 44, 43, 21, 42, 41, 20, 40, 11, 3, 7, 9, 1, 5, 12, 10, 2, 6, 13, 14,
        39, 19, 38, 37, 18, 36, 35, 17, 34, 33, 16, 32, 15};
    for (uint32_t i = 0; i < sizeof order; i++)
        if (pending >> order[i] & 1)
            return order[i];
    return pending ? (uint32_t)__builtin_ctzll(pending) : 0;
}

/* ---- Virtual interrupts of S (5.3) -------------------------------------------------------- */

/* mvip as it reads: SSIP is apart from mip only with mvien.SSIP; SEIP is what software wrote. */
static uint64_t mvip(const struct rv *c, uint64_t mvien)
{
    uint64_t soft = __atomic_load_n(&c->mip_soft, __ATOMIC_SEQ_CST);
    uint64_t v = __atomic_load_n(&c->mvip, __ATOMIC_SEQ_CST), alias = MIP_SEIP | MIP_STIP;
    if (c->menvcfg & MENVCFG_STCE)
        soft &= ~MIP_STIP;
    if (!(mvien & MIP_SSIP)) {
        alias |= MIP_SSIP;
        soft |= __atomic_load_n(&c->mip_lines, __ATOMIC_SEQ_CST) & MIP_SSIP;
    }
    return (v & ~alias) | (soft & alias);
}

uint64_t rv_virtual(const struct rv *c)
{
    uint64_t mvien = __atomic_load_n(&c->mvien, __ATOMIC_SEQ_CST);
    uint64_t enabled = __atomic_load_n(&c->sie_virtual, __ATOMIC_SEQ_CST) & mvien & ~c->mideleg;
    return enabled ? enabled & mvip(c, mvien) : 0;
}

uint64_t rv_mvien_read(struct rv *c, uint32_t n)
{
    (void)n;
    return c->mvien;
}

void rv_mvien_write(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    __atomic_store_n(&c->mvien, v & MVIEN_MASK, __ATOMIC_SEQ_CST);
}

uint64_t rv_mvip_read(struct rv *c, uint32_t n)
{
    (void)n;
    return mvip(c, c->mvien);
}

void rv_mvip_set(struct rv *c, uint64_t mask, uint64_t v)
{
    uint64_t soft = MIP_SEIP | (c->menvcfg & MENVCFG_STCE ? 0 : MIP_STIP);
    uint64_t own = ~0x1fffull | (c->mvien & MIP_SSIP);
    soft = (soft | (~c->mvien & MIP_SSIP)) & mask;
    rv_mip_set(c, &c->mip_soft, soft & v, 1);
    rv_mip_set(c, &c->mip_soft, soft & ~v, 0);
    rv_mip_set(c, &c->mvip, own & mask & v, 1);
    rv_mip_set(c, &c->mvip, own & mask & ~v, 0);
}

void rv_mvip_write(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    rv_mvip_set(c, ~0ull, v);
}

/* ---- Top interrupts ------------------------------------------------------------------------ */

static uint64_t topi(uint64_t pending)
{
    return pending ? (uint64_t)rv_top(pending) << 16 | 1 : 0;
}

uint64_t rv_mtopi_read(struct rv *c, uint32_t n)
{
    (void)n;
    return topi(rv_mip(c) & c->mie & ~c->mideleg);
}

uint64_t rv_stopi_read(struct rv *c, uint32_t n)
{
    (void)n;
    return topi((rv_mip(c) & c->mie & c->mideleg) | rv_virtual(c));
}

/* ---- The window, and an IMSIC behind it ------------------------------------------------------ */

#define SELECT_MASK 0x1ffull

static int level_of(uint32_t n)
{
    return n >> 8 == 1; /* 0: M, 1: S */
}

uint64_t rv_iselect_read(struct rv *c, uint32_t n)
{
    return level_of(n) ? c->siselect : c->miselect;
}

void rv_iselect_write(struct rv *c, uint32_t n, uint64_t v)
{
    *(level_of(n) ? &c->siselect : &c->miselect) = v & SELECT_MASK;
}

/* With mvien.SEIP, M keeps the files of S to itself (5.3). */
static int imsic_allowed(const struct rv *c, uint32_t level)
{
    return c->imsic[level] && !(level && c->priv == RV_PRIV_S && (c->mvien & MIP_SEIP));
}

static int iprio(uint32_t reg, uint64_t *old)
{
    *old = 0;
    return reg & 1 ? PB_EACCES : PB_OK; /* odd ones are of 32-bit harts */
}

int rv_window(struct rv *c, uint32_t n, uint32_t kind, int writes, uint64_t v, uint64_t *old)
{
    uint32_t level = level_of(n), top = (n & 0xff) == 0x5c;
    uint32_t reg = (uint32_t)rv_iselect_read(c, n), hart = (uint32_t)c->hartid;
    uint64_t mask = !writes ? 0 : kind == RV_CSR_SWAP ? ~0ull : v;
    if (!top && reg >= 0x30 && reg <= 0x3f)
        return iprio(reg, old);
    if ((!top && (reg < 0x70 || reg > 0xff)) || !imsic_allowed(c, level))
        return PB_EACCES;
    const struct pb_riscv_imsic *f = c->imsic[level];
    if (top) {
        *old = f->top(c->imsic_self[level], hart, 0, writes != 0);
        return PB_OK;
    }
    if (kind == RV_CSR_CLEAR)
        v = 0;
    int r = f->access(c->imsic_self[level], hart, 0, reg, mask, v, old);
    return r < 0 ? PB_EACCES : PB_OK;
}

/* For debuggers; what is not there reads zero. */
uint64_t rv_window_read(struct rv *c, uint32_t n)
{
    uint64_t v = 0;
    return rv_window(c, n, RV_CSR_SWAP, 0, 0, &v) < 0 ? 0 : v;
}

void rv_window_write(struct rv *c, uint32_t n, uint64_t v)
{
    uint64_t old;
    rv_window(c, n, RV_CSR_SWAP, 1, v, &old);
}
