/* SPDX-License-Identifier: MIT */
/* lift-system.c - CSR accesses, environment calls, returns, fences of translation.
 * The RISC-V Instruction Set Manual, volume I: 2.8, 5, 6; volume II: 3.3, 12.2.1, 12.3.
 *
 * CSRs that are plain storage are slots, so the kernel's entry path needs no helper. All
 * others go through RV_H_CSR; a write ends the block unless it cannot change how later
 * instructions work.
 */
#include "lift.h"

static void end(struct lift *l)
{
    xl_exit(l->b, XL_K_STATE, l->next, 0);
    l->done = 1;
}

static uint32_t csr_kind(const struct lift *l)
{
    switch (l->i.op) {
    case RV_csrrw:
    case RV_csrrwi: return RV_CSR_SWAP;
    case RV_csrrs:
    case RV_csrrsi: return RV_CSR_SET;
    default: return RV_CSR_CLEAR;
    }
}

/* A CSR that is a slot; the privilege is known from the mode. sepc and mepc are writable
 * through the helper only, as they have bits that read zero. */
static int csr_slot(struct lift *l, uint32_t n, uint32_t slot, xl_val v, int writes)
{
    uint32_t kind = csr_kind(l);
    if (RV_MODE_PRIV(l->mode) < (n >> 8 & 3))
        return 0;
    if (writes && (slot == RV_SLOT_SEPC || slot == RV_SLOT_MEPC))
        return 0;
    xl_val old = xl_get(l->b, slot);
    if (kind == RV_CSR_SET)
        v = xl_op2(l->b, XL_OP_or, XL_I64, old, v);
    else if (kind == RV_CSR_CLEAR)
        v = xl_op2(l->b, XL_OP_andn, XL_I64, old, v);
    if (writes)
        xl_put(l->b, slot, v);
    lift_put(l, l->i.rd, old);
    return 1;
}

/* fflags, where floating point is on and the mode says that its state is dirty already:
 * compilers save and restore it around comparisons. */
static int csr_fflags(struct lift *l, xl_val v, int writes)
{
    uint32_t kind = csr_kind(l), need = RV_MODE_FS_ON | (writes ? RV_MODE_FS_DIRTY : 0);
    if ((l->mode & need) != need)
        return 0;
    xl_val old = xl_op2(l->b, XL_OP_and, XL_I64, xl_fflags(l->b), lift_const(l, 31));
    if (kind == RV_CSR_SET)
        v = xl_op2(l->b, XL_OP_or, XL_I64, old, v);
    else if (kind == RV_CSR_CLEAR)
        v = xl_op2(l->b, XL_OP_andn, XL_I64, old, v);
    if (writes)
        xl_setfflags(l->b, xl_op2(l->b, XL_OP_and, XL_I64, v, lift_const(l, 31)));
    lift_put(l, l->i.rd, old);
    return 1;
}

static void csr(struct lift *l, int immediate)
{
    struct rv_insn *i = &l->i;
    uint32_t n = (uint32_t)i->imm, kind = csr_kind(l), slot = 0;
    int writes = kind == RV_CSR_SWAP || i->rs1 != 0;
    xl_val v = immediate ? lift_const(l, i->rs1) : lift_get(l, i->rs1);
    uint32_t what = rv_csr_kind(n, &slot);
    if (what == RV_CSR_SLOT && (l->isa & RV_BIT(S) || (n >> 8 & 3) == RV_PRIV_M) &&
        csr_slot(l, n, slot, v, writes))
        return;
    if (n == 0x001 && csr_fflags(l, v, writes))
        return;
    xl_val arg = lift_const(l, RV_CSR_ARG(n, kind, writes, what == RV_CSR_SOFT));
    xl_val old = xl_callh(l->b, RV_H_CSR, 3, arg, v, lift_const(l, i->raw), 0);
    lift_put(l, i->rd, old);
    if (writes && what == RV_CSR_NORMAL)
        end(l);
}

static void ret(struct lift *l, uint32_t helper)
{
    xl_val pc = xl_callh(l->b, helper, 1, lift_const(l, l->i.raw), 0, 0, 0);
    xl_exiti(l->b, XL_K_STATE, pc, 0);
    l->done = 1;
}

static void sfence(struct lift *l)
{
    uint32_t what = (l->i.rs1 ? RV_SFENCE_VA : 0) | (l->i.rs2 ? RV_SFENCE_ASID : 0);
    xl_callh(l->b, RV_H_SFENCE, 4, lift_get(l, l->i.rs1), lift_get(l, l->i.rs2),
             lift_const(l, what), lift_const(l, l->i.raw));
    end(l);
}

int lift_system(struct lift *l)
{
    switch (l->i.op) {
    case RV_csrrw:
    case RV_csrrs:
    case RV_csrrc: csr(l, 0); break;
    case RV_csrrwi:
    case RV_csrrsi:
    case RV_csrrci: csr(l, 1); break;
    case RV_ecall:
        xl_callh(l->b, RV_H_ECALL, 1, xl_pc(l->b, l->pc), 0, 0, 0);
        end(l);
        break;
    case RV_ebreak:
        xl_callh(l->b, RV_H_EBREAK, 0, 0, 0, 0, 0);
        end(l);
        break;
    case RV_mret: ret(l, RV_H_MRET); break;
    case RV_sret: ret(l, RV_H_SRET); break;
    case RV_wfi:
        xl_callh(l->b, RV_H_WFI, 1, lift_const(l, l->i.raw), 0, 0, 0);
        end(l);
        break;
    case RV_fence_i: /* with a machine stores drop translations: only leave this one */
        if (l->mode & RV_MODE_USER)
            xl_callh(l->b, RV_H_FENCE_I, 0, 0, 0, 0, 0);
        end(l);
        break;
    case RV_sfence_vma:
    case RV_sinval_vma: sfence(l); break;
    case RV_sfence_w_inval:
    case RV_sfence_inval_ir: /* sinval.vma orders enough by itself */
        if (RV_MODE_PRIV(l->mode) == RV_PRIV_U)
            lift_illegal(l);
        break;
    default: return 0;
    }
    return 1;
}
