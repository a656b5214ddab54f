/* SPDX-License-Identifier: MIT */
/* guest.S - a guest of KVM, at 0x40000000: counts ticks of its virtual timer, asks for an SPI, and
 * switches itself off. x0: version of its GIC.
 * Words to 0xa000000 are for the program that made it: +0 the ticks, +4 raise SPI 0, +8 lower it,
 * +12 how often it came.
 * Not modelled: nothing; this is a guest. */
        .section .rodata
        .globl guest, guest_end
        .balign 2048
guest:  mov     x28, x0
        adr     x1, vectors
        msr     vbar_el1, x1
        ldr     x25, =0x8000000        /* distributor */
        ldr     x26, =0x8010000        /* CPU interface of a GICv2 */
        ldr     x27, =0xa000000
        mov     w19, 1 << 27           /* the virtual timer */
        mov     w18, 1
        mov     w17, 0xf0
        mov     x20, 0
        mov     x21, 0
        cmp     x28, 3
        b.eq    three
        str     w19, [x25, 0x100]
        str     w18, [x25, 0x104]      /* SPI 0 */
        strb    w18, [x25, 0x820]
        str     w18, [x25]
        str     w17, [x26, 4]
        str     w18, [x26]
        b       timer
three:  mov     w2, 0x12               /* affinity routing, Group 1 */
        str     w2, [x25]
        ldr     x3, =0x80a0000         /* redistributor */
        str     wzr, [x3, 0x14]
        add     x3, x3, 0x10000
        mov     w2, -1
        str     w2, [x3, 0x80]
        str     w19, [x3, 0x100]
        str     w2, [x25, 0x84]
        str     w18, [x25, 0x104]
        mov     x2, 7
        msr     s3_0_c12_c12_5, x2     /* ICC_SRE_EL1 */
        isb
        msr     s3_0_c4_c6_0, x17      /* ICC_PMR_EL1 */
        msr     s3_0_c12_c12_7, x18    /* ICC_IGRPEN1_EL1 */
        isb
timer:  mrs     x24, cntfrq_el0
        lsr     x24, x24, 10
        msr     cntv_tval_el0, x24
        msr     cntv_ctl_el0, x18
        msr     daifclr, 2
1:      wfi
        cmp     x20, 20
        b.lt    1b
        str     w20, [x27]
        str     w18, [x27, 4]
2:      wfi
        cbz     x21, 2b
        str     w21, [x27, 12]
        ldr     w0, =0x84000008        /* PSCI SYSTEM_OFF */
        hvc     0
        b       .

irq:    cmp     x28, 3
        b.eq    3f
        ldr     w4, [x26, 12]
        b       4f
3:      mrs     x4, s3_0_c12_c12_0     /* ICC_IAR1_EL1 */
4:      and     w5, w4, 0x3ff
        cmp     w5, 27
        b.ne    5f
        msr     cntv_tval_el0, x24
        add     x20, x20, 1
5:      cmp     w5, 32
        b.ne    6f
        str     w18, [x27, 8]
        add     x21, x21, 1
6:      cmp     x28, 3
        b.eq    7f
        str     w4, [x26, 16]
        eret
7:      msr     s3_0_c12_c12_1, x4     /* ICC_EOIR1_EL1 */
        isb
        eret
        .ltorg
        .balign 2048
vectors:
        .space  0x280
        b       irq
        .balign 2048
guest_end:
