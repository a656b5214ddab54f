/* SPDX-License-Identifier: MIT */
/* float-entry.S - first bytes of float.c: the first CPU switches its floating point on, takes a
 * stack behind the image and goes to C.
 * Not modelled: nothing; this is a guest. */
        .section .text.entry, "ax"
        .globl _start
#if defined(__riscv)
_start: bnez    a0, 1f
        li      t0, 1 << 13            /* mstatus.FS */
        csrs    mstatus, t0
        la      sp, bss_end + 4096
        andi    sp, sp, -16
        call    kernel_main
1:      wfi
        j       1b
#else
_start: mov     x0, 3 << 20            /* CPACR_EL1.FPEN */
        msr     cpacr_el1, x0
        isb
        adrp    x0, bss_end
        add     sp, x0, 8192
        bl      kernel_main
1:      wfi
        b       1b
#endif
