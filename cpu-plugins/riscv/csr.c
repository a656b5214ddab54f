/* SPDX-License-Identifier: MIT */
/* csr.c - the control and status registers.
 * The RISC-V Instruction Set Manual, volume II: 2, 3.1 (machine), 12.1 (supervisor), 14 (Sstc);
 * volume I: 5 (Zicsr), 6 (counters), 20.2 (fcsr); AIA 1.0: 5.3 (sip, sie).
 *
 * csr.def lists them with a read and a write function each; this file has the functions and
 * the checks that every access passes. Fields are WARL: what cannot be held reads back as the
 * nearest legal value, named at each write function.
 * Not modelled: a writable misa, big-endian and 32-bit modes (UBE SBE MBE SXL UXL are fixed),
 * events of the performance counters (they read zero), triggers (tselect finds none).
 */
#include "rv.h"

#include "soft/soft.h"

typedef uint64_t reader(struct rv *c, uint32_t n);
typedef void writer(struct rv *c, uint32_t n, uint64_t v);

#define SSTATUS_WRITE (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | \
                       MSTATUS_MXR)
#define SSTATUS_READ (SSTATUS_WRITE | MSTATUS_UXL | MSTATUS_SD)
#define DELEGABLE 0xb3ffull /* every exception but calls from M and the reserved ones */

/* ---- Plain storage ------------------------------------------------------------------- */

#define STORAGE(name, mask) \
    static uint64_t r_##name(struct rv *c, uint32_t n) { (void)n; return c->name; } \
    static void w_##name(struct rv *c, uint32_t n, uint64_t v) { (void)n; c->name = v & (mask); }
#define FIXED(name, value) \
    static uint64_t r_##name(struct rv *c, uint32_t n) { (void)c; (void)n; return (value); }

STORAGE(sscratch, ~0ull)
STORAGE(sepc, c->isa & RV_BIT(C) ? ~1ull : ~3ull)
STORAGE(scause, ~0ull)
STORAGE(stval, ~0ull)
STORAGE(mscratch, ~0ull)
STORAGE(mepc, c->isa & RV_BIT(C) ? ~1ull : ~3ull)
STORAGE(mcause, ~0ull)
STORAGE(mtval, ~0ull)
STORAGE(stvec, ~2ull) /* MODE 0 or 1 */
STORAGE(mtvec, ~2ull)
STORAGE(scounteren, 0xffffffffull)
STORAGE(mcounteren, 0xffffffffull)
STORAGE(medeleg, DELEGABLE)
STORAGE(mideleg, MIP_S)
FIXED(zero, 0)
FIXED(mvendorid, c->mvendorid)
FIXED(marchid, c->marchid)
FIXED(mimpid, c->mimpid)
FIXED(mhartid, c->hartid)
FIXED(misa, rv_misa(c))

static void w_none(struct rv *c, uint32_t n, uint64_t v)
{
    (void)c;
    (void)n;
    (void)v;
}

uint64_t rv_misa(const struct rv *c)
{
    static const struct { uint8_t ext; char letter; } bit[] = {
        {RV_X_I, 'I'}, {RV_X_M, 'M'}, {RV_X_A, 'A'}, {RV_X_F, 'F'}, {RV_X_D, 'D'},
        {RV_X_C, 'C'}, {RV_X_S, 'S'}, {RV_X_U, 'U'}};
    uint64_t v = 2ull << 62;
    for (uint32_t i = 0; i < sizeof bit / sizeof *bit; i++)
        if (c->isa >> bit[i].ext & 1)
            v |= 1ull << (bit[i].letter - 'A');
    return v;
}

/* ---- Floating point ------------------------------------------------------------------ */

static void fs_dirty(struct rv *c)
{
    c->mstatus |= MSTATUS_FS;
}

static uint64_t r_fflags(struct rv *c, uint32_t n)
{
    (void)n;
    return xl_fp_flags(&c->x) & 31;
}

static void w_fflags(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    xl_fp_set_flags(&c->x, (uint32_t)v & 31);
    fs_dirty(c);
}

static uint64_t r_frm(struct rv *c, uint32_t n)
{
    (void)n;
    return c->frm;
}

