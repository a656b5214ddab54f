/* SPDX-License-Identifier: MIT */
/* helpers.h - the functions behind a64_helpers[]. */
#ifndef A64_HELPERS_H
#define A64_HELPERS_H

#include "aarch64.h"

#define A64_HELPER_FN(name) \
    uint64_t name(struct xl_vcpu *x, uint64_t a, uint64_t b, uint64_t c, uint64_t d)

A64_HELPER_FN(a64_nzcv_helper);
A64_HELPER_FN(a64_undef_helper);
A64_HELPER_FN(a64_pc_align_helper);
A64_HELPER_FN(a64_fp_trap_helper);
XL_NEAR A64_HELPER_FN(a64_exc_helper);
A64_HELPER_FN(a64_mrs_helper);
A64_HELPER_FN(a64_msr_helper);
A64_HELPER_FN(a64_sys_helper);
A64_HELPER_FN(a64_dsb_helper);
A64_HELPER_FN(a64_crc32_helper);
A64_HELPER_FN(a64_pstate_helper);
A64_HELPER_FN(a64_clrex_helper);
A64_HELPER_FN(a64_eret_helper);
A64_HELPER_FN(a64_wait_helper);
A64_HELPER_FN(a64_sev_helper);
A64_HELPER_FN(a64_pac_helper);
A64_HELPER_FN(a64_step_helper);
A64_HELPER_FN(a64_break_helper);
A64_HELPER_FN(a64_ldxp_helper);
A64_HELPER_FN(a64_stxp_helper);
A64_HELPER_FN(a64_casp_helper);

#define A64_HELPER(id, name, fn, flags, n_args, type, vec) A64_HELPER_FN(fn);
#include "helpers-simd.def"
#undef A64_HELPER

uint32_t a64_urecpe(uint32_t v);  /* estimates of helpers-estimate.c */
uint32_t a64_ursqrte(uint32_t v);

#endif
