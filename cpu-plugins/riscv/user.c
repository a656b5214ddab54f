/* SPDX-License-Identifier: MIT */
/* user.c - the hart of a program without a machine (plugboard/draft/personality.h).
 * The RISC-V Instruction Set Manual, volume I: 5 (Zicsr), 6.1 (Zicntr), 20.2 (fcsr).
 *
 * The hart is in U for good, with the floating-point unit on and every counter readable. What
 * would be a trap to S or M ends run(). System calls are left behind the ECALL.
 * Not modelled: vector state, pointer masking.
 */
#include "rv.h"

#include "soft/soft.h"

#include <string.h>

void rv_user_reset(struct rv *c)
{
    c->priv = RV_PRIV_U;
    c->mstatus = MSTATUS_FS;
    c->mcounteren = c->scounteren = 7;
    c->menvcfg = c->senvcfg = ENVCFG_CBZE | ENVCFG_CBCFE;
}

XL_NEAR static void leave_with(struct rv *c, uint32_t kind, uint32_t access, uint64_t addr,
                               uint64_t info)
{
    c->trap = (struct pb_trap){.kind = kind, .access = access, .addr = addr, .info = info};
    c->x.leave_code = PB_EXIT_TRAP;
}

void rv_user_trap(struct rv *c, uint64_t cause, uint64_t tval)
{
    switch (cause) {
    case RV_E_ECALL_U:
        c->x.pc += 4;
        leave_with(c, PB_TRAP_CALL, 0, 0, 0);
        break;
    case RV_E_BREAK: leave_with(c, PB_TRAP_BREAK, 0, tval, 0); break;
    case RV_E_FETCH_ALIGN: leave_with(c, PB_TRAP_ALIGN, XL_X, tval, 0); break;
    default: leave_with(c, PB_TRAP_ILLEGAL, XL_X, c->x.pc, tval); break;
    }
}

void rv_user_fault(struct rv *c, uint64_t va, uint32_t access, int code)
{
    uint32_t kind = code == XL_FAULT_PROT    ? PB_TRAP_PROT
                    : code == XL_FAULT_BUS   ? PB_TRAP_BUS
                    : code == XL_FAULT_ALIGN ? PB_TRAP_ALIGN
                                             : PB_TRAP_MAP;
    leave_with(c, kind, access, va, 0);
}

XL_NEAR static void trap(void *self, struct pb_trap *t)
{
    *t = ((struct rv *)self)->trap;
}

XL_NEAR static uint64_t *gpr(void *self)
{
    return ((struct rv *)self)->gpr;
}

XL_NEAR static uint64_t get(void *self, uint32_t what)
{
    return what == PB_UREG_TLS ? ((struct rv *)self)->gpr[4] : 0;
}

XL_NEAR static void set(void *self, uint32_t what, uint64_t v)
{
    if (what == PB_UREG_TLS)
        ((struct rv *)self)->gpr[4] = v;
}

static void fp_get(void *self, void *buf)
{
    struct rv *c = self;
    uint32_t fcsr = (xl_fp_flags(&c->x) & 31) | (uint32_t)c->frm << 5;
    memcpy(buf, c->fpr, sizeof c->fpr);
    memcpy((char *)buf + sizeof c->fpr, &fcsr, 4);
}

static void fp_set(void *self, const void *buf)
{
    struct rv *c = self;
    uint32_t fcsr;
    memcpy(c->fpr, buf, sizeof c->fpr);
    memcpy(&fcsr, (const char *)buf + sizeof c->fpr, 4);
    c->frm = fcsr >> 5 & 7;
    xl_fp_set_flags(&c->x, fcsr & 31);
    xl_fp_set_rm(&c->x, c->frm <= SF_RMM ? (uint32_t)c->frm : SF_RNE);
}

static void copy(void *self, void *from)
{
    struct rv *c = self, *f = from;
    uint64_t fp[33];
    memcpy(c->gpr, f->gpr, sizeof c->gpr);
    fp_get(f, fp);
    fp_set(c, fp);
    c->x.pc = f->x.pc;
}

/* Linux arch/riscv/include/uapi/asm/hwcap.h: the bit of a letter is its place. */
static uint64_t features(void *self, uint32_t word)
{
    struct rv *c = self;
    return word == 0 ? rv_misa(c) & 0x1129 : 0; /* I M A F D C */
}

static int host_fault(void *self, int sig, void *siginfo, void *ucontext)
{
    return xl_host_fault(&((struct rv *)self)->x, sig, siginfo, ucontext);
}

static void code_check(void *self, uint64_t addr, uint64_t len)
{
    xl_code_check(&((struct rv *)self)->x, addr, len);
}

XL_NEAR static int fork_stage(void *self, uint32_t stage)
{
    return xl_fork(&((struct rv *)self)->x, stage);
}

const struct pb_cpu_user rv_user = {
    .size = sizeof rv_user, .n_gpr = 32, .fp_bytes = 32 * 8 + 4,
    .trap = trap, .gpr = gpr, .get = get, .set = set, .fp_get = fp_get, .fp_set = fp_set,
    .copy = copy, .features = features, .host_fault = host_fault, .code_check = code_check,
    .fork = fork_stage,
};
