/* SPDX-License-Identifier: MIT */
/* debug.c - self-hosted debug: when debug exceptions are on, breakpoints, watchpoints, software
 * step.
 * DDI 0487: D2.4 (which are enabled), D2.8 (breakpoints), D2.9 (watchpoints), D2.12 (software
 * step), D19.3 (registers), J1.1.1 (AArch64.BreakpointMatch, WatchpointMatch).
 *
 * The engine hears of the addresses that may matter (a64_debug_update()): those of registers that
 * are enabled while MDSCR_EL1.MDE is set and no lock is. It asks here when one of them comes by;
 * level, Security state, links and bytes are looked at then. A breakpoint that wants only a context
 * is no address's: while it matches, the mode word says so and each unit begins with its exception.
 *
 * Not modelled: external debug, vector catch, breakpoints by VMID, CONTEXTIDR_EL2's.
 */
#include "except.h"
#include "helpers.h"
#include "sysreg.h"

#define BREAKS 6u
#define CONTEXTS 2u /* the last of them can compare CONTEXTIDR_EL1 */
#define WATCHES 4u
#define BVR(n) (SR_DBGBVR0_EL1 + 2 * (n))
#define BCR(n) (SR_DBGBCR0_EL1 + 2 * (n))
#define WVR(n) (SR_DBGWVR0_EL1 + 2 * (n))
#define WCR(n) (SR_DBGWCR0_EL1 + 2 * (n))
#define BCR_KEPT 0xffe007ull
#define BCR_BAS 0x1e0ull /* four bytes: without AArch32 there is no other choice */
#define WCR_KEPT 0x1f1fffffull
#define CR_E 1u
#define WCR_WT (1u << 20)
enum { BT_ADDRESS = 0, BT_LINKED_ADDRESS = 1, BT_CONTEXT = 2, BT_LINKED_CONTEXT = 3 };

_Static_assert(SR_DBGBCR5_EL1 - SR_DBGBVR0_EL1 == 11 && SR_DBGWCR3_EL1 - SR_DBGWVR0_EL1 == 7,
               "value and control registers take turns");

/* ---- Which are on --------------------------------------------------------------------------- */

static int locked(const struct a64 *c)
{
    return c->sr[SR_OSLSR_EL1] & 2 ||
           (c->sr[SR_OSDLR_EL1] & 1 && !(c->sr[SR_DBGPRCR_EL1] & 1));
}

/* The level that debug exceptions go to. */
static uint32_t target(const struct a64 *c)
{
    return a64_el2_enabled(c) &&
                   (c->sr[SR_MDCR_EL2] & MDCR_TDE || c->sr[SR_HCR_EL2] & HCR_TGE) ? 2 : 1;
}

int a64_debug_enabled(const struct a64 *c)
{
    uint32_t el = a64_el(c), to = target(c);
    if (locked(c) || (a64_is_secure(c) && c->sr[SR_MDCR_EL3] & MDCR_SDD))
        return 0;
    return el == to ? c->sr[SR_MDSCR_EL1] & MDSCR_KDE && !(c->pstate & PS_D) : el < to;
}

/* ---- What matches --------------------------------------------------------------------------- */

/* PxC, HMC and SSC of a control register against the level of the access. */
static int level_matches(const struct a64 *c, uint64_t cr, uint32_t el)
{
    uint32_t p = cr >> 1 & 3, ssc = cr >> 14 & 3, hmc = cr >> 13 & 1;
    if ((ssc == 1 && a64_is_secure(c)) || (ssc == 2 && !a64_is_secure(c)))
        return 0;
    switch (el) {
    case 0: return p >> 1 & 1;
    case 1: return p & 1;
    case 2: return (int)hmc;
    default: return hmc && !(ssc & 1);
    }
}

static int context_matches(const struct a64 *c, uint32_t n)
{
    return a64_el(c) < 2 && !a64_tge_e2h(c) &&
           (uint32_t)c->sr[SR_CONTEXTIDR_EL1] == (uint32_t)c->sr[BVR(n)];
}

