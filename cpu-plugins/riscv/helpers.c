/* SPDX-License-Identifier: MIT */
/* helpers.c - the functions that translated code calls, and the slots it keeps registers in.
 * The RISC-V Instruction Set Manual, volume I: 2.8 (ECALL, EBREAK), 19 (cache blocks).
 *
 * Ranks put the registers that compiled code uses most into host registers first.
 */
#include "rv.h"

#include <stddef.h>
#include <string.h>

#define UNUSED(a) ((void)(a))

static uint64_t h_illegal(struct xl_vcpu *x, uint64_t raw, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(b), UNUSED(c), UNUSED(d);
    rv_raise(rv_of(x), RV_E_ILLEGAL, raw);
}

static uint64_t h_fetch_align(struct xl_vcpu *x, uint64_t to, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(b), UNUSED(c), UNUSED(d);
    rv_raise(rv_of(x), RV_E_FETCH_ALIGN, to);
}

static uint64_t h_check_target(struct xl_vcpu *x, uint64_t to, uint64_t b, uint64_t c,
                               uint64_t d)
{
    return to & 2 ? h_fetch_align(x, to, b, c, d) : 0;
}

XL_NEAR static uint64_t h_ecall(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(b), UNUSED(c), UNUSED(d);
    xl_sync_to(x, a);
    rv_raise(rv_of(x), RV_E_ECALL_U + rv_of(x)->priv, 0);
}

static int copy(void *self, uint64_t va, void *buf, uint64_t n, uint32_t write)
{
    return xl_copy(&((struct rv *)self)->x, va, buf, n, write);
}

/* RISC-V Semihosting, 2: SLLI x0, x0, 0x1f before EBREAK and SRAI x0, x0, 7 behind it, none of them
 * compressed, stand for a call. 1: it was served. */
static int semihost(struct rv *c)
{
    static const uint32_t call[3] = {0x01f01013, 0x00100073, 0x40705013};
    struct pb_semihost_call k = {.size = sizeof k, .cpu = c->x.svc->index(c->x.cpu), .word = 8,
                                 .user = c->priv == RV_PRIV_U, .op = (uint32_t)c->gpr[10],
                                 .arg = c->gpr[11], .copy = copy, .cpu_self = c};
    uint32_t is[3];

    if (!c->semihost || copy(c, c->x.pc - 4, is, sizeof is, 0) < 0 || memcmp(is, call, sizeof is))
        return 0;
    switch (c->semihost->call(c->semihost_self, &k)) {
    case PB_SEMIHOST_DONE: c->gpr[10] = k.result; return 1;
    case PB_SEMIHOST_AGAIN: xl_leave(&c->x);
    default: return 0;
    }
}

static uint64_t h_ebreak(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(a), UNUSED(b), UNUSED(c), UNUSED(d);
    xl_sync(x);
    if (!semihost(rv_of(x)))
        rv_raise(rv_of(x), RV_E_BREAK, x->pc);
    return 0;
}

static uint64_t h_fs_dirty(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(a), UNUSED(b), UNUSED(c), UNUSED(d);
    rv_of(x)->mstatus |= MSTATUS_FS;
    return 0;
}

/* Only in user mode, where stores do not drop translations. */
static uint64_t h_fence_i(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(a), UNUSED(b), UNUSED(c), UNUSED(d);
    xl_code_check(x, 0, UINT64_MAX);
    return 0;
}

static uint64_t h_pause(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    UNUSED(a), UNUSED(b), UNUSED(c), UNUSED(d);
    xl_relax(x);
    return 0;
}

/* Bits of menvcfg and senvcfg that must be set for `kind` below M (volume I, 19.6). */
static int cbo_allowed(const struct rv *c, uint64_t kind)
{
    uint64_t need = kind == RV_CBO_ZERO ? ENVCFG_CBZE : ENVCFG_CBCFE;
    if (kind == RV_CBO_INVAL)
        need = ENVCFG_CBIE; /* either bit lets it run: as a flush or as itself */
    if (c->priv < RV_PRIV_M && !(c->menvcfg & need))
        return 0;
    return c->priv != RV_PRIV_U || !(c->isa & RV_BIT(S)) || (c->senvcfg & need);
}

/* Memory is coherent here: clean, flush and inval only check what they would touch. */
static uint64_t h_cbo(struct xl_vcpu *x, uint64_t va, uint64_t kind, uint64_t raw, uint64_t d)
{
    UNUSED(d);
    struct rv *c = rv_of(x);
    uint64_t at = va & ~(uint64_t)(RV_CBO_BYTES - 1);
    if (!cbo_allowed(c, kind))
        rv_raise(c, RV_E_ILLEGAL, raw);
    if (kind == RV_CBO_ZERO) {
        xl_clear(x, at, RV_CBO_BYTES);
        return 0;
    }
    /* Either permission is enough; the fault is a store's. */
    struct xl_walk w;
    if (rv_walk(x, va, XL_R, 0, &w) != 0)
        xl_probe(x, va, 1, XL_W);
    return 0;
}

