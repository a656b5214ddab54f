# SPDX-License-Identifier: MIT
# probe.S - a guest of a few instructions: adds 40 and 2 on the @name@ at 0x4000000, waits for
# STATUS.DONE, prints "@name@: ID ok, sum ok" on the UART and powers the machine off.
#
# riscv64-linux-gnu-gcc -nostdlib -static -march=rv64imac -mabi=lp64 -no-pie \
#     -Wl,-Ttext=0x80000000 -o build/probe guest/probe.S
        .equ    DEV, 0x4000000
        .equ    UART, 0x10000000
        .equ    FINISHER, 0x100000
        .globl  _start
_start:
        li      s0, DEV
        lw      a0, 0(s0)               # ID
        li      a1, 0x504c5547
        bne     a0, a1, bad
        li      a0, 40
        sw      a0, 12(s0)              # DATA
        li      a0, 2
        sw      a0, 12(s0)
1:      lw      a0, 8(s0)               # STATUS
        andi    a0, a0, 1
        beqz    a0, 1b
        lw      a0, 12(s0)
        li      a1, 42
        bne     a0, a1, bad
        la      a0, good_text
        li      s1, 0x5555              # power off, status 0
        j       print
bad:    la      a0, bad_text
        li      s1, (1 << 16) | 0x3333  # power off, status 1
print:  li      a1, UART
2:      lbu     a2, 0(a0)
        beqz    a2, 4f
3:      lbu     a3, 5(a1)               # LSR
        andi    a3, a3, 0x20            # THRE
        beqz    a3, 3b
        sb      a2, 0(a1)
        addi    a0, a0, 1
        j       2b
4:      li      a1, FINISHER
        sw      s1, 0(a1)
5:      j       5b
good_text:
        .asciz  "@name@: ID ok, sum ok\r\n"
bad_text:
        .asciz  "@name@: does not answer as it should\r\n"
