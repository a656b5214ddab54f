/* SPDX-License-Identifier: MIT */
/* lift-mem.c - plain loads and stores of general registers, single and in pairs.
 * DDI 0487: C4.1.94, C6.2 (LDR, STR, LDP, STP, LDUR, LDTR, LDAPUR, STLUR, PRFM, …).
 *
 * A base register that is written back is put after the access, so that a fault leaves it alone.
 * Unprivileged forms are the plain ones wherever they mean the same, else go to the TLB beside.
 * Not modelled: SP alignment checks, alignment faults of Device memory.
 */
#include "lift.h"

uint32_t lift_memop(const struct lift *l, uint32_t size)
{
    return XL_M_SIZE(size) | (l->mode & A64_MODE_ALIGN && size ? XL_M_ALIGN : 0);
}

xl_val lift_address(struct lift *l, int32_t *disp)
{
    const struct a64_insn *i = &l->i;
    *disp = 0;
    if (i->amount == A64_AT_LITERAL)
        return xl_pc(l->b, l->pc + (uint64_t)i->imm);
    xl_val base = lift_xsp(l, i->rn);
    if (i->amount == A64_AT_REG)
        return lift_op2(l, XL_OP_add, base,
                        lift_extended(l, i->rm, i->cond, i->nzcv ? i->size : 0));
    if (i->amount != A64_AT_POST)
        *disp = (int32_t)i->imm;
    return base;
}

void lift_write_back(struct lift *l)
{
    if (l->i.amount == A64_AT_POST || l->i.amount == A64_AT_PRE)
        lift_put_sp(l, l->i.rn, lift_op2(l, XL_OP_add, lift_xsp(l, l->i.rn),
                                         lift_const(l, (uint64_t)l->i.imm)));
}

/* ---- One register -------------------------------------------------------------------------- */

/* opc: 0 store, 1 load, 2 load signed to 64 bits, 3 to 32 bits. */
static void single(struct lift *l, uint32_t more)
{
    const struct a64_insn *i = &l->i;
    uint32_t memop = lift_memop(l, i->size) | more;
    int32_t disp;
    xl_val a = lift_address(l, &disp), v;
    if (i->opt == 0) {
        xl_store(l->b, a, disp, lift_x(l, i->rd), memop);
        lift_write_back(l);
        return;
    }
    v = xl_load(l->b, XL_I64, a, disp, memop | (i->opt > 1 ? XL_M_SIGN : 0));
    if (i->opt == 3)
        v = lift_op1(l, XL_OP_zext32, v);
    lift_write_back(l);
    lift_put(l, i->rd, v);
}

static void literal(struct lift *l, uint32_t sign)
{
    int32_t disp;
    xl_val a = lift_address(l, &disp);
    lift_put(l, l->i.rd, xl_load(l->b, XL_I64, a, disp, lift_memop(l, l->i.size) | sign));
}

/* As EL0 would do it: only EL1, and EL2 with HCR_EL2.E2H and TGE, can tell the difference. */
static void unprivileged(struct lift *l)
{
    single(l, l->mode & A64_MODE_UNPRIV ? XL_M_BESIDE : 0);
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

static void pair(struct lift *l, uint32_t sign)
{
    const struct a64_insn *i = &l->i;
    uint32_t memop = lift_memop(l, i->size) | sign;
    int32_t disp, step = 1 << i->size;
    xl_val a = lift_address(l, &disp), v, w;
    if (!i->opt) {
        xl_store(l->b, a, disp, lift_x(l, i->rd), memop);
        xl_store(l->b, a, disp + step, lift_x(l, i->ra), memop);
        lift_write_back(l);
        return;
    }
    v = xl_load(l->b, XL_I64, a, disp, memop);
    w = xl_load(l->b, XL_I64, a, disp + step, memop);
    lift_write_back(l);
    lift_put(l, i->rd, v);
    lift_put(l, i->ra, w);
}

/* LDRAA, LDRAB: the base is authenticated with modifier zero. */
static void authenticated(struct lift *l)
{
    const struct a64_insn *i = &l->i;
    xl_val a = lift_pac(l, A64_PAC_AUT | A64_PAC_DATA | (i->opt ? A64_PAC_B : 0),
                        lift_xsp(l, i->rn), lift_const(l, 0));
    xl_val v = xl_load(l->b, XL_I64, a, (int32_t)i->imm, lift_memop(l, 3));
    if (i->amount == A64_AT_PRE)
        lift_put_sp(l, i->rn, lift_op2(l, XL_OP_add, a, lift_const(l, (uint64_t)i->imm)));
    lift_put(l, i->rd, v);
}

static int lift_rare(struct lift *l)
{
    switch (l->i.op) {
    case A64_ldr_lit: literal(l, 0); break;
    case A64_ldrsw_lit: literal(l, XL_M_SIGN); break;
    case A64_prfm:
    case A64_prfm_lit:
    case A64_prfm_reg:
    case A64_prfum: break;
    case A64_sttrb: case A64_sttrh: case A64_sttr:
    case A64_ldtrb: case A64_ldtrh: case A64_ldtr:
    case A64_ldtrsb: case A64_ldtrsh: case A64_ldtrsw: unprivileged(l); break;
    case A64_stlurb: case A64_stlurh: case A64_stlur: single(l, XL_M_SEQ | XL_M_ALIGN); break;
    case A64_ldapurb: case A64_ldapurh: case A64_ldapur:
    case A64_ldapursb: case A64_ldapursh: case A64_ldapursw:
        single(l, XL_M_ACQ | XL_M_ALIGN);
        break;
    case A64_ldraa:
    case A64_ldrab: authenticated(l); break;
    default: return 0;
    }
    return 1;
}

int lift_mem(struct lift *l)
{
    switch (l->i.op) {
    case A64_strb: case A64_strh: case A64_str:
    case A64_strb_post: case A64_strh_post: case A64_str_post:
    case A64_strb_pre: case A64_strh_pre: case A64_str_pre:
    case A64_strb_reg: case A64_strh_reg: case A64_str_reg:
    case A64_sturb: case A64_sturh: case A64_stur:
    case A64_ldrb: case A64_ldrh: case A64_ldr:
    case A64_ldrb_post: case A64_ldrh_post: case A64_ldr_post:
    case A64_ldrb_pre: case A64_ldrh_pre: case A64_ldr_pre:
    case A64_ldrb_reg: case A64_ldrh_reg: case A64_ldr_reg:
    case A64_ldurb: case A64_ldurh: case A64_ldur:
    case A64_ldrsb: case A64_ldrsh: case A64_ldrsw:
    case A64_ldrsb_post: case A64_ldrsh_post: case A64_ldrsw_post:
    case A64_ldrsb_pre: case A64_ldrsh_pre: case A64_ldrsw_pre:
    case A64_ldrsb_reg: case A64_ldrsh_reg: case A64_ldrsw_reg:
    case A64_ldursb: case A64_ldursh: case A64_ldursw: single(l, 0); break;
    case A64_stnp: case A64_stp: case A64_stp_post: case A64_stp_pre:
    case A64_ldnp: case A64_ldp: case A64_ldp_post: case A64_ldp_pre: pair(l, 0); break;
    case A64_ldpsw: case A64_ldpsw_post: case A64_ldpsw_pre: pair(l, XL_M_SIGN); break;
    default: return lift_rare(l);
    }
    return 1;
}
