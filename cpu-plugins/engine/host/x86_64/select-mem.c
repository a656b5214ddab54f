/* SPDX-License-Identifier: MIT */
/* select-mem.c - plain loads and stores by the inline TLB lookup of run/ctx.h, and fences.
 *
 *   rorx t, va, 9               byte offset of the entry, by the mask from the context
 *   and  t, gs:[tlb_mask]
 *   lea  u, [va + size - 1]     page of the last byte: an access across pages misses
 *   and  u, -4096
 *   cmp  u, gs:[t + tag]
 *   jne  cold
 *   mov  t, gs:[t + add]
 *   op   [t + va]
 * (XL_M_BESIDE: in the context that gs:[beside] points to.)
 * Then u and t are the page and its translation: when another access off the same base
 * follows, they stay, and it only has to compare:
 *   lea  s, [va + disp]
 *   sub  s, u
 *   cmp  s, 4096 - size         or, if it must be aligned: test s, ~(4096 - size)
 *   ja   cold                   looks in the TLB; new u and t, or the slow path
 *   op   [t + va + disp]
 * The slow path may flush the TLB: it leaves u 2^63 away from the base, where no
 * displacement reaches. So may helpers and atomics: what is kept does not live across them.
 * What may be written may be read, or it is not in the TLB: see fill() in run/access.c.
 *
 * In user mode there is no TLB: see direct() and run/user.c.
 *
 * x86 keeps loads in order, and stores; a store before a later load it does not: that is
 * all that fences and sequentially consistent stores must add. Big-endian accesses always
 * go the slow way.
 */
#include "x86.h"

/* r = the page of the access, with low bits that make it none when it is misaligned and
 * must not be, or crosses. */
static void page_of(struct gen *g, int r, int va, int32_t disp, const struct cold *c)
{
    int32_t last = c->aligned ? 0 : c->size - 1;
    struct xasm *a = &g->a;

    if (disp > INT32_MAX - 16) {
        xa_op(a, XO_LEA, 1, r, xm(va, disp));
        xa_alui(a, ALU_ADD, 1, xr(r), last);
    } else if (disp + last) {
        xa_op(a, XO_LEA, 1, r, xm(va, disp + last));
    } else {
        xa_mov(a, 1, r, va);
    }
    xa_alui(a, ALU_AND, 1, xr(r), -(int32_t)XL_PAGE_SIZE | (c->aligned ? c->size - 1 : 0));
}

/* r = bits of the address that tell the entry, and others. */
static void index_of(struct gen *g, int r, int va, int32_t disp)
{
    struct xasm *a = &g->a;

    if (disp == 0 && x86_has(g, XF_BMI2)) {
        xa_vex(a, XO_RORX, 1, r, 0, xr(va), 9);
        return;
    }
    if (disp)
        xa_op(a, XO_LEA, 1, r, xm(va, disp));
    else
        xa_mov(a, 1, r, va);
    xa_shift(a, SH_SHR, 1, xr(r), 9);
}

/* add = host minus guest address, u = the page; add may be u or t, which is scratch. A miss
 * goes to a site of c. */
void x86_tlb_lookup(struct gen *g, int va, int32_t disp, struct cold *c, int t, int u, int add)
{
    struct xasm *a = &g->a;
    int32_t tag = c->write ? COFF(tag_w) : COFF(tag_r);

    if (c->beside) { /* t points to the entry: two registers do here as well */
        xa_op(a, XO_MOV, 1, t, x86_ctx(g->t, R_NONE, COFF(beside)));
        index_of(g, u, va, disp);
        xa_alu(a, ALU_AND, 0, u, xm(t, COFF(tlb_mask)));
        xa_alu(a, ALU_ADD, 1, t, xr(u));
    } else {
        index_of(g, t, va, disp);
        xa_alu(a, ALU_AND, 0, t, x86_ctx(g->t, R_NONE, COFF(tlb_mask)));
    }
    page_of(g, u, va, disp, c);
    xa_alu(a, ALU_CMP, 1, u, c->beside ? xm(t, tag) : x86_ctx(g->t, t, tag));
    c->site[c->n_sites++] = xa_jcc(a, CC_NE);
    xa_op(a, XO_MOV, 1, add, c->beside ? xm(t, COFF(add)) : x86_ctx(g->t, t, COFF(add)));
}

/* By the kept translation. */
static struct xrm same_page(struct gen *g, int va, int32_t disp, struct cold *c)
{
    int32_t last = (int32_t)XL_PAGE_SIZE - c->size;
    int s;

    c->page = g->last.page;
    c->add = g->last.add;
    g->locked |= BIT(c->page) | BIT(c->add);
    s = g_tmp(g);
    if (disp)
        xa_op(&g->a, XO_LEA, 1, s, xm(va, disp));
    else
        xa_mov(&g->a, 1, s, va);
    xa_alu(&g->a, ALU_SUB, 1, s, xr(c->page));
    if (c->aligned)
        xa_opi(&g->a, XO_TEST_I, 1, 0, xr(s), ~last, 4);
    else
        xa_alui(&g->a, ALU_CMP, 1, xr(s), last);
    c->site[c->n_sites++] = xa_jcc(&g->a, c->aligned ? CC_NE : CC_A);
    c->lookup = 1;
    c->write = g->last.write; /* what it finds must serve the next ones, too */
    c->resume = g->a.p;
    return xmx(c->add, va, 0, disp);
}

