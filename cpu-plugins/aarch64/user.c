/* SPDX-License-Identifier: MIT */
/* user.c - the CPU of a program without a machine (plugboard/draft/personality.h).
 * DDI 0487: D1.3, D8.8.1 (address tags), C5.2; Linux Documentation/arch/arm64/elf_hwcaps.rst.
 *
 * The CPU is at EL0 for good. What would be an exception ends run(). The top byte of data
 * addresses is ignored, as Linux sets it up. System calls are left behind the SVC. The keys of
 * pointer authentication are disabled, as by PR_PAC_SET_ENABLED_KEYS, if `pauth-keys` does not
 * switch them on: its instructions are there, and cost programs nothing.
 * Not modelled: pointer authentication keys of a process (they are zero), MTE.
 */
#include "except.h"

#include <string.h>

void a64_user_reset(struct a64 *c)
{
    c->pstate = 0;
    memset(c->gpr, 0, sizeof c->gpr);
    c->sr[SR_SCTLR_EL1] |= SCTLR_UCI | SCTLR_UCT | SCTLR_DZE | SCTLR_NTWI | SCTLR_NTWE;
    c->sr[SR_CPACR_EL1] = 3u << 20;
    c->sr[SR_CNTKCTL_EL1] = 3;
}

XL_NEAR static void leave_with(struct a64 *c, uint32_t kind, uint32_t access, uint64_t addr)
{
    c->trap = (struct pb_trap){.kind = kind, .access = access, .addr = addr};
    c->x.leave_code = PB_EXIT_TRAP;
}

XL_NEAR _Noreturn void a64_user_exit(struct a64 *c, uint32_t ec)
{
    switch (ec) {
    case A64_EC_SVC: leave_with(c, PB_TRAP_CALL, 0, 0); break;
    case A64_EC_BRK: leave_with(c, PB_TRAP_BREAK, 0, c->x.pc); break;
    case A64_EC_PC_ALIGN: leave_with(c, PB_TRAP_ALIGN, XL_X, c->x.pc); break;
    case A64_EC_SP_ALIGN: leave_with(c, PB_TRAP_ALIGN, XL_R, c->gpr[31]); break;
    default: leave_with(c, PB_TRAP_ILLEGAL, XL_X, c->x.pc); break;
    }
    xl_leave(&c->x);
}

void a64_user_fault(struct a64 *c, uint64_t va, uint32_t access, int code)
{
    uint32_t kind = code == XL_FAULT_PROT    ? PB_TRAP_PROT
                    : code == XL_FAULT_BUS   ? PB_TRAP_BUS
                    : code == XL_FAULT_ALIGN ? PB_TRAP_ALIGN
                                             : PB_TRAP_MAP;
    c->cache_op = 0;
    leave_with(c, kind, access, va);
}

XL_NEAR static void trap(void *self, struct pb_trap *t)
{
    *t = ((struct a64 *)self)->trap;
}

XL_NEAR static uint64_t *gpr(void *self)
{
    return ((struct a64 *)self)->gpr;
}

XL_NEAR static uint64_t get(void *self, uint32_t what)
{
    struct a64 *c = self;
    return what == PB_UREG_TLS ? c->sr[SR_TPIDR_EL0] : what == PB_UREG_FLAGS ? a64_nzcv(c) : 0;
}

XL_NEAR static void set(void *self, uint32_t what, uint64_t v)
{
    struct a64 *c = self;
    if (what == PB_UREG_TLS)
        c->sr[SR_TPIDR_EL0] = v;
    else if (what == PB_UREG_FLAGS)
        a64_set_nzcv(c, v & PS_NZCV);
}

static void fp_get(void *self, void *buf)
{
    struct a64 *c = self;
    uint32_t w[2] = {(uint32_t)a64_fpsr(c), (uint32_t)c->fpcr};
    memcpy(buf, c->v, sizeof c->v);
    memcpy((char *)buf + sizeof c->v, w, sizeof w);
}

