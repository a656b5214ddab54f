/* SPDX-License-Identifier: MIT */
/* fp-watch.c - the guest's sticky flags, read without waiting for its arithmetic.
 * Intel SDM volume 1, 10.2.3 (MXCSR), 11.5.2, 11.5.4 (unmasked exceptions, which are faults).
 *
 * On RISC-V compilers read the flags before each quiet comparison, to write them back after it, and
 * stmxcsr waits until all arithmetic before it is done: half of an n-body program's time was this.
 * So in user mode, once inexact is set, the exceptions whose flags are clear are unmasked. As long
 * as none traps the flags are what they were (`fp_known`), and reading them is a load. When one
 * traps (SIGFPE) all are masked again and the instruction is done again: MXCSR then tells the
 * flags, as it always does without this, and the next read may try anew. A trap sets flags by other
 * rules (underflow also for exact results), so they are put back first.
 *
 * Whenever generated code calls C that cares for MXCSR, or is left, all is masked (thunks.c): the
 * state begins and ends in it. Each try costs some of a budget, each trap more, so programs that
 * raise flags or leave generated code all the time soon do without.
 *
 * Not modelled: with a machine, where signals are the host program's; other guests than RISC-V.
 */
#include "x86.h"

#include <signal.h>
#include <ucontext.h>

#define KNOWN 0x80000000u
#define CSR_FLAGS 0x3fu
#define CSR_PE 0x20u  /* inexact: clear only at a program's begin */
#define CSR_DM 0x100u /* denormal operands have no flag in RISC-V: always masked */
#define TRAP_COST 64u

uint64_t x86_fp_watch(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                      uint64_t e)
{
    uint32_t m = x->mxcsr, flags = xl_fp_flags(x);

    (void)a, (void)b, (void)c, (void)d, (void)e;
    x->mxcsr = (m & ~CSR_MASKS) | (m & CSR_FLAGS) << 7 | CSR_DM; /* a mask is 7 above its flag */
    x->fp_known = KNOWN | flags;
    x->fp_budget--;
    return flags;
}

int x86_fp_trap(struct xl_vcpu *x, void *ucontext)
{
    uint32_t *m = &((ucontext_t *)ucontext)->uc_mcontext.fpregs->mxcsr;

    if (!x->fp_known)
        return 0;
    x->fp_known = 0;
    x->fp_budget -= x->fp_budget < TRAP_COST ? x->fp_budget : TRAP_COST;
    *m &= ~CSR_FLAGS | *m >> 7; /* those not masked were clear before */
    *m |= CSR_MASKS;
    return 1;
}

void x86_read_flags(struct gen *g, int d, int t)
{
    xa_csr(&g->a, 1, xm(RBP, VOFF(mxcsr)));
    xa_op(&g->a, XO_MOV, 0, d, xm(RBP, VOFF(mxcsr)));
    xa_alui(&g->a, ALU_AND, 0, xr(d), CSR_FLAGS);
    xa_op(&g->a, XO_LEA, 1, t, xmrip(g->c->k->flags));
    xa_op(&g->a, XO_MOVZX8, 0, d, xmx(t, d, 0, 0));
    xa_op(&g->a, XO_MOVZX8, 0, t, xm(RBP, VOFF(fp_flags)));
    xa_alu(&g->a, ALU_OR, 0, d, xr(t));
}

void x86_get_flags(struct gen *g)
{
    int t = g_tmp(g), d = g_def_new(g);
    struct cold *c;

    if (!g->e->direct || g->t->nan_rule != 0) { /* SF_NAN_RISCV */
        x86_read_flags(g, d, t);
        return;
    }
    c = x86_cold(g, COLD_FLAGS);
    c->dst = (int8_t)d;
    c->page = (int8_t)t; /* scratch */
    xa_op(&g->a, XO_MOV, 0, d, xm(RBP, VOFF(fp_known)));
    xa_op(&g->a, XO_TEST, 0, d, xr(d));
    c->site[c->n_sites++] = xa_jcc(&g->a, CC_NS);
    xa_alui(&g->a, ALU_AND, 0, xr(d), 0x1f);
    c->back = g->a.p;
}

void x86_flags_emit(struct gen *g, const struct cold *c)
{
    const uint8_t *back = c->back + g->a.rx;

    x86_read_flags(g, c->dst, c->page);
    xa_alui(&g->a, ALU_CMP, 0, xm(RBP, VOFF(fp_budget)), 0);
    xa_jcc_to(&g->a, CC_E, back);
    xa_opi(&g->a, XO_TEST_I, 0, 0, xm(RBP, VOFF(mxcsr)), (int32_t)CSR_PE, 4);
    xa_jcc_to(&g->a, CC_E, back);
    xa_call_to(&g->a, g->c->thunk[TH_WATCH]);
    x86_result(g, c->dst, XL_I64);
    xa_jmp_to(&g->a, back);
}
