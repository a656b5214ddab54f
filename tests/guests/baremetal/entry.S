/* SPDX-License-Identifier: MIT */
/* entry.S - first bytes of the rCore-style kernel: hart 0 clears .bss, takes a stack and goes to
 * C with a0 and a1 as they came; the others wait for ever.
 * Not modelled: nothing; this is a guest. */
        .section .text.entry, "ax"
        .globl _start
_start: bnez    a0, 3f
        la      t0, bss_begin
        la      t1, bss_end
1:      bgeu    t0, t1, 2f
        sd      zero, 0(t0)
        addi    t0, t0, 8
        j       1b
2:      la      sp, stack_end
        call    kernel_main
3:      wfi
        j       3b
        .section .bss.stack, "aw", @nobits
        .balign 16
        .skip   4096
stack_end:
