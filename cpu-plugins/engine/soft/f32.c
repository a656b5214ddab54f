/* SPDX-License-Identifier: MIT */
/* f32.c - binary32. */
#include "soft.h"
#include "wide.h"

#define F f32
#define RAW sf_f32
#define P 24
#define EBITS 8
#define QUIET_FLUSH false
#include "small.inc"