/* The breakpoint that control register `cr` is linked to. */
static int link_matches(const struct a64 *c, uint64_t cr)
{
    uint32_t n = cr >> 16 & 15;
    if (n < BREAKS - CONTEXTS || n >= BREAKS || !(c->sr[BCR(n)] & CR_E) ||
        (c->sr[BCR(n)] >> 20 & 15) != BT_LINKED_CONTEXT)
        return 0;
    return context_matches(c, n);
}

/* Address of bits 48 to 2, or from bit 3 on. */
static uint64_t address(uint64_t vr, uint64_t below)
{
    return (uint64_t)((int64_t)(vr << 15) >> 15) & ~below;
}

/* Control and address of an enabled breakpoint by address; 0: it is none. */
static uint64_t break_of(const struct a64 *c, uint32_t n, uint64_t *pc)
{
    uint64_t cr = c->sr[BCR(n)];
    *pc = address(c->sr[BVR(n)], 3);
    return cr & CR_E && (cr >> 20 & 15) <= BT_LINKED_ADDRESS ? cr : 0;
}

int a64_break_now(const struct a64 *c)
{
    for (uint32_t n = BREAKS - CONTEXTS; n < BREAKS; n++) {
        uint64_t cr = c->sr[BCR(n)];
        if (cr & CR_E && (cr >> 20 & 15) == BT_CONTEXT && level_matches(c, cr, a64_el(c)) &&
            context_matches(c, n))
            return a64_debug_enabled(c);
    }
    return 0;
}

/* First byte and length of what an enabled watchpoint covers; *bytes: those of the first eight. */
static int watch_of(const struct a64 *c, uint32_t n, uint64_t *at, uint64_t *len, uint32_t *bytes)
{
    uint64_t cr = c->sr[WCR(n)], vr = c->sr[WVR(n)];
    uint32_t mask = cr >> 24 & 31;
    if (!(cr & CR_E))
        return 0;
    *bytes = cr >> 5 & 255;
    *len = mask > 2 ? 1ull << mask : 8;
    if (vr & 4 && mask <= 2) { /* the upper word alone */
        *bytes = (*bytes & 15) << 4;
        vr -= 4;
    }
    *at = address(vr, *len - 1);
    return *bytes != 0;
}

static int covers(uint64_t at, uint64_t len, uint32_t bytes, uint64_t va, uint32_t size)
{
    if (va - at >= len && at - va >= size)
        return 0;
    if (len > 8 || size >= XL_PAGE_SIZE)
        return 1;
    for (uint32_t i = 0; i < 8; i++)
        if (bytes >> i & 1 && at + i - va < size)
            return 1;
    return 0;
}

static int watch_matches(struct a64 *c, uint32_t n, uint64_t va, uint32_t size, uint32_t access)
{
    uint64_t at, len, cr = c->sr[WCR(n)];
    uint32_t bytes;
    if (!watch_of(c, n, &at, &len, &bytes) || !covers(at, len, bytes, va, size))
        return 0;
    if (access == XL_X)
        return 1;
    return cr >> (access == XL_W ? 4 : 3) & 1 &&
           level_matches(c, cr, c->unpriv ? 0 : a64_el(c)) &&
           (!(cr & WCR_WT) || link_matches(c, cr));
}

static int any_watch(struct a64 *c, uint64_t va, uint32_t size, uint32_t access)
{
    for (uint32_t n = 0; n < WATCHES; n++)
        if (watch_matches(c, n, va, size, access))
            return 1;
    return 0;
}

/* Cache maintenance counts as a store or not at all. */
int a64_watch(struct xl_vcpu *x, uint64_t va, uint32_t size, uint32_t access)
{
    struct a64 *c = a64_of(x);
    uint64_t tag = 0xffull << 56;
    if (access == XL_X) /* a page, known by an address that may be tagged */
        return any_watch(c, va & 1ull << 55 ? va | tag : va & ~tag, size, access);
    if ((c->cache_op && access == XL_R) || !a64_debug_enabled(c))
        return 0;
    return any_watch(c, a64_untag(c, va), size, access) ? A64_FAULT_WATCH : 0;
}

