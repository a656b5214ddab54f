/* SPDX-License-Identifier: MIT */
/* plugboard/riscv.h - what a RISC-V hart asks of the parts around it.
 *
 * A hart has an optional link to each of these. Names and numbers are those of The RISC-V
 * Advanced Interrupt Architecture 1.0.
 */
#ifndef PLUGBOARD_RISCV_H
#define PLUGBOARD_RISCV_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Interrupt files of one privilege level, as the hart's CSRs reach them (chapter 3). `hart` is the
 * vCPU's index; `file` is 0 for the hart's own, 1 and up for those of its guests. */
#define PB_RISCV_IMSIC "pb.riscv.imsic/1"
struct pb_riscv_imsic { /* [any] */
    uint32_t size, reserved;
    /* Register `reg` (0x70 to 0xff, what *iselect holds), 64 bits wide: *old is what it was, then
     * the bits in `mask` become those of `v`, at once as messages see it. PB_ENOENT: there is no
     * such register, or no such file. */
    int (*access)(void *self, uint32_t hart, uint32_t file, uint32_t reg, uint64_t mask,
                  uint64_t v, uint64_t *old);
    /* *topei: identity << 16 | identity of the first that is pending and enabled, or 0. `claim`:
     * and is not pending any more. */
    uint32_t (*top)(void *self, uint32_t hart, uint32_t file, uint32_t claim);
};

#ifdef __cplusplus
}
#endif
#endif
