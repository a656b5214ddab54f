/* SPDX-License-Identifier: MIT */
/* trap.c - exceptions, interrupts, returns from them, waiting.
 * The RISC-V Instruction Set Manual, volume II: 3.1.6 to 3.1.9, 3.1.15, 3.3, 12.1, 12.2.
 *
 * A trap goes to S when it comes from S or U and its bit in medeleg or mideleg is set, else
 * to M. Interrupt inputs arrive on any thread: they set a bit of mip_lines, and x.pending
 * when that bit is enabled in mie; the run loop then calls rv_interrupt().
 * Not modelled: non-maskable interrupts; the time limit of TW is zero.
 */
#include "rv.h"

#include <stdio.h>

/* With mvien.SEIP, what software wrote to SEIP is a virtual interrupt instead (AIA 5.3). */
uint64_t rv_mip(const struct rv *c)
{
    uint64_t apart = __atomic_load_n(&c->mvien, __ATOMIC_SEQ_CST) & MIP_SEIP;
    return __atomic_load_n(&c->mip_lines, __ATOMIC_SEQ_CST) |
           (__atomic_load_n(&c->mip_soft, __ATOMIC_SEQ_CST) & ~apart);
}

int rv_woken(const struct rv *c)
{
    return ((rv_mip(c) & __atomic_load_n(&c->mie, __ATOMIC_SEQ_CST)) | rv_virtual(c)) != 0;
}

void rv_mip_set(struct rv *c, uint64_t *word, uint64_t bits, int on)
{
    if (on)
        __atomic_or_fetch(word, bits, __ATOMIC_SEQ_CST);
    else
        __atomic_and_fetch(word, ~bits, __ATOMIC_SEQ_CST);
    if (!on || !rv_woken(c))
        return;
    __atomic_add_fetch(&c->events, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->x.pending, 1, __ATOMIC_SEQ_CST);
    rv_nap_over(c);
    xl_wake(&c->x);
}

/* What may interrupt now, by mode, or 0. Sets *to_s for those that S takes. */
static uint64_t deliverable(const struct rv *c, int *to_s)
{
    uint64_t p = rv_mip(c) & c->mie, m = p & ~c->mideleg, s = (p & c->mideleg) | rv_virtual(c);
    *to_s = 0;
    if (m && (c->priv < RV_PRIV_M || (c->mstatus & MSTATUS_MIE)))
        return m;
    if (s && (c->priv < RV_PRIV_S || (c->priv == RV_PRIV_S && (c->mstatus & MSTATUS_SIE)))) {
        *to_s = 1;
        return s;
    }
    return 0;
}

void rv_irq_update(struct rv *c)
{
    int to_s;
    if (deliverable(c, &to_s))
        __atomic_store_n(&c->x.pending, 1, __ATOMIC_SEQ_CST);
}

static uint64_t vector(uint64_t tvec, uint64_t cause)
{
    uint64_t base = tvec & ~3ull;
    return (tvec & 1) && cause >> 63 ? base + 4 * (cause & 63) : base;
}

static void trap_to_s(struct rv *c, uint64_t cause, uint64_t tval)
{
    uint64_t s = c->mstatus & ~(MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_SIE);
    if (c->mstatus & MSTATUS_SIE)
        s |= MSTATUS_SPIE;
    if (c->priv == RV_PRIV_S)
        s |= MSTATUS_SPP;
    c->mstatus = s;
    c->scause = cause;
    c->sepc = c->x.pc;
    c->stval = tval;
    c->priv = RV_PRIV_S;
    c->x.pc = vector(c->stvec, cause);
}

static void trap_to_m(struct rv *c, uint64_t cause, uint64_t tval)
{
    uint64_t s = c->mstatus & ~(MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MIE);
    if (c->mstatus & MSTATUS_MIE)
        s |= MSTATUS_MPIE;
    c->mstatus = s | c->priv << MSTATUS_MPP_SHIFT;
    c->mcause = cause;
    c->mepc = c->x.pc;
    c->mtval = tval;
    c->priv = RV_PRIV_M;
    c->x.pc = vector(c->mtvec, cause);
}

/* A handler whose own first instruction faults: the guest will never do anything again. */
static void trap_loop(struct rv *c, uint64_t cause, uint64_t tval)
{
    char text[320];
    if (++c->loops != 1000 || !c->host->log_on[PB_LOG_INFO])
        return;
    snprintf(text, sizeof text, "boot doctor: exception loop: the handler at 0x%llx raises an "
             "exception itself (%ccause %llu, %ctval 0x%llx). No code is there; give the machine "
             "some by -kernel or -bios, or see by -d int how it came there",
             (unsigned long long)c->x.pc, c->priv == RV_PRIV_M ? 'm' : 's',
             (unsigned long long)cause, c->priv == RV_PRIV_M ? 'm' : 's',
             (unsigned long long)tval);
    c->host->log(c->host, c->dev, PB_LOG_INFO, text);
}

static void enter(struct rv *c, int to_s, uint64_t cause, uint64_t tval)
{
    uint64_t from = c->x.pc;
    if (to_s)
        trap_to_s(c, cause, tval);
    else
        trap_to_m(c, cause, tval);
    if (c->x.pc == from)
        trap_loop(c, cause, tval);
    else
        c->loops = 0;
    c->wfi_useless = 0;
    rv_irq_update(c);
}

void rv_trap(struct rv *c, uint64_t cause, uint64_t tval)
{
    if (c->user) {
        rv_user_trap(c, cause, tval);
        return;
    }
    uint64_t delegated = cause >> 63 ? c->mideleg : c->medeleg;
    enter(c, c->priv < RV_PRIV_M && (delegated >> (cause & 63) & 1), cause, tval);
}

