/* SPDX-License-Identifier: MIT */
/* select-int.c - integer arithmetic, comparison and selection.
 *
 * x86 has two operands where the IR has three. The order is always: fetch operands, let
 * those that die here give up their register, choose the result's, then emit; so the result
 * may be in either operand's register, which every function below allows for. The upper half
 * of an I32 in a register is anything.
 */
#include "x86.h"

static void load_rm(struct gen *g, int w, int d, struct xrm src)
{
    if (src.reg != d)
        xa_op(&g->a, XO_MOV, w, d, src);
}

static int reg_of(const struct gen *g, uint32_t v)
{
    return g->v[g_rep(g, v)].reg;
}

/* op(a, imm). */
static void alu_imm(struct gen *g, int alu, int w, uint32_t a, int32_t imm)
{
    struct xrm ra;
    int d;

    if (alu == ALU_SUB && imm != INT32_MIN) {
        alu = ALU_ADD;
        imm = -imm;
    }
    if (alu == ALU_AND && imm >= 0)
        w = 0; /* the upper half becomes zero by itself */
    ra = g_rm(g, a);
    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    if (alu == ALU_ADD && ra.reg >= 0 && ra.reg != d) {
        xa_op(&g->a, XO_LEA, w, d, xm(ra.reg, imm));
        return;
    }
    load_rm(g, w, d, ra);
    xa_alui(&g->a, alu, w, xr(d), imm);
}

/* reg op= rm, for ALU ops and imul. */
static void two(struct gen *g, uint32_t op, int commutes, int w, uint32_t a, uint32_t b)
{
    struct xrm ra, rb;
    int d;

    ra = g_rm(g, a);
    rb = g_rm(g, b);
    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    if (d == rb.reg && d != ra.reg) {
        if (commutes) {
            xa_op(&g->a, op, w, d, ra);
        } else { /* sub: a - d */
            xa_op(&g->a, XO_UNARY, w, 3, xr(d));
            xa_alu(&g->a, ALU_ADD, w, d, ra);
        }
    } else if (op == XO_ALU(ALU_ADD) && ra.reg >= 0 && rb.reg >= 0 && d != ra.reg) {
        xa_op(&g->a, XO_LEA, w, d, xmx(ra.reg, rb.reg, 0, 0));
    } else {
        load_rm(g, w, d, ra);
        xa_op(&g->a, op, w, d, rb);
    }
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;

    *a = *b;
    *b = t;
}

/* y + (x << k) */
static void add_scaled(struct gen *g, uint32_t y, uint32_t shl)
{
    const struct xl_op *s = &g->b->op[g_rep(g, shl)];
    int rx = g_reg(g, s->a), ry = g_reg(g, y), d;
    uint64_t k = 0;

    g_const(g, s->b, &k);
    g_release(g);
    d = g_def(g);
    xa_op(&g->a, XO_LEA, 1, d, xmx(ry, rx, (uint32_t)k, 0));
}

static int deferred(const struct gen *g, uint32_t v)
{
    return g->v[g_rep(g, v)].defer;
}

static void alu(struct gen *g, const struct xl_op *o, int op)
{
    uint32_t a = o->a, b = o->b;
    int w = o->type == XL_I64, want = g->v[g->i].want;
    int32_t imm;

    if (op != ALU_SUB && (g_imm32(g, a, w, &imm) || (want >= 0 && reg_of(g, b) == want)))
        swap(&a, &b);
    if (g_imm32(g, b, w, &imm))
        alu_imm(g, op, w, a, imm);
    else
        two(g, XO_ALU(op), op != ALU_SUB, w, a, b);
}

static void add(struct gen *g, const struct xl_op *o)
{
    if (deferred(g, o->b))
        add_scaled(g, o->a, o->b);
    else if (deferred(g, o->a))
        add_scaled(g, o->b, o->a);
    else
        alu(g, o, ALU_ADD);
}