#define FAULTS (XL_H_FAULT | XL_H_STATE)

const struct xl_helper rv_helpers[RV_HELPERS] = {
    [RV_H_ILLEGAL] = {"illegal", h_illegal, FAULTS, 1, 0, 0},
    [RV_H_FETCH_ALIGN] = {"fetch_align", h_fetch_align, FAULTS, 1, 0, 0},
    [RV_H_CHECK_TARGET] = {"check_target", h_check_target, XL_H_FAULT, 1, 0, 0},
    [RV_H_ECALL] = {"ecall", h_ecall, FAULTS, 1, 0, 0},
    [RV_H_EBREAK] = {"ebreak", h_ebreak, FAULTS, 0, 0, 0},
    [RV_H_CSR] = {"csr", rv_csr_helper, FAULTS | XL_H_FP, 3, XL_I64, 0},
    [RV_H_MRET] = {"mret", rv_mret, FAULTS, 1, XL_I64, 0},
    [RV_H_SRET] = {"sret", rv_sret, FAULTS, 1, XL_I64, 0},
    [RV_H_WFI] = {"wfi", rv_wfi, FAULTS, 1, 0, 0},
    [RV_H_SFENCE] = {"sfence", rv_sfence, FAULTS, 4, 0, 0},
    [RV_H_FS_DIRTY] = {"fs_dirty", h_fs_dirty, 0, 0, 0, 0},
    [RV_H_CBO] = {"cbo", h_cbo, FAULTS, 3, 0, 0},
    [RV_H_FENCE_I] = {"fence_i", h_fence_i, FAULTS, 0, 0, 0},
    [RV_H_PAUSE] = {"pause", h_pause, FAULTS, 0, 0, 0},
};

#define X(n, name, rank) \
    {name, (uint32_t)(offsetof(struct rv, gpr) + (n)*8), XL_I64, rank, 0}
#define F(n, name, rank) \
    {name, (uint32_t)(offsetof(struct rv, fpr) + (n)*8), XL_F64, rank, 0}
#define C(name) {#name, (uint32_t)offsetof(struct rv, name), XL_I64, 0, 0}

const struct xl_slot rv_slots[RV_SLOTS] = {
    X(0, "zero", 0), X(1, "ra", 10), X(2, "sp", 2), X(3, "gp", 0), X(4, "tp", 20),
    X(5, "t0", 24), X(6, "t1", 16), X(7, "t2", 25), X(8, "s0", 5), X(9, "s1", 9),
    X(10, "a0", 4), X(11, "a1", 7), X(12, "a2", 8), X(13, "a3", 6), X(14, "a4", 3),
    X(15, "a5", 1), X(16, "a6", 12), X(17, "a7", 13), X(18, "s2", 11), X(19, "s3", 14),
    X(20, "s4", 15), X(21, "s5", 18), X(22, "s6", 19), X(23, "s7", 21), X(24, "s8", 22),
    X(25, "s9", 26), X(26, "s10", 27), X(27, "s11", 28), X(28, "t3", 17), X(29, "t4", 23),
    X(30, "t5", 29), X(31, "t6", 30),
    F(0, "ft0", 9), F(1, "ft1", 10), F(2, "ft2", 13), F(3, "ft3", 14), F(4, "ft4", 15),
    F(5, "ft5", 16), F(6, "ft6", 21), F(7, "ft7", 22), F(8, "fs0", 7), F(9, "fs1", 8),
    F(10, "fa0", 4), F(11, "fa1", 5), F(12, "fa2", 6), F(13, "fa3", 3), F(14, "fa4", 2),
    F(15, "fa5", 1), F(16, "fa6", 11), F(17, "fa7", 12), F(18, "fs2", 17), F(19, "fs3", 18),
    F(20, "fs4", 19), F(21, "fs5", 20), F(22, "fs6", 23), F(23, "fs7", 24), F(24, "fs8", 25),
    F(25, "fs9", 26), F(26, "fs10", 27), F(27, "fs11", 28), F(28, "ft8", 29), F(29, "ft9", 30),
    F(30, "ft10", 31), F(31, "ft11", 32),
    C(sscratch), C(sepc), C(scause), C(stval), C(mscratch), C(mepc), C(mcause), C(mtval),
};
