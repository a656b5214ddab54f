/* SPDX-License-Identifier: MIT */
/* plugboard/semihost.h - what a bare program asks of the host through its CPU. ABI 1.1.
 *
 * "Semihosting for AArch32 and AArch64" (Arm), which RISC-V's "Semihosting" takes over: an
 * instruction that stands for a call, an operation's number, one argument that mostly is the
 * address of a block of words. A CPU has a link to who serves it; without one the instruction
 * is what it is elsewhere.
 */
#ifndef PLUGBOARD_SEMIHOST_H
#define PLUGBOARD_SEMIHOST_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_SEMIHOST "pb.semihost/1"

enum {
    PB_SEMIHOST_PASS, /* not for this program: the CPU takes its exception */
    PB_SEMIHOST_DONE, /* `result` goes to the program's register */
    PB_SEMIHOST_AGAIN /* the host is not ready: the CPU stays at the instruction and asks again */
};

struct pb_semihost_call {
    uint32_t size, cpu; /* index of the vCPU */
    uint32_t word;      /* bytes of a word of the block: 4, 8 */
    uint32_t user;      /* the program is not privileged */
    uint64_t op, arg;
    uint64_t result;    /* out */
    /* Copy n bytes from, or with `write` to, the program's memory at `va`, as it is mapped for the
     * caller. PB_OK or PB_EFAULT; then a part may have been copied. */
    int (*copy)(void *cpu_self, uint64_t va, void *buf, uint64_t n, uint32_t write);
    void *cpu_self;
};

struct pb_semihost {
    uint32_t size, reserved;
    /* PB_SEMIHOST_*. Within some milliseconds. [cpu], concurrently for different vCPUs */
    uint32_t (*call)(void *self, struct pb_semihost_call *c);
};

#ifdef __cplusplus
}
#endif
#endif