int rv_interrupt(struct xl_vcpu *x)
{
    struct rv *c = rv_of(x);
    int to_s;
    /* Cleared first: an input that comes now sets it again. */
    __atomic_store_n(&x->pending, 0, __ATOMIC_SEQ_CST);
    uint64_t p = deliverable(c, &to_s);
    if (!p)
        return 0;
    enter(c, to_s, 1ull << 63 | rv_top(p), 0);
    return 1;
}

_Noreturn void rv_raise(struct rv *c, uint64_t cause, uint64_t tval)
{
    xl_sync(&c->x); /* here and not in each helper: most calls raise nothing */
    rv_trap(c, cause, tval);
    xl_leave(&c->x);
}

void rv_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    static const uint8_t bus[] = {RV_E_LOAD, RV_E_STORE, RV_E_FETCH};
    static const uint8_t align[] = {RV_E_LOAD_ALIGN, RV_E_STORE_ALIGN, RV_E_FETCH_ALIGN};
    uint64_t cause = (uint64_t)code;
    if (access > XL_X)
        access = XL_R;
    if (rv_of(x)->user) {
        rv_user_fault(rv_of(x), va, access, code);
        return;
    }
    if (code == XL_FAULT_BUS)
        cause = bus[access];
    else if (code == XL_FAULT_ALIGN)
        cause = align[access];
    rv_trap(rv_of(x), cause, va);
}

/* ---- Returns (3.3.2) --------------------------------------------------------------------- */

uint64_t rv_mret(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t e, uint64_t d)
{
    struct rv *c = rv_of(x);
    (void)b, (void)e, (void)d;
    if (c->priv != RV_PRIV_M)
        rv_raise(c, RV_E_ILLEGAL, raw);
    uint64_t s = c->mstatus, mpp = (s & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    s = s & MSTATUS_MPIE ? s | MSTATUS_MIE : s & ~MSTATUS_MIE;
    s |= MSTATUS_MPIE;
    s &= ~MSTATUS_MPP;
    if (!(c->isa & RV_BIT(U)))
        s |= MSTATUS_MPP;
    if (mpp != RV_PRIV_M)
        s &= ~MSTATUS_MPRV;
    c->mstatus = s;
    c->priv = mpp;
    rv_irq_update(c);
    return c->mepc & (c->isa & RV_BIT(C) ? ~1ull : ~3ull);
}

uint64_t rv_sret(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t e, uint64_t d)
{
    struct rv *c = rv_of(x);
    (void)b, (void)e, (void)d;
    if (c->priv == RV_PRIV_U || (c->priv == RV_PRIV_S && (c->mstatus & MSTATUS_TSR)))
        rv_raise(c, RV_E_ILLEGAL, raw);
    uint64_t s = c->mstatus, spp = s & MSTATUS_SPP ? RV_PRIV_S : RV_PRIV_U;
    s = s & MSTATUS_SPIE ? s | MSTATUS_SIE : s & ~MSTATUS_SIE;
    s |= MSTATUS_SPIE;
    s &= ~(MSTATUS_SPP | MSTATUS_MPRV);
    c->mstatus = s;
    c->priv = spp;
    rv_irq_update(c);
    return c->sepc & (c->isa & RV_BIT(C) ? ~1ull : ~3ull);
}

/* ---- Waiting ------------------------------------------------------------------------------ */

#define USELESS 16u         /* WFIs in a row */
#define NAP_NS 1000000u     /* the first nap, doubled up to 2^10 times */

void rv_nap_over(void *self)
{
    struct rv *c = self;
    __atomic_store_n(&c->napping, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->x.halted, 0, __ATOMIC_SEQ_CST);
}

/* Called halted, with an interrupt pending that is enabled: WFI ends at once. Firmware that
 * parks a hart with one pending for good (OpenSBI 1.1: the IPI that ended its own wait)
 * would spin; worse, such a hart sees "start" before where to start. A WFI may take a
 * bounded time (3.3.3): when many in a row found the same, the hart sleeps until an input
 * is raised, again if need be, or the nap is over. 1: sleep. */
static int take_nap(struct rv *c, uint32_t events)
{
    if (events != c->wfi_events || c->mie != c->wfi_mie) {
        c->wfi_events = events;
        c->wfi_mie = c->mie;
        c->wfi_useless = 0;
    }
    if (!c->nap || ++c->wfi_useless <= USELESS)
        return 0;
    uint32_t n = c->wfi_useless - USELESS;
    __atomic_store_n(&c->napping, 1, __ATOMIC_SEQ_CST);
    c->time->arm(c->nap, c->time->now(c->host, PB_CLK_VIRTUAL) +
                             ((int64_t)NAP_NS << (n < 10 ? n : 10)));
    if (events != __atomic_load_n(&c->events, __ATOMIC_SEQ_CST)) /* it ended before it began */
        rv_nap_over(c);
    return 1;
}

/* WFI (3.3.3). With TW, and in U where S exists, it is illegal at once. */
uint64_t rv_wfi(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t e, uint64_t d)
{
    struct rv *c = rv_of(x);
    (void)b, (void)e, (void)d;
    xl_sync(x);
    if ((c->priv < RV_PRIV_M && (c->mstatus & MSTATUS_TW)) ||
        (c->priv == RV_PRIV_U && (c->isa & RV_BIT(S))))
        rv_raise(c, RV_E_ILLEGAL, raw);
    uint32_t events = __atomic_load_n(&c->events, __ATOMIC_SEQ_CST);
    /* In this order, as rv_mip_set() does it in the other. */
    __atomic_store_n(&x->halted, 1, __ATOMIC_SEQ_CST);
    if (rv_woken(c) && !take_nap(c, events))
        __atomic_store_n(&x->halted, 0, __ATOMIC_SEQ_CST);
    return 0;
}
