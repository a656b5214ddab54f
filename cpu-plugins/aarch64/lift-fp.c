/* SPDX-License-Identifier: MIT */
/* lift-fp.c - rows of a64-simd.decode, by the files that know them. */
#include "lift.h"

int lift_fp(struct lift *l)
{
    (void)l;
    return 0;
}