static void mul(struct gen *g, const struct xl_op *o)
{
    uint32_t a = o->a, b = o->b;
    int w = o->type == XL_I64, d;
    struct xrm ra;
    int32_t imm;

    if (g_imm32(g, a, w, &imm))
        swap(&a, &b);
    if (!g_imm32(g, b, w, &imm)) {
        two(g, XO_IMUL, 1, w, a, b);
        return;
    }
    ra = g_rm(g, a);
    g_release(g);
    d = g_def(g);
    if (imm == (int8_t)imm)
        xa_opi(&g->a, XO_IMULI8, w, d, ra, imm, 1);
    else
        xa_opi(&g->a, XO_IMULI, w, d, ra, imm, 4);
}

/* andn, orn, xnor. */
static void negated(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, t, d;
    struct xrm ra;

    if (o->op == XL_OP_andn && x86_has(g, XF_BMI1)) {
        t = g_reg(g, o->b);
        ra = g_rm(g, o->a);
        g_release(g);
        d = g_def(g);
        xa_vex(&g->a, XO_ANDN, w, d, t, ra, -1);
        return;
    }
    t = g_tmp(g);
    g_copy(g, t, o->b);
    ra = g_rm(g, o->a);
    if (o->op != XL_OP_xnor)
        xa_op(&g->a, XO_UNARY, w, 2, xr(t));
    xa_alu(&g->a, o->op == XL_OP_andn ? ALU_AND : o->op == XL_OP_orn ? ALU_OR : ALU_XOR, w, t, ra);
    if (o->op == XL_OP_xnor)
        xa_op(&g->a, XO_UNARY, w, 2, xr(t));
    g_def_in(g, t);
}

static void unary(struct gen *g, const struct xl_op *o)
{
    int w = o->type == XL_I64, d;
    struct xrm ra = g_rm(g, o->a);

    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    load_rm(g, w, d, ra);
    xa_op(&g->a, XO_UNARY, w, o->op == XL_OP_not ? 2 : 3, xr(d));
}

static void extend(struct gen *g, const struct xl_op *o)
{
    struct xrm ra = g_rm(g, o->a);
    int d;

    g_release(g);
    g->prefer = (uint32_t)ra.reg;
    d = g_def(g);
    switch (o->op) {
    case XL_OP_sext8: xa_op(&g->a, XO_MOVSX8, 1, d, ra); break;
    case XL_OP_sext16: xa_op(&g->a, XO_MOVSX16, 1, d, ra); break;
    case XL_OP_sext32: xa_op(&g->a, XO_MOVSXD, 1, d, ra); break;
    case XL_OP_zext8: xa_op(&g->a, XO_MOVZX8, 0, d, ra); break;
    case XL_OP_zext16: xa_op(&g->a, XO_MOVZX16, 0, d, ra); break;
    default: xa_op(&g->a, XO_MOV, 0, d, ra); break;
    }
}

/* ---- Comparison ---------------------------------------------------------------------- */

int x86_compare(struct gen *g, uint32_t cond, int w, uint32_t a, uint32_t b)
{
    static const uint8_t cc[2][6] = {{CC_E, CC_NE, CC_L, CC_GE, CC_B, CC_AE},
                                     {CC_E, CC_NE, CC_G, CC_LE, CC_A, CC_BE}};
    int turned = 0, ra;
    struct xrm rm;
    int32_t imm;

    if (g_imm32(g, a, w, &imm) && !g_imm32(g, b, w, &imm)) {
        swap(&a, &b);
        turned = 1;
    }
    if (!g_imm32(g, b, w, &imm)) {
        ra = g_reg(g, a);
        rm = g_rm(g, b);
        g->cmp = g->a.p;
        xa_alu(&g->a, ALU_CMP, w, ra, rm);
    } else {
        rm = g_rm(g, a);
        g->cmp = g->a.p;
        if (imm == 0 && rm.reg >= 0)
            xa_op(&g->a, XO_TEST, w, rm.reg, rm); /* flags as after cmp with 0 */
        else
            xa_alui(&g->a, ALU_CMP, w, rm, imm);
    }
    return cc[turned][cond];
}

