/* SPDX-License-Identifier: MIT */
/* except.c - exceptions. */
#include "helpers.h"

int a64_fp_trapped(const struct a64 *c)
{
    (void)c;
    return 0;
}

A64_HELPER_FN(a64_undef_helper)
{
    (void)a, (void)b, (void)c, (void)d;
    xl_sync(x);
    x->leave_code = 0;
    xl_leave(x);
}

A64_HELPER_FN(a64_pc_align_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_fp_trap_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_exc_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_mrs_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_msr_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_sys_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

A64_HELPER_FN(a64_crc32_helper)
{
    return a64_undef_helper(x, a, b, c, d);
}

void a64_fault(struct xl_vcpu *x, uint64_t va, uint32_t access, int code)
{
    (void)x, (void)va, (void)access, (void)code;
}

int a64_interrupt(struct xl_vcpu *x)
{
    x->pending = 0;
    return 0;
}

int a64_walk(struct xl_vcpu *x, uint64_t va, uint32_t access, uint32_t probe, struct xl_walk *w)
{
    (void)x, (void)access, (void)probe;
    *w = (struct xl_walk){.pa = va, .prot = 7, .bits = 12};
    return 0;
}

void a64_ctxkey(struct xl_vcpu *x, struct xl_ctxkey *k)
{
    k->a = 0;
    k->b = a64_el(a64_of(x));
}