#define NEAR (1 << 20)

/* Is the base near one that was seen to be the guest's? The gap above the guest's addresses has
 * 2 GiB, what lies below them is nobody's. */
static int near_inside(struct gen *g, uint32_t base, int32_t disp)
{
    const struct xl_op *o = &g->b->op[base];
    int32_t k;

    return o->op == XL_OP_add && g->v[g_rep(g, o->a)].inside && g_imm32(g, o->b, 1, &k) &&
           k >= -NEAR && k <= NEAR && disp >= -NEAR && disp <= NEAR;
}

/* User mode: the operand is the address itself, once its base was seen to be the guest's. A tagged
 * base is C's each time; see user.c. */
static struct xrm direct(struct gen *g, int va, uint32_t base, int32_t disp, struct cold *c)
{
    struct xasm *a = &g->a;

    if (g->b->op[base].op == XL_OP_pc || near_inside(g, base, disp))
        g->v[base].inside = 1;
    if (!g->v[base].inside) {
        xa_alu(a, ALU_CMP, 1, va, xm(RBP, VOFF(top)));
        c->site[c->n_sites++] = xa_jcc(a, CC_AE);
        g->v[base].inside = !g->e->tagged;
    }
    if (c->aligned && disp % c->size == 0) {
        xa_opi(a, XO_TEST_I, 0, 0, xr(va), c->size - 1, 4);
        c->site[c->n_sites++] = xa_jcc(a, CC_NE);
    } else if (c->aligned) {
        int s = g_tmp(g);

        xa_op(a, XO_LEA, 1, s, xm(va, disp));
        xa_opi(a, XO_TEST_I, 0, 0, xr(s), c->size - 1, 4);
        c->site[c->n_sites++] = xa_jcc(a, CC_NE);
    }
    return xm(va, disp);
}

struct xrm x86_tlb(struct gen *g, uint32_t addr, int64_t imm, int write, struct cold *c, int t)
{
    uint32_t memop = XL_MEM_OP(imm), base = g_rep(g, addr);
    int32_t disp = XL_MEM_DISP(imm);
    int va = g_reg(g, addr), u, add;

    c->size = (uint8_t)XL_M_SIZE_OF(memop);
    c->aligned = (memop & (XL_M_ALIGN | XL_M_ATOMIC)) && c->size > 1;
    c->write = (uint8_t)write;
    c->beside = memop & XL_M_BESIDE ? 1 : 0;
    c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)va, .disp = disp};
    if (g->e->direct)
        return direct(g, va, base, disp, c);
    if (g->last.base == base && g->last.beside == c->beside && (g->last.write || !write) &&
        t < 0 && g_room(g, 3)) /* its two and one to compare with */
        return same_page(g, va, disp, c);
    if (g->v[g->i].again || g->last.base == base)
        g_forget_page(g);
    if (t < 0)
        t = g_tmp(g);
    u = g_tmp(g);
    add = g->v[g->i].again ? t : u; /* never for atomics, which want t for themselves */
    x86_tlb_lookup(g, va, disp, c, t, u, add);
    if (add != u)
        g->last = (struct last_page){base, (uint8_t)write, c->beside, (int8_t)u, (int8_t)add};
    return xmx(add, va, 0, disp);
}

/* The access is done: is its translation still wanted, or another one still kept? */
static void after_access(struct gen *g, const struct xl_op *o, struct cold *c)
{
    if (!g->v[g->i].again && g->last.base == g_rep(g, o->a))
        g_forget_page(g);
    if (g->last.base != NO_VALUE) {
        c->kept_base = g->v[g->last.base].reg;
        c->kept = (uint8_t)g->last.page;
        if (c->kept_base < 0)
            g_forget_page(g);
    }
    c->back = g->a.p;
}

static void load_int(struct gen *g, uint32_t memop, int d, struct xrm m)
{
    static const uint32_t op[2][4] = {{XO_MOVZX8, XO_MOVZX16, XO_MOV, XO_MOV},
                                      {XO_MOVSX8, XO_MOVSX16, XO_MOVSXD, XO_MOV}};
    uint32_t size = memop & 7u, sign = memop & XL_M_SIGN ? 1 : 0;

    xa_op(&g->a, op[sign][size], sign || size == 3, d, m);
}

