/* SPDX-License-Identifier: MIT */
/* f16.c - binary16. Arm's FZ16 flushes operands without a flag (DDI 0487, FPUnpackBase). */
#include "soft.h"
#include "wide.h"

#define F f16
#define RAW sf_f16
#define P 11
#define EBITS 5
#define QUIET_FLUSH true
#include "small.inc"
