/* SPDX-License-Identifier: MIT */
/* lift-mem.c - loads, stores, atomics, fences, cache-block operations.
 * The RISC-V Instruction Set Manual, volume I: 2.6, 2.7, 13 (A), 16 (RVWMO), 19 (CMO).
 *
 * Misaligned plain accesses work; misaligned atomics fault. The order between accesses is
 * what fence, aq and rl ask for; I/O counts as memory of its direction.
 */
#include "lift.h"

static void load(struct lift *l, uint32_t memop)
{
    xl_val v = xl_load(l->b, XL_I64, lift_get(l, l->i.rs1), l->i.imm, memop);
    lift_put(l, l->i.rd, v);
}

static void store(struct lift *l, uint32_t size)
{
    xl_store(l->b, lift_get(l, l->i.rs1), l->i.imm, lift_get(l, l->i.rs2), XL_M_SIZE(size));
}

/* PAUSE (volume I, chapter "Zihintpause"): FENCE W, 0 with rd and rs1 zero. A kernel's spinning
 * ends a unit here, and with one CPU it costs no more than that. */
#define PAUSE 0x0100000fu

static void pause(struct lift *l)
{
    xl_callh(l->b, RV_H_PAUSE, 0, 0, 0, 0, 0);
    xl_exit(l->b, XL_K_STATE, l->next, 0);
    l->done = 1;
}

/* Volume I, 2.7: predecessor and successor sets, PI PO PR PW in bits 7 to 4. */
static void fence(struct lift *l)
{
    uint32_t set = (uint32_t)l->i.imm, pred = set >> 4, succ = set;
    uint32_t pr = pred & 10, pw = pred & 5, sr = succ & 10, sw = succ & 5, kinds = 0;
    if (l->i.row == RV_fence_tso) {
        xl_fence(l->b, XL_FENCE_RR | XL_FENCE_RW | XL_FENCE_WW);
        return;
    }
    if (pr && sr)
        kinds |= XL_FENCE_RR;
    if (pr && sw)
        kinds |= XL_FENCE_RW;
    if (pw && sr)
        kinds |= XL_FENCE_WR;
    if (pw && sw)
        kinds |= XL_FENCE_WW;
    if (kinds)
        xl_fence(l->b, kinds);
}

static uint32_t atomic_memop(const struct lift *l, uint32_t size)
{
    uint32_t m = XL_M_SIZE(size) | XL_M_ATOMIC | XL_M_SIGN;
    if (l->i.rm & 2)
        m |= XL_M_ACQ;
    if (l->i.rm & 1)
        m |= XL_M_REL;
    return m;
}

static void amo(struct lift *l, uint32_t kind, uint32_t size)
{
    xl_val v = xl_rmw(l->b, kind, lift_get(l, l->i.rs1), lift_get(l, l->i.rs2),
                      atomic_memop(l, size));
    lift_put(l, l->i.rd, v);
}

static int lift_atomic(struct lift *l)
{
    struct rv_insn *i = &l->i;
    switch (i->op) {
    case RV_lr_w: lift_put(l, i->rd, xl_ll(l->b, lift_get(l, i->rs1), atomic_memop(l, 2))); break;
    case RV_lr_d: lift_put(l, i->rd, xl_ll(l->b, lift_get(l, i->rs1), atomic_memop(l, 3))); break;
    case RV_sc_w:
        lift_put(l, i->rd, xl_sc(l->b, lift_get(l, i->rs1), lift_get(l, i->rs2),
                                 atomic_memop(l, 2)));
        break;
    case RV_sc_d:
        lift_put(l, i->rd, xl_sc(l->b, lift_get(l, i->rs1), lift_get(l, i->rs2),
                                 atomic_memop(l, 3)));
        break;
    case RV_amoswap_w: amo(l, XL_RMW_XCHG, 2); break;
    case RV_amoadd_w: amo(l, XL_RMW_ADD, 2); break;
    case RV_amoxor_w: amo(l, XL_RMW_XOR, 2); break;
    case RV_amoand_w: amo(l, XL_RMW_AND, 2); break;
    case RV_amoor_w: amo(l, XL_RMW_OR, 2); break;
    case RV_amomin_w: amo(l, XL_RMW_MIN, 2); break;
    case RV_amomax_w: amo(l, XL_RMW_MAX, 2); break;
    case RV_amominu_w: amo(l, XL_RMW_MINU, 2); break;
    case RV_amomaxu_w: amo(l, XL_RMW_MAXU, 2); break;
    case RV_amoswap_d: amo(l, XL_RMW_XCHG, 3); break;
    case RV_amoadd_d: amo(l, XL_RMW_ADD, 3); break;
    case RV_amoxor_d: amo(l, XL_RMW_XOR, 3); break;
    case RV_amoand_d: amo(l, XL_RMW_AND, 3); break;
    case RV_amoor_d: amo(l, XL_RMW_OR, 3); break;
    case RV_amomin_d: amo(l, XL_RMW_MIN, 3); break;
    case RV_amomax_d: amo(l, XL_RMW_MAX, 3); break;
    case RV_amominu_d: amo(l, XL_RMW_MINU, 3); break;
    case RV_amomaxu_d: amo(l, XL_RMW_MAXU, 3); break;
    default: return 0;
    }
    return 1;
}

static void cbo(struct lift *l, uint32_t kind)
{
    xl_callh(l->b, RV_H_CBO, 3, lift_get(l, l->i.rs1), lift_const(l, kind),
             lift_const(l, l->i.raw), 0);
}

int lift_mem(struct lift *l)
{
    switch (l->i.op) {
    case RV_lb: load(l, XL_M_SIZE(0) | XL_M_SIGN); break;
    case RV_lh: load(l, XL_M_SIZE(1) | XL_M_SIGN); break;
    case RV_lw: load(l, XL_M_SIZE(2) | XL_M_SIGN); break;
    case RV_ld: load(l, XL_M_SIZE(3)); break;
    case RV_lbu: load(l, XL_M_SIZE(0)); break;
    case RV_lhu: load(l, XL_M_SIZE(1)); break;
    case RV_lwu: load(l, XL_M_SIZE(2)); break;
    case RV_sb: store(l, 0); break;
    case RV_sh: store(l, 1); break;
    case RV_sw: store(l, 2); break;
    case RV_sd: store(l, 3); break;
    case RV_fence:
        if (l->i.raw == PAUSE && !(l->mode & RV_MODE_USER)) {
            pause(l);
            break;
        }
        /* fall through */
    case RV_fence_tso: fence(l); break;
    case RV_cbo_inval: cbo(l, RV_CBO_INVAL); break;
    case RV_cbo_clean: cbo(l, RV_CBO_CLEAN); break;
    case RV_cbo_flush: cbo(l, RV_CBO_FLUSH); break;
    case RV_cbo_zero: cbo(l, RV_CBO_ZERO); break;
    default: return lift_atomic(l);
    }
    return 1;
}
