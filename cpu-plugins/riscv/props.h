/* SPDX-License-Identifier: MIT */
/* props.h - the class's properties: one switch for each extension, by enum rv_ext, then the
 * rest. Number 0 would be the base ISA; it is the counter link instead. */
#ifndef RV_PROPS_H
#define RV_PROPS_H

#include "rv.h"

enum { RV_P_COUNTER = 0, RV_P_MMU = RV_X_COUNT, RV_P_RESET, RV_P_ENGINE,
       RV_P_IMSIC_M, RV_P_IMSIC_S, RV_P_SEMIHOST, RV_P_COUNT };
extern const struct pb_prop rv_props[RV_P_COUNT];

#endif
