/* SPDX-License-Identifier: MIT */
/* props.h - the class's properties: one switch for each extension, by enum rv_ext, then the
 * rest. Number 0 would be the base ISA; it is the counter link instead. */
#ifndef RV_PROPS_H
#define RV_PROPS_H

#include "rv.h"

enum { RV_P_COUNTER = 0, RV_P_MMU = RV_X_COUNT, RV_P_RESET, RV_P_ENGINE,
       RV_P_IMSIC_M, RV_P_IMSIC_S, RV_P_SEMIHOST,
       RV_P_MMU_ON, RV_P_SV39, RV_P_SV48, RV_P_SV57, RV_P_G, RV_P_SHORT,
       RV_P_VENDOR, RV_P_ARCH, RV_P_IMP, RV_P_PRIV_SPEC, RV_P_CBOM, RV_P_CBOP,
       RV_P_CBOZ, RV_P_VLEN, RV_P_ELEN,
#define RV_FIXED(id, prop, value, text) RV_P_##id,
#include "fixed.def"
#undef RV_FIXED
       RV_P_COUNT };
extern const struct pb_prop rv_props[RV_P_COUNT];

#endif
