/* SPDX-License-Identifier: MIT */
/* props.h - the class's properties: one switch for each feature, by enum a64_ext, then the
 * rest. Number 0, the base, is the link to the GIC instead. */
#ifndef A64_PROPS_H
#define A64_PROPS_H

#include "aarch64.h"

enum { A64_P_GIC = 0, A64_P_FIRMWARE = A64_X_COUNT, A64_P_MPIDR, A64_P_CNTFRQ, A64_P_RESET,
       A64_P_BOOT_EL, A64_P_SEMIHOST, A64_P_ENGINE, A64_P_VFP, A64_P_NEON, A64_P_IMPDEF,
#define A64_FIXED(id, prop, value, text) A64_P_##id,
#include "fixed.def"
#undef A64_FIXED
       A64_P_COUNT };
extern const struct pb_prop a64_props[A64_P_COUNT];

#endif
