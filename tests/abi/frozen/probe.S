# SPDX-License-Identifier: MIT
# probe.S - a guest for the frozen plugins: reads the counter twice, lets the copier copy eight
# bytes, prints "frozen ok" on the frozen UART; powers off with status 0, or the number of the
# step that failed.
        .equ    COUNTER, 0x4000000
        .equ    COPIER, 0x4001000
        .equ    UART, 0x4002000
        .equ    FINISHER, 0x100000
        .globl  _start
_start: li      s0, COUNTER
        li      s2, 1
        lw      a0, 4(s0)
        bnez    a0, fail
        lw      a0, 4(s0)
        li      a1, 1
        bne     a0, a1, fail
        li      s2, 2
        li      s0, COPIER
        la      a0, text
        sd      a0, 0(s0)
        la      a1, there
        sd      a1, 8(s0)
        li      a2, 8
        sd      a2, 16(s0)
        li      a2, 1
        sw      a2, 24(s0)
1:      lw      a2, 28(s0)
        andi    a3, a2, 4
        bnez    a3, 1b
        li      a3, 1
        bne     a2, a3, fail
        ld      a2, 0(a0)
        ld      a3, 0(a1)
        bne     a2, a3, fail
        li      s2, 3
        li      s0, UART
        la      a0, text
2:      lbu     a1, 0(a0)
        beqz    a1, good
        sb      a1, 0(s0)
        addi    a0, a0, 1
        j       2b
good:   li      a1, 0x5555
        j       out
fail:   slli    a1, s2, 16
        li      a0, 0x3333
        or      a1, a1, a0
out:    li      a0, FINISHER
        sw      a1, 0(a0)
3:      j       3b
        .balign 8
text:   .asciz  "frozen ok\n"
        .balign 8
there:  .dword  0