static void set(struct gen *g, const struct xl_op *o)
{
    int cc, d;

    cc = x86_compare(g, o->flags, o->type == XL_I64, o->a, o->b);
    g_release(g);
    d = g_def(g);
    xa_setcc(&g->a, cc, d);
    xa_op(&g->a, XO_MOVZX8, 0, d, xr(d));
}

static void sel(struct gen *g, const struct xl_op *o)
{
    const struct xl_op *s = &g->b->op[g_rep(g, o->a)];
    uint32_t yes = o->b, no = o->c;
    int cc, d, r, want = g->v[g->i].want;
    uint8_t *skip, zero;
    struct xrm rm;

    if (g->v[g_rep(g, o->a)].defer) {
        cc = x86_compare(g, s->flags, s->type == XL_I64, s->a, s->b);
    } else {
        r = g_reg(g, o->a);
        xa_op(&g->a, XO_TEST, 1, r, xr(r));
        cc = CC_NE;
    }
    g->locked = 0;
    g->flags_live = 1;
    if (want >= 0 && reg_of(g, yes) == want) {
        swap(&yes, &no);
        cc ^= 1;
    }
    if (o->type == XL_I32 || o->type == XL_I64) {
        rm = g_rm(g, yes);
        d = g_def_new(g);
        g_copy(g, d, no);
        xa_op(&g->a, XO_CMOV + (uint32_t)cc, o->type == XL_I64, d, rm);
    } else {
        r = g_reg(g, yes);
        zero = g->v[g_rep(g, no)].reg >= 0 ? g->v[g_rep(g, no)].zero : ZERO_NONE;
        if (zero > g->v[g_rep(g, yes)].zero)
            zero = g->v[g_rep(g, yes)].zero;
        d = g_def_new(g);
        g_copy(g, d, no);
        skip = xa_jcc8(&g->a, cc ^ 1);
        xa_op(&g->a, XO_MOVAPS, 0, ENC(d), xr(ENC(r)));
        xa_patch8(skip, g->a.p);
        g->v[g->i].hi = g->v[g_rep(g, yes)].hi & g->v[g_rep(g, no)].hi;
        g->v[g->i].zero = zero;
    }
    g->flags_live = 0;
}

static void minmax(struct gen *g, const struct xl_op *o)
{
    static const uint8_t take_b[4] = {CC_G, CC_L, CC_A, CC_B};
    static const uint8_t take_a[4] = {CC_L, CC_G, CC_B, CC_A};
    int k = o->op - XL_OP_mins, w = o->type == XL_I64, d;
    int ra = g_reg(g, o->a), rb = g_reg(g, o->b);

    xa_alu(&g->a, ALU_CMP, w, ra, xr(rb));
    g_release(g);
    g->prefer = (uint32_t)ra;
    d = g_def(g);
    if (d == rb && d != ra) {
        xa_op(&g->a, XO_CMOV + take_a[k], w, d, xr(ra));
        return;
    }
    xa_mov(&g->a, w, d, ra);
    xa_op(&g->a, XO_CMOV + take_b[k], w, d, xr(rb));
}

void x86_sel_int(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_add: add(g, o); break;
    case XL_OP_sub: alu(g, o, ALU_SUB); break;
    case XL_OP_and: alu(g, o, ALU_AND); break;
    case XL_OP_or: alu(g, o, ALU_OR); break;
    case XL_OP_xor: alu(g, o, ALU_XOR); break;
    case XL_OP_mul: mul(g, o); break;
    case XL_OP_andn: case XL_OP_orn: case XL_OP_xnor: negated(g, o); break;
    case XL_OP_not: case XL_OP_neg: unary(g, o); break;
    case XL_OP_set: set(g, o); break;
    case XL_OP_sel: sel(g, o); break;
    case XL_OP_mins: case XL_OP_maxs: case XL_OP_minu: case XL_OP_maxu: minmax(g, o); break;
    default: extend(g, o); break;
    }
}