static void fp_set(void *self, const void *buf)
{
    struct a64 *c = self;
    uint32_t w[2];
    memcpy(c->v, buf, sizeof c->v);
    memcpy(w, (const char *)buf + sizeof c->v, sizeof w);
    a64_set_fpsr(c, w[0]);
    a64_set_fpcr(c, w[1]);
}

static void copy(void *self, void *from)
{
    struct a64 *c = self, *f = from;
    uint8_t fp[32 * 16 + 8];
    memcpy(c->gpr, f->gpr, sizeof c->gpr);
    fp_get(f, fp);
    fp_set(c, fp);
    a64_set_nzcv(c, a64_nzcv(f));
    c->sr[SR_TPIDR_EL0] = f->sr[SR_TPIDR_EL0];
    c->x.pc = f->x.pc;
}

/* A feature of ours and the bit that tells of it. */
static const struct { uint64_t isa; uint8_t word, bit; } hwcaps[] = {
    {A64_BIT(FP), 0, 0}, {A64_BIT(FP), 0, 1}, {A64_BIT(AES), 0, 3}, {A64_BIT(AES), 0, 4},
    {A64_BIT(SHA1), 0, 5}, {A64_BIT(SHA256), 0, 6}, {A64_BIT(CRC32), 0, 7},
    {A64_BIT(LSE), 0, 8}, {A64_BIT(FP16), 0, 9}, {A64_BIT(FP16), 0, 10}, {A64_BIT(FP), 0, 11},
    {A64_BIT(RDM), 0, 12}, {A64_BIT(JSCVT), 0, 13}, {A64_BIT(FCMA), 0, 14},
    {A64_BIT(LRCPC), 0, 15}, {A64_BIT(DPB), 0, 16}, {A64_BIT(SHA3), 0, 17}, {A64_BIT(SM3), 0, 18},
    {A64_BIT(SM4), 0, 19}, {A64_BIT(DOTPROD), 0, 20}, {A64_BIT(SHA512), 0, 21},
    {A64_BIT(FHM), 0, 23}, {A64_BIT(DIT), 0, 24}, {A64_BIT(LRCPC2), 0, 26},
    {A64_BIT(FLAGM), 0, 27}, {A64_BIT(SSBS), 0, 28}, {A64_BIT(SB), 0, 29},
    {A64_BIT(PAKEYS), 0, 30}, {A64_BIT(PAKEYS), 0, 31}, {A64_BIT(FLAGM2), 1, 7},
    {A64_BIT(FRINTTS), 1, 8}, {A64_BIT(RNG), 1, 16}};

static uint64_t features(void *self, uint32_t word)
{
    struct a64 *c = self;
    uint64_t v = 0;
    for (uint32_t i = 0; i < sizeof hwcaps / sizeof *hwcaps; i++)
        if (hwcaps[i].word == word && c->isa & hwcaps[i].isa)
            v |= 1ull << hwcaps[i].bit;
    return v;
}

static int host_fault(void *self, int sig, void *siginfo, void *ucontext)
{
    return xl_host_fault(&((struct a64 *)self)->x, sig, siginfo, ucontext);
}

static void code_check(void *self, uint64_t addr, uint64_t len)
{
    xl_code_check(&((struct a64 *)self)->x, addr, len);
}

XL_NEAR static int fork_stage(void *self, uint32_t stage)
{
    return xl_fork(&((struct a64 *)self)->x, stage);
}

const struct pb_cpu_user a64_user = {
    .size = sizeof a64_user, .tag_bits = 8, .n_gpr = 32, .fp_bytes = 32 * 16 + 8,
    .trap = trap, .gpr = gpr, .get = get, .set = set, .fp_get = fp_get, .fp_set = fp_set,
    .copy = copy, .features = features, .host_fault = host_fault, .code_check = code_check,
    .fork = fork_stage, .model = "max",
};
