/* SPDX-License-Identifier: MIT */
/* helpers.c - the functions that translated code calls, and the slots it keeps registers in.
 *
 * Ranks put the registers that compiled code uses most into host registers first.
 */
#include "helpers.h"

#include <stddef.h>

const struct xl_helper a64_helpers[A64_HELPERS] = {
    [A64_H_UNDEF] = {"undef", a64_undef_helper, A64_FAULTS, 0, 0, 0},
    [A64_H_PC_ALIGN] = {"pc_align", a64_pc_align_helper, A64_FAULTS, 0, 0, 0},
    [A64_H_FP_TRAP] = {"fp_trap", a64_fp_trap_helper, A64_FAULTS, 0, 0, 0},
    [A64_H_NZCV] = {"nzcv", a64_nzcv_helper, XL_H_PURE, 4, XL_I64, 0},
    [A64_H_EXC] = {"exception", a64_exc_helper, A64_FAULTS, 3, 0, 0},
    [A64_H_MRS] = {"mrs", a64_mrs_helper, A64_FAULTS | XL_H_FP, 2, XL_I64, 0},
    [A64_H_MSR] = {"msr", a64_msr_helper, A64_FAULTS | XL_H_FP, 3, 0, 0},
    [A64_H_SYS] = {"sys", a64_sys_helper, A64_FAULTS, 3, 0, 0},
    [A64_H_CRC32] = {"crc32", a64_crc32_helper, XL_H_PURE, 3, XL_I64, 0},
    [A64_H_PSTATE] = {"pstate", a64_pstate_helper, A64_FAULTS, 2, 0, 0},
    [A64_H_CLREX] = {"clrex", a64_clrex_helper, 0, 0, 0, 0},
    [A64_H_ERET] = {"eret", a64_eret_helper, A64_FAULTS, 1, XL_I64, 0},
    [A64_H_WAIT] = {"wait", a64_wait_helper, A64_FAULTS, 1, 0, 0},
    [A64_H_SEV] = {"sev", a64_sev_helper, 0, 1, 0, 0},
    [A64_H_DSB] = {"dsb", a64_dsb_helper, 0, 0, 0, 0},
    [A64_H_STEP] = {"step", a64_step_helper, A64_FAULTS, 0, 0, 0},
    [A64_H_BREAK] = {"break", a64_break_helper, A64_FAULTS, 0, 0, 0},
    [A64_H_PAC] = {"pac", a64_pac_helper, 0, 3, XL_I64, 0},
    [A64_H_LDXP] = {"ldxp", a64_ldxp_helper, A64_FAULTS, 2, 0, 0},
    [A64_H_STXP] = {"stxp", a64_stxp_helper, A64_FAULTS, 3, XL_I64, 0},
    [A64_H_CASP] = {"casp", a64_casp_helper, A64_FAULTS, 2, 0, 0},
#define A64_HELPER(id, name, fn, flags, n_args, type, vec) \
    [A64_H_##id] = {name, fn, flags, n_args, type, vec},
#include "helpers-simd.def"
#undef A64_HELPER
};

#define X(n, rank) \
    {"x" #n, (uint32_t)(offsetof(struct a64, gpr) + (n)*8), XL_I64, rank, 0}
#define C(name) {#name, (uint32_t)offsetof(struct a64, name), XL_I64, 0, 0}
#define V(n, rank) \
    [A64_SLOT_V + (n)] = {"v" #n, (uint32_t)(offsetof(struct a64, v) + (n)*16), XL_V128, rank, 0}
#define S(id) \
    [A64_SLOT_##id] = {#id, (uint32_t)(offsetof(struct a64, sr) + SR_##id * 8), XL_I64, 0, 0}

const struct xl_slot a64_slots[A64_SLOTS] = {
    X(0, 1), X(1, 2), X(2, 4), X(3, 6), X(4, 11), X(5, 12), X(6, 13), X(7, 15), X(8, 10),
    X(9, 16), X(10, 17), X(11, 18), X(12, 19), X(13, 20), X(14, 24), X(15, 25), X(16, 26),
    X(17, 27), X(18, 31), X(19, 5), X(20, 7), X(21, 9), X(22, 14), X(23, 21), X(24, 22),
    X(25, 23), X(26, 28), X(27, 29), X(28, 30), X(29, 8), X(30, 32),
    {"sp", (uint32_t)(offsetof(struct a64, gpr) + 31 * 8), XL_I64, 3, 0},
    C(pstate), C(cc), C(cca), C(ccb), C(ccc),
    V(0, 1), V(1, 2), V(2, 3), V(3, 4), V(4, 5), V(5, 6), V(6, 7), V(7, 8), V(8, 11), V(9, 12),
    V(10, 13), V(11, 14), V(12, 15), V(13, 16), V(14, 17), V(15, 18), V(16, 9), V(17, 10),
    V(18, 19), V(19, 20), V(20, 21), V(21, 22), V(22, 23), V(23, 24), V(24, 25), V(25, 26),
    V(26, 27), V(27, 28), V(28, 29), V(29, 30), V(30, 31), V(31, 32),
    [A64_SLOT_QC] = {"qc", (uint32_t)offsetof(struct a64, qc), XL_V128, 0, 0},
    S(TPIDR_EL0), S(TPIDRRO_EL0), S(TPIDR_EL1), S(SP_EL0), S(ELR_EL1), S(SPSR_EL1), S(ESR_EL1),
    S(FAR_EL1),
};
