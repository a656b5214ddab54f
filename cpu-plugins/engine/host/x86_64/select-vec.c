/* SPDX-License-Identifier: MIT */
/* select-vec.c - vector ops: which file selects them, and the call of xl_vec() for those
 * without code of their own and for hosts without AVX2.
 *
 * All code is VEX-encoded with 128 bits. Vectors live in xmm registers as floats do; a scalar
 * and the vector that it is the lowest lane of share a register, and `zero` says whether the
 * rest of it is known to be zero, so that f2v costs at most one instruction and mostly none.
 */
#include "x86.h"

/* ---- xl_vec() -------------------------------------------------------------------------- */

static void vec_args(struct gen *g, const struct xl_op *o, struct carg *arg)
{
    uint32_t v[3] = {o->a, o->b, o->c}, n = xl_operands(o->op);
    uint64_t how = o->op | (uint64_t)o->type << 16 | (uint64_t)o->flags << 24 |
                   (uint64_t)g->b->fp_mode << 32;

    for (uint32_t i = 0; i < n; i++) {
        arg[i] = x86_arg(g, v[i]);
        arg[i].cell = 1;
    }
    arg[3] = x86_arg_imm((int64_t)how);
    arg[4] = x86_arg_imm(o->imm);
}

struct cold *x86_vec_cold(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_CALL);

    c->thunk = g->c->thunk[TH_VEC];
    c->dst_type = (uint8_t)xl_result(o);
    vec_args(g, o, c->arg);
    return c;
}

void x86_vec_call(struct gen *g, const struct xl_op *o)
{
    struct carg arg[5] = {{.kind = CARG_NONE}};

    vec_args(g, o, arg);
    x86_call_args(g, arg, 5);
    xa_call_to(&g->a, g->c->thunk[TH_VEC]);
    g_release(g);
    x86_result(g, g_def(g), xl_result(o));
}

/* ---- Scalars --------------------------------------------------------------------------- */

static void from_scalar(struct gen *g, const struct xl_op *o)
{
    int f32 = xl_result(&g->b->op[o->a]) == XL_F32, d;
    struct xrm a;

    if (g_rep(g, g->i) != g->i) {
        if (g->v[g_rep(g, g->i)].last > g->i)
            g_zero_above(g, g_rep(g, g->i));
        return;
    }
    a = g_rm(g, o->a);
    d = ENC(g_def_new(g));
    if (!f32)
        xa_op(&g->a, XO_MOVQ, 0, d, a);
    else if (a.reg < 0)
        xa_op(&g->a, XO_MOVSS, 0, d, a);
    else
        xa_opi(&g->a, XO_INSERTPS, 0, d, a, 0x0e, 1);
    g->v[g->i].zero = f32 ? ZERO_32 : ZERO_64;
}

int x86_vdef(struct gen *g)
{
    g_release(g);
    return ENC(g_def(g));
}

void x86_sel_vec(struct gen *g, const struct xl_op *o)
{
    if (o->op == XL_OP_f2v)
        from_scalar(g, o);
    else if (!x86_has(g, XF_AVX2) ||
             !(x86_sel_vint(g, o) || x86_sel_vmove(g, o) || x86_sel_vperm(g, o) ||
               x86_sel_vshift(g, o) || x86_sel_vfp(g, o) || x86_sel_vwide(g, o)))
        x86_vec_call(g, o);
}
