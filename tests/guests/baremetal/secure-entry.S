/* SPDX-License-Identifier: MIT */
/* secure-entry.S - first bytes of secure.c at the reset vector, in EL3: a stack in Secure memory; the
 * vectors of both levels; loads that may fault; the way down to Non-secure EL1.
 * Arm DDI 0487, D1.3 (exception vectors), D19.2.132 (SCR_EL3).
 * Not modelled: nothing; this is a guest. */
#include "secure-start.h"
        .globl  probe, descend, call_up
        start

/* uint64_t probe(uint64_t address): the syndrome of a load there, 0 if it is answered. */
probe:  mov     x1, 0
        ldr     w2, [x0]
        mov     x0, x1
        ret

/* void descend(void (*to)(void), uint64_t offset): on at `to` in the copy of this image that is
 * `offset` above it. */
descend: add    x0, x0, x1
        msr     elr_el3, x0
        adr     x2, el1_vectors
        add     x2, x2, x1
        msr     vbar_el1, x2
        ldr     x3, =0x40080000
        msr     sp_el1, x3
        mov     x3, 0x431              /* RW, RES1, NS */
        msr     scr_el3, x3
        ldr     x3, =0x30d00800        /* SCTLR_EL1's RES1 */
        msr     sctlr_el1, x3
        mov     x3, 0x3c5              /* EL1h, all masked */
        msr     spsr_el3, x3
        isb
        eret

call_up: smc    0
        ret

        .macro  skip level
        mrs     x1, esr_\level
        mrs     x3, elr_\level
        add     x3, x3, 4
        msr     elr_\level, x3
        eret
        .endm

        .balign 2048
el3_vectors:
        .space  0x200
        skip    el3
        .balign 0x200
        .balign 0x400
        b       el3_called             /* the only one from below */
        .balign 2048
el1_vectors:
        .space  0x200
        skip    el1
        .balign 2048
