/* SPDX-License-Identifier: MIT */
/* decode-formats-simd.h - operands of floating point and Advanced SIMD.
 * Arm Architecture Reference Manual, DDI 0487: C4.1.96 (data processing, scalar FP and SIMD).
 */
#ifndef A64_DECODE_FORMATS_SIMD_H
#define A64_DECODE_FORMATS_SIMD_H
#endif
