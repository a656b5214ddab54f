/* SPDX-License-Identifier: MIT */
/* plugboard/arm.h - what an Arm CPU asks of the parts around it.
 *
 * A CPU has a link to each of these; both are optional. Registers are named as in the Arm
 * Architecture Reference Manual (DDI 0487), services as in DEN 0028 (SMCCC).
 */
#ifndef PLUGBOARD_ARM_H
#define PLUGBOARD_ARM_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* System registers that live outside the CPU: a GICv3's CPU interface (ICC_*, ICH_*). */
#define PB_ARM_SYSREG "pb.arm.sysreg/1"

/* Number of a register: as in the instruction's bits 20:5. */
#define PB_ARM_SYSREG_NO(op0, op1, crn, crm, op2) \
    ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | \
     (uint32_t)(crm) << 3 | (uint32_t)(op2))

#define PB_ARM_AT_EL 3u      /* attrs, bits 1:0: the exception level of the access */
#define PB_ARM_AT_SECURE 4u  /* from Secure state */
#define PB_ARM_AT_VIRT 8u    /* HCR_EL2.{FMO,IMO} send it to the virtual interface */
#define PB_ARM_AT_NS 16u     /* SCR_EL3.NS: which bank EL3 reaches */
#define PB_ARM_AT_FIQ 32u    /* SCR_EL3.FIQ: EL3 takes FIQs */

struct pb_arm_sysreg {
    uint32_t size, reserved;
    /* PB_OK; PB_ENOENT: no such register, PB_EACCES: not from this level: both are UNDEFINED
     * to the guest. `cpu` is the vCPU's index. [cpu], concurrently for different vCPUs */
    int (*read)(void *self, uint32_t cpu, uint32_t reg, uint32_t attrs, uint64_t *v);
    int (*write)(void *self, uint32_t cpu, uint32_t reg, uint32_t attrs, uint64_t v);
    /* ABI 1.1, optional: a vCPU with EL3 has entered or left EL3 or Secure state and is where
     * PB_ARM_AT_EL and PB_ARM_AT_SECURE of attrs say; after a reset, too. Its interrupt lines are
     * right for that when it returns. [any] */
    void (*moved)(void *self, uint32_t cpu, uint32_t attrs);
};

/* Firmware services by HVC or SMC (PSCI and the like). */
#define PB_SMCCC "pb.smccc/1"
enum { PB_SMCCC_HVC, PB_SMCCC_SMC };

struct pb_smccc {
    uint32_t size, reserved;
    /* A call of vCPU `cpu` with x0..x17; results go back the same way. 1: answered; 0: this
     * conduit is not the service's, the CPU takes its exception. The call may have switched
     * the CPU off (pb_svc_board.cpu_stop): it polls before the next instruction. [cpu] */
    uint32_t (*call)(void *self, uint32_t cpu, uint32_t conduit, uint64_t x[18]);
};

/* Parts that firmware at EL3 sets up, or whose work it does, hear from the boot plugin of a machine
 * with EL3 where the CPUs start: firmware runs in Secure state, or a kernel in Non-secure state,
 * which then finds what that firmware would have given it. ABI 1.1. */
#define PB_ARM_START "pb.arm.start/1"
enum { PB_ARM_START_SECURE, PB_ARM_START_NONSECURE };
struct pb_arm_start {
    uint32_t size, reserved;
    void (*start)(void *self, uint32_t state); /* [main] before the first reset; holds for all */
};

#ifdef __cplusplus
}
#endif
#endif