static void w_frm(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    c->frm = v & 7;
    /* A reserved mode makes dynamic rounding illegal before it is ever used. */
    xl_fp_set_rm(&c->x, c->frm <= SF_RMM ? (uint32_t)c->frm : SF_RNE);
    fs_dirty(c);
}

static uint64_t r_fcsr(struct rv *c, uint32_t n)
{
    return r_fflags(c, n) | c->frm << 5;
}

static void w_fcsr(struct rv *c, uint32_t n, uint64_t v)
{
    w_fflags(c, n, v);
    w_frm(c, n, v >> 5);
}

/* ---- Status -------------------------------------------------------------------------- */

uint64_t rv_mstatus(const struct rv *c)
{
    uint64_t sd = (c->mstatus & MSTATUS_FS) == MSTATUS_FS ? MSTATUS_SD : 0;
    return c->mstatus | sd;
}

static uint64_t r_mstatus(struct rv *c, uint32_t n)
{
    (void)n;
    return rv_mstatus(c);
}

/* MPP and SPP hold modes that exist; FS is fixed at 0 without F. */
static void w_mstatus(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t mask = MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP;
    if (c->isa & RV_BIT(U))
        mask |= MSTATUS_MPRV | MSTATUS_TW;
    if (c->isa & RV_BIT(S))
        mask |= SSTATUS_WRITE | MSTATUS_TVM | MSTATUS_TSR;
    if (c->isa & RV_BIT(F))
        mask |= MSTATUS_FS;
    else
        mask &= ~MSTATUS_FS;
    uint64_t mpp = (v & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
    if (mpp == 2 || (mpp == RV_PRIV_S && !(c->isa & RV_BIT(S))) ||
        (mpp == RV_PRIV_U && !(c->isa & RV_BIT(U))))
        mask &= ~MSTATUS_MPP;
    c->mstatus = (c->mstatus & ~mask) | (v & mask);
}

static uint64_t r_sstatus(struct rv *c, uint32_t n)
{
    (void)n;
    return rv_mstatus(c) & SSTATUS_READ;
}

static void w_sstatus(struct rv *c, uint32_t n, uint64_t v)
{
    w_mstatus(c, n, (c->mstatus & ~SSTATUS_WRITE) | (v & SSTATUS_WRITE));
}

/* ---- Interrupts ---------------------------------------------------------------------- */

static uint64_t mie_mask(const struct rv *c)
{
    return c->isa & RV_BIT(S) ? MIP_M | MIP_S : MIP_M;
}

static uint64_t r_mie(struct rv *c, uint32_t n)
{
    (void)n;
    return c->mie;
}

static void w_mie(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    __atomic_store_n(&c->mie, v & mie_mask(c), __ATOMIC_SEQ_CST);
}

static uint64_t r_sie(struct rv *c, uint32_t n)
{
    (void)n;
    return (c->mie & c->mideleg) | (c->sie_virtual & c->mvien & ~c->mideleg);
}

static void w_sie(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    __atomic_store_n(&c->mie, (c->mie & ~c->mideleg) | (v & c->mideleg), __ATOMIC_SEQ_CST);
    __atomic_store_n(&c->sie_virtual, v & c->mvien & ~c->mideleg, __ATOMIC_SEQ_CST);
}

static uint64_t r_mip(struct rv *c, uint32_t n)
{
    (void)n;
    return rv_mip(c);
}

static void mip_write(struct rv *c, uint64_t mask, uint64_t v)
{
    rv_mip_set(c, &c->mip_soft, mask & v, 1);
    rv_mip_set(c, &c->mip_soft, mask & ~v, 0);
}

/* STIP is Sstc's while menvcfg.STCE is set, SEIP the interrupt controller's with mvien.SEIP. */
static void w_mip(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t mask = MIP_S & ~(c->mvien & MIP_SEIP);
    if (c->isa & RV_BIT(S))
        mip_write(c, c->menvcfg & MENVCFG_STCE ? mask & ~MIP_STIP : mask, v);
}

static uint64_t r_sip(struct rv *c, uint32_t n)
{
    return (rv_mip(c) & c->mideleg) | (rv_mvip_read(c, n) & c->mvien & ~c->mideleg);
}

static void w_sip(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    mip_write(c, MIP_SSIP & c->mideleg, v);
    rv_mvip_set(c, c->mvien & ~c->mideleg & ~MIP_SEIP, v);
}

/* ---- Translation, environment -------------------------------------------------------- */

static uint64_t r_satp(struct rv *c, uint32_t n)
{
    (void)n;
    return c->satp;
}

/* A mode that does not exist makes the whole write void (12.1.11). */
static void w_satp(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t mode = v >> 60;
    if (mode == 0 || (mode >= 8 && mode <= c->mmu_max))
        c->satp = v;
}

static uint64_t envcfg_mask(const struct rv *c, uint64_t v)
{
    uint64_t m = ENVCFG_FIOM;
    if (c->isa & RV_BIT(ZICBOM)) {
        m |= ENVCFG_CBCFE;
        if ((v & ENVCFG_CBIE) != 2ull << 4) /* reserved */
            m |= ENVCFG_CBIE;
    }
    return c->isa & RV_BIT(ZICBOZ) ? m | ENVCFG_CBZE : m;
}

static uint64_t r_menvcfg(struct rv *c, uint32_t n)
{
    (void)n;
    return c->menvcfg;
}

static void w_menvcfg(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t m = envcfg_mask(c, v), old = c->menvcfg;
    if (c->isa & RV_BIT(SSTC))
        m |= MENVCFG_STCE;
    if (c->isa & RV_BIT(SVADU))
        m |= MENVCFG_ADUE;
    __atomic_store_n(&c->menvcfg, (old & ~m) | (v & m), __ATOMIC_SEQ_CST);
    if ((old ^ c->menvcfg) & MENVCFG_STCE)
        rv_timer_update(c);
    if ((old ^ c->menvcfg) & MENVCFG_ADUE)
        rv_flush(c);
}

static uint64_t r_senvcfg(struct rv *c, uint32_t n)
{
    (void)n;
    return c->senvcfg;
}

static void w_senvcfg(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    uint64_t m = envcfg_mask(c, v);
    c->senvcfg = (c->senvcfg & ~m) | (v & m);
}

static uint64_t r_stimecmp(struct rv *c, uint32_t n)
{
    (void)n;
    return c->stimecmp;
}

static void w_stimecmp(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    __atomic_store_n(&c->stimecmp, v, __ATOMIC_SEQ_CST);
    rv_timer_update(c);
}

static uint64_t r_pmpcfg(struct rv *c, uint32_t n)
{
    return rv_pmpcfg_read(c, n & 15);
}

static void w_pmpcfg(struct rv *c, uint32_t n, uint64_t v)
{
    rv_pmpcfg_write(c, n & 15, v);
}

static uint64_t r_pmpaddr(struct rv *c, uint32_t n)
{
    return rv_pmpaddr_read(c, n & 15);
}

static void w_pmpaddr(struct rv *c, uint32_t n, uint64_t v)
{
    rv_pmpaddr_write(c, n & 15, v);
}

/* ---- Counters ------------------------------------------------------------------------
 * A running counter is a base plus the ticks since it was set, an inhibited one the base. What
 * was written stays for a moment (SLACK ticks): the very next instruction must read it back,
 * for the write itself is not counted (3.1.10). */

#define SLACK 2000

static uint64_t counter(struct rv *c, uint32_t bit, uint64_t base)
{
    if (c->mcountinhibit >> bit & 1)
        return base;
    uint64_t since = rv_ticks(c) - c->count_from[bit != 0];
    return base + (since > SLACK ? since - SLACK : 0);
}

/* Begin to count from `v`. */
static void counter_start(struct rv *c, uint32_t bit, uint64_t v)
{
    c->count_from[bit != 0] = rv_ticks(c);
    *(bit ? &c->instret_base : &c->cycle_base) = v;
}

static uint64_t r_mcycle(struct rv *c, uint32_t n)
{
    (void)n;
    return counter(c, 0, c->cycle_base);
}

static void w_mcycle(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    counter_start(c, 0, v);
}

static uint64_t r_minstret(struct rv *c, uint32_t n)
{
    (void)n;
    return counter(c, 2, c->instret_base);
}

static void w_minstret(struct rv *c, uint32_t n, uint64_t v)
{
    (void)n;
    counter_start(c, 2, v);
}

static uint64_t r_mcountinhibit(struct rv *c, uint32_t n)
{
    (void)n;
    return c->mcountinhibit;
}

/* Only cycle and instret count, so only they can be inhibited. */
static void w_mcountinhibit(struct rv *c, uint32_t n, uint64_t v)
{
    uint64_t cycle = r_mcycle(c, n), instret = r_minstret(c, n);
    c->mcountinhibit = v & 5;
    w_mcycle(c, n, cycle);
    w_minstret(c, n, instret);
}

static uint64_t r_time(struct rv *c, uint32_t n)
{
    (void)n;
    return rv_time(c);
}

/* ---- The table ----------------------------------------------------------------------- */

enum csr_index {
    CSR_NONE,
#define CSR(number, name, needs, read, write, kind) CSR_##name,
#include "csr.def"
#undef CSR
    CSR_COUNT
};

static const struct csr {
    const char *name;
    reader *read;
    writer *write;
    uint16_t number;
    uint8_t needs, kind;
} csrs[CSR_COUNT] = {
#define CSR(number, name, needs, read, write, kind) \
    [CSR_##name] = {#name, read, write, number, RV_X_##needs, RV_CSR_##kind},
#include "csr.def"
#undef CSR
};

static const uint8_t index_of[4096] = {
#define CSR(number, name, needs, read, write, kind) [number] = CSR_##name,
#include "csr.def"
#undef CSR
};

_Static_assert(CSR_COUNT <= 256, "index_of holds bytes");

const char *rv_csr_name(uint32_t n)
{
    return n < 4096 ? csrs[index_of[n]].name : NULL;
}

int rv_csr_exists(struct rv *c, uint32_t n)
{
    return n < 4096 && index_of[n] && (c->isa >> csrs[index_of[n]].needs & 1);
}

uint32_t rv_csr_kind(uint32_t n, uint32_t *slot)
{
    static const uint16_t in_slot[] = {0x140, 0x141, 0x142, 0x143, 0x340, 0x341, 0x342, 0x343};
    for (uint32_t i = 0; i < sizeof in_slot / sizeof *in_slot; i++)
        if (in_slot[i] == n)
            *slot = RV_SLOT_SSCRATCH + i;
    return csrs[index_of[n & 4095]].kind;
}

/* ---- Access -------------------------------------------------------------------------- */

/* Counters 0 to 31 below M (3.1.11, 12.1.5). */
static int counter_allowed(const struct rv *c, uint32_t bit)
{
    if (c->priv < RV_PRIV_M && !(c->mcounteren >> bit & 1))
        return 0;
    return c->priv > RV_PRIV_U || !(c->isa & RV_BIT(S)) || (c->scounteren >> bit & 1);
}

static int allowed(struct rv *c, uint32_t n)
{
    if (!rv_csr_exists(c, n) || c->priv < (n >> 8 & 3))
        return 0;
    if (n <= 0x003) /* fflags frm fcsr */
        return (c->mstatus & MSTATUS_FS) != 0;
    if (n >= 0xc00 && n <= 0xc1f)
        return counter_allowed(c, n & 31);
    if (n == 0x308 || n == 0x309) /* mvien, mvip (AIA 5.3) */
        return (c->isa & RV_BIT(S)) != 0;
    if (n == 0x180) /* satp */
        return c->priv != RV_PRIV_S || !(c->mstatus & MSTATUS_TVM);
    if (n == 0x14d) /* stimecmp (Sstc, 14.2) */
        return c->priv == RV_PRIV_M ||
               ((c->menvcfg & MENVCFG_STCE) && (c->mcounteren >> 1 & 1));
    return 1;
}

int rv_csr_read(struct rv *c, uint32_t n, uint64_t *v)
{
    if (!allowed(c, n))
        return PB_EACCES;
    *v = csrs[index_of[n]].read(c, n);
    return PB_OK;
}

int rv_csr_write(struct rv *c, uint32_t n, uint64_t v)
{
    if (!allowed(c, n) || n >> 10 == 3)
        return PB_EACCES;
    csrs[index_of[n]].write(c, n, v);
    rv_irq_update(c);
    return PB_OK;
}

/* What a block was built or entered for. */
struct how {
    uint64_t mode;
    struct xl_ctxkey key;
};

static void how_now(struct rv *c, struct how *h)
{
    h->mode = rv_mode(&c->x);
    rv_ctxkey(&c->x, &h->key);
}

/* Finish the instruction here and go on behind it, unless the block can. */
static void leave_if_changed(struct rv *c, const struct how *before, uint64_t old, uint32_t raw)
{
    struct how now;
    how_now(c, &now);
    if (now.mode == before->mode && now.key.a == before->key.a && now.key.b == before->key.b &&
        !__atomic_load_n(&c->x.pending, __ATOMIC_SEQ_CST))
        return;
    uint32_t rd = raw >> 7 & 31;
    if (rd)
        c->gpr[rd] = old;
    xl_sync(&c->x);
    c->x.pc += 4;
    xl_leave(&c->x);
}

uint64_t rv_csr_helper(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t raw, uint64_t d)
{
    (void)d;
    struct rv *c = rv_of(x);
    uint32_t n = a & 4095, kind = a >> 12 & 3;
    int writes = a >> 14 & 1;
    uint64_t old = 0;
    struct how before;
    how_now(c, &before);
    if (RV_CSR_IS_WINDOW(n)) {
        if (!allowed(c, n) || rv_window(c, n, kind, writes, b, &old) < 0)
            rv_raise(c, RV_E_ILLEGAL, raw);
        if (writes)
            leave_if_changed(c, &before, old, (uint32_t)raw);
        return old;
    }
    if (rv_csr_read(c, n, &old) < 0 || (writes && n >> 10 == 3))
        rv_raise(c, RV_E_ILLEGAL, raw);
    if (writes) {
        /* Read-modify-write of SEIP sees what software wrote only (3.1.9). */
        uint64_t base = old;
        if (n == 0x344)
            base = (old & ~MIP_SEIP) | (__atomic_load_n(&c->mip_soft, __ATOMIC_SEQ_CST) & MIP_SEIP);
        uint64_t v = kind == RV_CSR_SWAP ? b : kind == RV_CSR_SET ? base | b : base & ~b;
        rv_csr_write(c, n, v);
        if (a >> 15 & 1)
            leave_if_changed(c, &before, old, (uint32_t)raw);
    }
    return old;
}

void rv_csr_reset(struct rv *c)
{
    c->mstatus = 0;
    if (c->isa & RV_BIT(U))
        c->mstatus |= 2ull << 32; /* UXL: 64 */
    else
        c->mstatus |= MSTATUS_MPP;
    if (c->isa & RV_BIT(S))
        c->mstatus |= 2ull << 34;
    c->sscratch = c->sepc = c->scause = c->stval = 0;
    c->mscratch = c->mepc = c->mcause = c->mtval = 0;
    c->medeleg = c->mideleg = c->mie = c->mtvec = c->stvec = 0;
    c->mcounteren = c->scounteren = c->mcountinhibit = c->senvcfg = c->satp = 0;
    /* Without Svade, software expects the hardware to set A and D. */
    c->menvcfg = (c->isa & RV_BIT(SVADU)) && !(c->isa & RV_BIT(SVADE)) ? MENVCFG_ADUE : 0;
    c->mvien = c->mvip = c->sie_virtual = c->miselect = c->siselect = 0;
    c->stimecmp = ~0ull;
    c->frm = 0;
    xl_fp_set_rm(&c->x, SF_RNE);
    xl_fp_set_flags(&c->x, 0);
    w_mcycle(c, 0, 0);
    w_minstret(c, 0, 0);
    for (uint32_t i = 0; i < RV_PMP_ENTRIES; i++)
        c->pmpcfg[i] = 0, c->pmpaddr[i] = 0;
    rv_pmp_update(c);
}
