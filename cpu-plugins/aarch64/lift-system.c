/* SPDX-License-Identifier: MIT */
/* lift-system.c - system registers and instructions, PSTATE, barriers, hints, exceptions.
 * DDI 0487: C4.1.93, C5, C6.2.
 *
 * Registers that are plain storage are slots where the current level may use them as they are.
 * All others are a helper's; a write ends the block, as it may change how later instructions
 * work. Stores drop translations by themselves, so IC needs no work of its own.
 */
#include "lift.h"

#include "sysreg.h"

#define ZVA_BYTES 64

/* ---- Registers ------------------------------------------------------------------------------ */

/* The slot of register `no` for an access from this block's level; 0: none. */
static uint32_t slot_of(const struct lift *l, uint32_t no, int write)
{
    uint32_t el = A64_MODE_EL(l->mode);
    switch (no) {
    case A64_NO(TPIDR_EL0): return A64_SLOT_TPIDR_EL0;
    case A64_NO(TPIDRRO_EL0): return write && el == 0 ? 0 : A64_SLOT_TPIDRRO_EL0;
    case A64_NO(TPIDR_EL1): return el ? A64_SLOT_TPIDR_EL1 : 0;
    case A64_NO(SP_EL0): return el && l->mode & A64_MODE_SPX ? A64_SLOT_SP_EL0 : 0;
    case A64_NO(ELR_EL1): return el == 1 ? A64_SLOT_ELR_EL1 : 0;
    case A64_NO(SPSR_EL1): return el == 1 ? A64_SLOT_SPSR_EL1 : 0;
    case A64_NO(ESR_EL1): return el == 1 ? A64_SLOT_ESR_EL1 : 0;
    case A64_NO(FAR_EL1): return el == 1 ? A64_SLOT_FAR_EL1 : 0;
    default: return 0;
    }
}

static void mrs(struct lift *l)
{
    uint32_t no = (uint32_t)l->i.imm, slot = slot_of(l, no, 0);
    xl_val v;
    if (slot)
        v = xl_get(l->b, slot);
    else if (no == A64_NO_NZCV)
        v = lift_nzcv(l);
    else if (no == A64_NO_CURRENTEL && A64_MODE_EL(l->mode))
        v = lift_const(l, A64_MODE_EL(l->mode) << 2);
    else
        v = xl_callh(l->b, A64_H_MRS, 2, lift_const(l, no), lift_const(l, l->i.rd), 0, 0);
    lift_put(l, l->i.rd, v);
}

static void msr(struct lift *l)
{
    uint32_t no = (uint32_t)l->i.imm, slot = slot_of(l, no, 1);
    xl_val v = lift_x(l, l->i.rd);
    if (slot) {
        xl_put(l->b, slot, v);
    } else if (no == A64_NO_NZCV) {
        lift_flags_nzcv(l, lift_op2(l, XL_OP_and, v, lift_const(l, PS_NZCV)));
    } else {
        xl_callh(l->b, A64_H_MSR, 3, lift_const(l, no), v, lift_const(l, l->i.rd), 0);
        lift_end(l);
    }
}

/* opt: op1:op2. Masking interrupts is a change of PSTATE and no more. */
static void msr_imm(struct lift *l)
{
    if (l->i.opt == A64_PST_DAIFSET && A64_MODE_EL(l->mode)) {
        xl_put(l->b, A64_SLOT_PSTATE,
               lift_op2(l, XL_OP_or, xl_get(l->b, A64_SLOT_PSTATE),
                        lift_const(l, (uint64_t)l->i.imm << 6)));
        return;
    }
    xl_callh(l->b, A64_H_PSTATE, 2, lift_const(l, l->i.opt), lift_const(l, (uint64_t)l->i.imm),
             0, 0);
    lift_end(l);
}

/* ---- System instructions -------------------------------------------------------------------- */

static void dc_zva(struct lift *l)
{
    xl_val a = lift_op2(l, XL_OP_and, lift_x(l, l->i.rd), lift_const(l, ~(ZVA_BYTES - 1ull)));
    for (int32_t at = 0; at < ZVA_BYTES; at += 8)
        xl_store(l->b, a, at, lift_const(l, 0), XL_M_SIZE(3));
}

static void sys(struct lift *l)
{
    uint32_t no = (uint32_t)l->i.imm;
    if (no == A64_NO_DC_ZVA && l->mode & A64_MODE_ZVA) {
        dc_zva(l);
        return;
    }
    xl_callh(l->b, A64_H_SYS, 3, lift_const(l, no), lift_x(l, l->i.rd), lift_const(l, l->i.rd), 0);
    if ((no >> 7 & 15) != 7 || (no >> 3 & 15) == 8) /* all but cache maintenance */
        lift_end(l);
}

static void barrier(struct lift *l)
{
    static const uint8_t kinds[] = {15, XL_FENCE_RR | XL_FENCE_RW, XL_FENCE_WW, 15};
    xl_fence(l->b, kinds[l->i.op == A64_dmb ? l->i.imm & 3 : 3]);
    if (l->i.op == A64_dmb || !A64_MODE_EL(l->mode))
        return;
    xl_callh(l->b, A64_H_DSB, 0, 0, 0, 0, 0);
    lift_end(l); /* others may have asked for a flush while it waited */
}

static void clrex(struct lift *l)
{
    xl_callh(l->b, A64_H_CLREX, 0, 0, 0, 0, 0);
}

/* ---- Exceptions ----------------------------------------------------------------------------- */