static void load(struct gen *g, const struct xl_op *o)
{
    uint32_t memop = XL_MEM_OP(o->imm);
    int fp = o->type == XL_F32 || o->type == XL_F64 || o->type == XL_V128, d;
    struct cold *c = x86_cold(g, COLD_CALL);
    struct xrm m;

    c->thunk = g->c->thunk[o->type == XL_V128 ? TH_LD128 : TH_LD];
    c->arg[1] = x86_arg_imm(memop);
    if (memop & XL_M_BIG) {
        g_forget_page(g);
        c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)g_reg(g, o->a),
                                  .disp = XL_MEM_DISP(o->imm)};
        d = g_def_new(g);
        c->site[c->n_sites++] = xa_jmp(&g->a);
    } else {
        d = fp ? g_def_new(g) : 0;
        m = x86_tlb(g, o->a, o->imm, 0, c, R_NONE);
        if (fp) {
            xa_op(&g->a, o->type == XL_V128 ? XO_MOVUPS
                         : o->type == XL_F32 ? XO_MOVSS : XO_MOVSD, 0, ENC(d), m);
        } else {
            g_free_scratch(g);
            d = g_def(g);
            load_int(g, memop, d, m);
        }
    }
    c->dst = (int8_t)d;
    c->dst_type = o->type;
    g->v[g->i].zero = o->type == XL_F32 ? ZERO_32 : o->type == XL_F64 ? ZERO_64 : ZERO_NONE;
    after_access(g, o, c);
}

static void store_imm(struct gen *g, uint32_t size, struct xrm m, int32_t imm)
{
    switch (size) {
    case 0: xa_opi(&g->a, XO_MOV8_I, 0, 0, m, imm, 1); break;
    case 1: xa_opi(&g->a, XO_MOV_I | XO_66, 0, 0, m, imm, 2); break;
    default: xa_opi(&g->a, XO_MOV_I, size == 3, 0, m, imm, 4); break;
    }
}

static void store_vec(struct gen *g, const struct xl_op *o)
{
    struct cold *c = x86_cold(g, COLD_CALL);
    int r = g_reg(g, o->b);

    c->thunk = g->c->thunk[TH_ST128];
    c->arg[1] = x86_arg_imm(XL_MEM_OP(o->imm));
    c->arg[2] = (struct carg){.kind = CARG_V128, .reg = (int8_t)r}; /* cell[3] */
    if (XL_MEM_OP(o->imm) & XL_M_BIG) {
        g_forget_page(g);
        c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)g_reg(g, o->a),
                                  .disp = XL_MEM_DISP(o->imm)};
        c->site[c->n_sites++] = xa_jmp(&g->a);
    } else {
        xa_op(&g->a, XO_MOVUPS_ST, 0, ENC(r), x86_tlb(g, o->a, o->imm, 1, c, R_NONE));
    }
    after_access(g, o, c);
}

static void store(struct gen *g, const struct xl_op *o)
{
    static const uint32_t op[4] = {XO_MOV8_ST, XO_MOV16_ST, XO_MOV_ST, XO_MOV_ST};
    uint32_t memop = XL_MEM_OP(o->imm), size = memop & 7u;
    int fp = o->type == XL_F32 || o->type == XL_F64, imm_ok, r = 0;
    struct cold *c = x86_cold(g, COLD_CALL);
    uint32_t v = o->b;
    struct xrm m;
    int32_t imm;

    if (g->v[g_rep(g, v)].defer) { /* the bits of a float */
        v = g->b->op[g_rep(g, v)].a;
        fp = 1;
    }
    c->thunk = g->c->thunk[TH_ST];
    imm_ok = !fp && g_imm32(g, v, size == 3, &imm);
    if (imm_ok) {
        c->arg[1] = x86_arg_imm(imm);
    } else {
        r = g_reg(g, v);
        c->arg[1] = (struct carg){.kind = !fp ? CARG_GPR : size == 2 ? CARG_F32 : CARG_F64,
                                  .reg = (int8_t)r};
    }
    c->arg[2] = x86_arg_imm(memop);
    if (memop & XL_M_BIG) {
        g_forget_page(g);
        c->arg[0] = (struct carg){.kind = CARG_GPR, .reg = (int8_t)g_reg(g, o->a),
                                  .disp = XL_MEM_DISP(o->imm)};
        c->site[c->n_sites++] = xa_jmp(&g->a);
    } else {
        m = x86_tlb(g, o->a, o->imm, 1, c, R_NONE);
        if (imm_ok)
            store_imm(g, size, m, imm);
        else if (fp)
            xa_op(&g->a, size == 2 ? XO_MOVSS_ST : XO_MOVSD_ST, 0, ENC(r), m);
        else
            xa_op(&g->a, op[size], size == 3, r, m);
    }
    after_access(g, o, c);
}

void x86_sel_mem(struct gen *g, const struct xl_op *o)
{
    switch (o->op) {
    case XL_OP_ld: load(g, o); break;
    case XL_OP_st:
        if (o->type == XL_V128)
            store_vec(g, o);
        else
            store(g, o);
        if ((XL_MEM_OP(o->imm) & XL_M_SEQ) == XL_M_SEQ)
            xa_opi(&g->a, 0x83 | XO_LOCK, 0, ALU_OR, xm(RSP, 0), 0, 1);
        break;
    default: /* fence: a locked instruction is the cheapest full barrier */
        if (o->flags & XL_FENCE_WR)
            xa_opi(&g->a, 0x83 | XO_LOCK, 0, ALU_OR, xm(RSP, 0), 0, 1);
        break;
    }
}
