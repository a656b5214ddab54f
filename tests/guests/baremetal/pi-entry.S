/* SPDX-License-Identifier: MIT */
/* pi-entry.S - first bytes of a bare program for the Raspberry Pi 3, at 0x80000: takes a stack below
 * itself and goes to C; waits for ever afterwards.
 * Not modelled: nothing; this is a guest. */
        .section .text.entry, "ax"
        .globl _start
_start: ldr     x1, =_start
        mov     sp, x1
        bl      kernel_main
1:      wfi
        b       1b
