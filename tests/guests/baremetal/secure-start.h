/* SPDX-License-Identifier: MIT */
/* secure-start.h - for assembly: how the bare programs of virt with secure=on start at the reset
 * vector, in EL3: a stack of 4 KiB for each CPU in Secure memory, EL3's vectors; then el3_main()
 * on CPU 0, and el3_other(CurrentEL) on the others.
 * Arm DDI 0487, D1.3 (exception vectors). Not modelled: nothing; this is a guest. */
        .macro  start
        .section .text.entry, "ax"
        .globl  _start
_start: mrs     x1, mpidr_el1
        and     x1, x1, 0xff
        ldr     x0, =0xe010000
        sub     x0, x0, x1, lsl 12
        mov     sp, x0
        adr     x0, el3_vectors
        msr     vbar_el3, x0
        isb
        cbnz    x1, 2f
        bl      el3_main
1:      wfi
        b       1b
2:      mrs     x0, currentel
        bl      el3_other
        b       1b
        .endm