/* ---- Exceptions ----------------------------------------------------------------------------- */

/* In place of the instruction at x.pc, whose step is not done then. */
static void enter(struct a64 *c, uint32_t ec, uint32_t iss)
{
    uint32_t el = target(c);
    if (c->x.mode & A64_MODE_SS && !(c->x.mode & A64_MODE_SS_DONE))
        c->pstate |= PS_SS;
    a64_syndrome(c, el, ec + (a64_el(c) == el), iss);
    a64_enter(c, el, A64_V_SYNC);
}

/* What reads and writes is a read where that is watched. */
void a64_watch_fault(struct a64 *c, uint64_t va, uint32_t access, uint32_t insn)
{
    uint32_t write = access == XL_W, el = target(c), iss = 0x22;
    if (write && a64_reads_and_writes(insn) && any_watch(c, a64_untag(c, va), 1, XL_R))
        write = 0;
    iss |= write << 6 | (c->cache_op ? 1u << 8 : 0);
    c->cache_op = 0;
    enter(c, A64_EC_WATCH, iss);
    c->sr[el == 1 ? SR_FAR_EL1 : SR_FAR_EL2] = va;
}

int a64_break_at(struct xl_vcpu *x)
{
    struct a64 *c = a64_of(x);
    if (x->mode & A64_MODE_SS_DONE || !a64_debug_enabled(c))
        return 0;
    for (uint32_t n = 0; n < BREAKS; n++) {
        uint64_t pc, cr = break_of(c, n, &pc);
        if (!cr || pc != x->pc || !level_matches(c, cr, a64_el(c)) ||
            ((cr >> 20 & 15) == BT_LINKED_ADDRESS && !link_matches(c, cr)))
            continue;
        enter(c, A64_EC_BREAK, 0x22);
        return 1;
    }
    return 0;
}

A64_HELPER_FN(a64_break_helper) /* a64_break_now() */
{
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    enter(a64_of(x), A64_EC_BREAK, 0x22);
    xl_leave(x);
}

/* ---- Software step -------------------------------------------------------------------------- */

int a64_step_active(const struct a64 *c)
{
    return c->sr[SR_MDSCR_EL1] & MDSCR_SS && a64_debug_enabled(c);
}

A64_HELPER_FN(a64_step_helper)
{
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    enter(a64_of(x), A64_EC_STEP, 0x22);
    xl_leave(x);
}

/* ---- Registers ------------------------------------------------------------------------------ */

/* The engine gets what is enabled now. */
void a64_debug_update(struct a64 *c)
{
    int on = c->sr[SR_MDSCR_EL1] & MDSCR_MDE && !locked(c);
    uint64_t pc[BREAKS] = {0}, at, len;
    uint32_t n = 0, watches = 0, bytes;
    c->breaks = 0;
    for (uint32_t i = 0; on && i < BREAKS; i++) {
        n += break_of(c, i, &pc[n]) != 0;
        c->breaks |= (uint32_t)c->sr[BCR(i)] & CR_E;
    }
    for (uint32_t i = 0; on && i < WATCHES; i++)
        watches |= (uint32_t)watch_of(c, i, &at, &len, &bytes);
    if (n || watches || c->points)
        xl_points(&c->x, pc, n, watches);
    c->points = n || watches;
}

A64_WR(wr_debug)
{
    if (id == SR_OSLAR_EL1)
        c->sr[SR_OSLSR_EL1] = (c->sr[SR_OSLSR_EL1] & ~2ull) | (v & 1) << 1;
    else if (id >= SR_DBGBVR0_EL1 && id <= SR_DBGBCR5_EL1 && (id - SR_DBGBVR0_EL1) & 1)
        c->sr[id] = (v & BCR_KEPT) | BCR_BAS;
    else if (id >= SR_DBGWVR0_EL1 && id <= SR_DBGWCR3_EL1 && (id - SR_DBGWVR0_EL1) & 1)
        c->sr[id] = v & WCR_KEPT;
    else
        c->sr[id] = v;
    a64_debug_update(c);
}
