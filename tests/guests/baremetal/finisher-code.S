/* SPDX-License-Identifier: MIT */
/* finisher-code.S - writes CODE << 16 | 0x3333 (fail, with a code) to the SiFive test finisher,
 * so the emulator's exit status is CODE (given by -DCODE=).
 * Not modelled: nothing; this is a guest. */
        .globl _start
_start: li      t0, 0x100000
        li      t1, (CODE << 16) | 0x3333
        sw      t1, 0(t0)
1:      j       1b
