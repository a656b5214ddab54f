/* SPDX-License-Identifier: MIT */
/* bf16.c - bfloat16: binary32 without the lower half of its bits. */
#include "soft.h"
#include "wide.h"

#define F bf16
#define RAW sf_bf16
#define P 8
#define EBITS 8
#define QUIET_FLUSH false
#include "small.inc"
