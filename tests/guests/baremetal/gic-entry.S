/* SPDX-License-Identifier: MIT */
/* gic-entry.S - first bytes of gic.c at the reset vector, in EL3: a stack for each CPU, EL3's vectors
 * for what comes from below, and the way down to EL1 and back.
 * Arm DDI 0487, D1.3 (exception vectors), D19.2.132 (SCR_EL3).
 * Not modelled: nothing; this is a guest. */
#include "secure-start.h"
        .globl  below, up
        start

/* void below(void (*to)(void), uint64_t scr): runs it in EL1, all masked, until it calls up(). */
below:  stp     x19, x20, [sp, -96]!
        stp     x21, x22, [sp, 16]
        stp     x23, x24, [sp, 32]
        stp     x25, x26, [sp, 48]
        stp     x27, x28, [sp, 64]
        stp     x29, x30, [sp, 80]
        msr     elr_el3, x0
        msr     scr_el3, x1
        ldr     x3, =0x40080000
        msr     sp_el1, x3
        ldr     x3, =0x30d00800        /* SCTLR_EL1's RES1 */
        msr     sctlr_el1, x3
        mov     x3, 0x3c5              /* EL1h */
        msr     spsr_el3, x3
        isb
        eret

up:     smc     0

back:   add     sp, sp, 256            /* what entering has saved */
        ldp     x21, x22, [sp, 16]
        ldp     x23, x24, [sp, 32]
        ldp     x25, x26, [sp, 48]
        ldp     x27, x28, [sp, 64]
        ldp     x29, x30, [sp, 80]
        ldp     x19, x20, [sp], 96
        ret

        .macro  enter handler
        stp     x0, x1, [sp, -256]!
        stp     x2, x3, [sp, 16]
        stp     x4, x5, [sp, 32]
        stp     x6, x7, [sp, 48]
        stp     x8, x9, [sp, 64]
        stp     x10, x11, [sp, 80]
        stp     x12, x13, [sp, 96]
        stp     x14, x15, [sp, 112]
        stp     x16, x17, [sp, 128]
        stp     x18, x30, [sp, 144]
        mrs     x0, esr_el3
        lsr     x1, x0, 26
        cmp     x1, 0x17               /* SMC */
        bl      \handler
        ldp     x2, x3, [sp, 16]
        ldp     x4, x5, [sp, 32]
        ldp     x6, x7, [sp, 48]
        ldp     x8, x9, [sp, 64]
        ldp     x10, x11, [sp, 80]
        ldp     x12, x13, [sp, 96]
        ldp     x14, x15, [sp, 112]
        ldp     x16, x17, [sp, 128]
        ldp     x18, x30, [sp, 144]
        ldp     x0, x1, [sp], 256
        eret
        .endm

sync:   b.eq    back
        str     x30, [sp, 240]
        bl      el3_trapped
        ldr     x30, [sp, 240]
        mrs     x1, elr_el3
        add     x1, x1, 4
        msr     elr_el3, x1
        ret

        .balign 2048
el3_vectors:
        .space  0x400
        enter   sync                   /* from below: synchronous, IRQ, FIQ */
        .balign 0x80
        .space  0x80
        enter   el3_fiq
        .balign 2048