static void exception(struct lift *l)
{
    uint32_t kind = l->i.raw >> 21 & 7;
    xl_callh(l->b, A64_H_EXC, 3, lift_const(l, kind << 2 | l->i.opt),
             lift_const(l, (uint64_t)l->i.imm), xl_pc(l->b, l->pc), 0);
    lift_end(l);
}

/* key: 0 none, 1 A, 2 B. */
static void eret(struct lift *l, uint32_t key)
{
    xl_val pc = xl_callh(l->b, A64_H_ERET, 1, lift_const(l, key), 0, 0, 0);
    xl_exiti(l->b, XL_K_STATE, pc, 0);
    l->done = 1;
}

static void wait(struct lift *l, uint32_t event)
{
    xl_callh(l->b, A64_H_WAIT, 1, lift_const(l, event), 0, 0, 0);
    lift_end(l);
}

/* ---- Pointer authentication ----------------------------------------------------------------- */

xl_val lift_pac(struct lift *l, uint32_t what, xl_val v, xl_val modifier)
{
    if (l->mode & A64_MODE_USER && !(l->isa & A64_BIT(PAKEYS)) &&
        !(what & (A64_PAC_STRIP | A64_PAC_GENERIC)))
        return v;
    return xl_callh(l->b, A64_H_PAC, 3, v, modifier, lift_const(l, what), 0);
}

static void pac(struct lift *l, uint32_t what, uint32_t reg, xl_val modifier)
{
    lift_put(l, reg, lift_pac(l, what, lift_x(l, reg), modifier));
}

static int lift_pac_hint(struct lift *l)
{
    xl_val zero = lift_const(l, 0);
    switch (l->i.op) {
    case A64_xpaclri: pac(l, A64_PAC_STRIP, 30, zero); break;
    case A64_pacia1716: pac(l, 0, 17, lift_x(l, 16)); break;
    case A64_pacib1716: pac(l, A64_PAC_B, 17, lift_x(l, 16)); break;
    case A64_autia1716: pac(l, A64_PAC_AUT, 17, lift_x(l, 16)); break;
    case A64_autib1716: pac(l, A64_PAC_AUT | A64_PAC_B, 17, lift_x(l, 16)); break;
    case A64_paciaz: pac(l, 0, 30, zero); break;
    case A64_pacibz: pac(l, A64_PAC_B, 30, zero); break;
    case A64_autiaz: pac(l, A64_PAC_AUT, 30, zero); break;
    case A64_autibz: pac(l, A64_PAC_AUT | A64_PAC_B, 30, zero); break;
    case A64_paciasp: pac(l, 0, 30, lift_xsp(l, 31)); break;
    case A64_pacibsp: pac(l, A64_PAC_B, 30, lift_xsp(l, 31)); break;
    case A64_autiasp: pac(l, A64_PAC_AUT, 30, lift_xsp(l, 31)); break;
    case A64_autibsp: pac(l, A64_PAC_AUT | A64_PAC_B, 30, lift_xsp(l, 31)); break;
    default: return 0;
    }
    return 1;
}

/* Rows pacia to autdzb are numbered by bits 13 (zero modifier), 12 (authenticate), 11 (data),
 * 10 (key B). */
static int lift_pac_insn(struct lift *l)
{
    uint32_t raw = l->i.raw, what = 0;
    if (l->i.op == A64_pacga) {
        lift_put(l, l->i.rd, lift_pac(l, A64_PAC_GENERIC, lift_x(l, l->i.rn),
                                      lift_xsp(l, l->i.rm)));
        return 1;
    }
    if (l->i.op == A64_xpaci || l->i.op == A64_xpacd) {
        pac(l, A64_PAC_STRIP | (l->i.op == A64_xpacd ? A64_PAC_DATA : 0), l->i.rd,
            lift_const(l, 0));
        return 1;
    }
    if (l->i.op < A64_pacia || l->i.op > A64_autdzb)
        return lift_pac_hint(l);
    what |= raw >> 12 & 1 ? A64_PAC_AUT : 0;
    what |= raw >> 11 & 1 ? A64_PAC_DATA : 0;
    what |= raw >> 10 & 1 ? A64_PAC_B : 0;
    pac(l, what, l->i.rd, raw >> 13 & 1 ? lift_const(l, 0) : lift_xsp(l, l->i.rn));
    return 1;
}

int lift_system(struct lift *l)
{
    switch (l->i.op) {
    case A64_nop: case A64_yield: case A64_csdb: case A64_hint: case A64_bti:
    case A64_esb: break;
    case A64_wfe: wait(l, 1); break;
    case A64_wfi: wait(l, 0); break;
    case A64_sev: xl_callh(l->b, A64_H_SEV, 1, lift_const(l, 1), 0, 0, 0); break;
    case A64_sevl: xl_callh(l->b, A64_H_SEV, 1, lift_const(l, 0), 0, 0, 0); break;
    case A64_clrex: clrex(l); break;
    case A64_dsb: case A64_dmb: barrier(l); break;
    case A64_sb: break;
    case A64_isb: lift_end(l); break;
    case A64_mrs: mrs(l); break;
    case A64_msr: msr(l); break;
    case A64_msr_imm: msr_imm(l); break;
    case A64_sys: sys(l); break;
    case A64_svc: case A64_hvc: case A64_smc: case A64_brk: case A64_hlt:
    case A64_dcps1: case A64_dcps2: case A64_dcps3: exception(l); break;
    case A64_eret: eret(l, 0); break;
    case A64_eretaa: eret(l, 1); break;
    case A64_eretab: eret(l, 2); break;
    default: return lift_pac_insn(l);
    }
    return 1;
}
