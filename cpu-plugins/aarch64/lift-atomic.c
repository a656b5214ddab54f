/* SPDX-License-Identifier: MIT */
#include "lift.h"

int lift_atomic(struct lift *l)
{
    (void)l;
    return 0;
}
