/* SPDX-License-Identifier: MIT */
/* a64-priv-stream.c - random EL1 and EL0 programs by interpreter and by generated code.
 *
 * a64-priv-stream [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS] [-v]
 * The programs run at EL1 and EL0 with the MMU on and two buffer pages whose entries they change;
 * all rows of a64.decode are drawn, EL1's system registers and system instructions too. Each
 * exception's vector calls the test by HVC, which folds syndrome, addresses and status into a
 * hash and skips the instruction; an SVC from EL0 goes back to EL1. Every other program has EL2
 * above it, with stage 2 on and traps chosen by the seed; its vectors call by SMC, and its HVCs
 * change stage 2's entries of the buffer. Debug exceptions come as the programs ask for them, and
 * for some of those with EL2 go there; every 64th turns them off, so that a program that steps
 * through itself, or skips what would end its loop, ends. At the end the registers, system
 * registers, memory, page tables and hash must agree: also when TLB entries and units are lost at
 * random, and, among them, two runs in which every n-th access fails. -v: print each exception.
 */
#include "cpu-host.h"
#include "a64-random.h"

#include "except.h"
#include "sysreg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VECTORS 0x480000u
#define VECTORS2 0x482000u /* EL2's */
#define ROOT 0x4a0000u
#define ROOT2 0x4a4000u    /* stage 2: levels 1, 2 and 3 */
#define PT2 (ROOT2 + 0x2000)
#define RAM_SIZE 0x200000u
#define MOST 60000u /* exceptions */

struct outcome {
    uint64_t gpr[32], sr[SR_COUNT], pstate, nzcv, exceptions, debug, hash;
    uint8_t pages[0x4000], table[0x1000], table2[0x1000];
};

static const struct a64r *program;
static struct outcome *out;
static struct cpu_host *host;

static void fold(uint64_t v)
{
    out->hash = (out->hash ^ v) * 0x100000001b3ull + 0x9e3779b97f4a7c15ull;
}

static int verbose;

static void note(const struct a64 *c, uint64_t esr, uint64_t elr, uint64_t spsr)
{
    uint32_t insn = 0;
    if (!verbose)
        return;
    if (elr - A64R_BASE < RAM_SIZE)
        memcpy(&insn, host->ram + (elr - A64R_BASE), 4);
    printf("%llu: vector %llx syndrome %llx at %llx (%08x) status %llx x0 %llx hash %llx\n",
           (unsigned long long)out->exceptions, (unsigned long long)c->x.pc,
           (unsigned long long)esr, (unsigned long long)elr, insn, (unsigned long long)spsr,
           (unsigned long long)c->gpr[0], (unsigned long long)out->hash);
}

static void stop(void)
{
    host->stop = 1;
    host->cls->kick(host->arm);
}

/* Over the instruction; a step goes on with one. Where ELR_EL1 was ERET's it is the exception's
 * now, and ERET would go to itself for ever: over that, too. */
static void go_on(struct a64 *c, uint64_t ec, uint64_t *elr, uint64_t *spsr)
{
    uint32_t insn = 0;
    if (ec >= A64_EC_BREAK && ec <= A64_EC_WATCH + 1 && ++out->debug % 64 == 0)
        a64_sysreg_set(c, SR_MDSCR_EL1, 0);
    if (ec == A64_EC_STEP || ec == A64_EC_STEP + 1)
        *spsr |= PS_SS;
    else
        *elr += 4;
    if (elr == &c->sr[SR_ELR_EL1] && *elr - A64R_BASE < RAM_SIZE - 4)
        memcpy(&insn, host->ram + (*elr - A64R_BASE), 4);
    if (insn == 0xd69f03e0)
        *elr += 4;
}

/* Called by EL2's vector: a hypercall changes a bit of the entry of one of the buffer's pages. */
static uint32_t call2(struct a64 *c)
{
    static const uint8_t bit[] = {0, 6, 7, 10, 54};
    uint64_t ec = c->sr[SR_ESR_EL2] >> 26, *elr = &c->sr[SR_ELR_EL2], entry;
    uint8_t *at = host->ram + (PT2 - A64R_BASE) + (A64R_EDGE / 4096 - 0x400 - out->hash % 2) * 8;
    if (++out->exceptions == MOST)
        stop();
    fold(c->sr[SR_ESR_EL2]);
    fold(*elr);
    fold(c->x.pc);
    fold(c->sr[SR_SPSR_EL2]);
    if (ec == A64_EC_DABT) {
        fold(c->sr[SR_FAR_EL2]);
        fold(c->sr[SR_HPFAR_EL2]);
    } else if (ec == A64_EC_WATCH) {
        fold(c->sr[SR_FAR_EL2]);
    }
    c->sr[SR_SPSR_EL2] &= ~PS_IL;
    note(c, c->sr[SR_ESR_EL2], *elr, c->sr[SR_SPSR_EL2]);
    if (ec == A64_EC_HVC) {
        memcpy(&entry, at, 8);
        entry ^= 1ull << bit[(out->hash >> 8) % sizeof bit];
        memcpy(at, &entry, 8);
    } else if (ec != A64_EC_STEP && (*elr < A64R_BASE || *elr >= A64R_TABLE)) {
        printf("lost: syndrome %llx pc %llx at EL2\n", (unsigned long long)c->sr[SR_ESR_EL2],
               (unsigned long long)*elr);
        stop();
    } else {
        go_on(c, ec, elr, &c->sr[SR_SPSR_EL2]);
    }
    return 1;
}

/* Called by the vector's HVC: look at the exception, step over the instruction. */
static uint32_t call(void *self, uint32_t cpu, uint32_t conduit, uint64_t x[18])
{
    struct a64 *c = host->arm;
    uint64_t esr = c->sr[SR_ESR_EL1], ec = esr >> 26, *elr = &c->sr[SR_ELR_EL1];
    (void)self, (void)cpu, (void)conduit, (void)x;
    if (c->x.pc >= VECTORS2 && c->x.pc < VECTORS2 + 0x800)
        return call2(c);
    if (c->x.pc < VECTORS || c->x.pc >= VECTORS + 0x800)
        return 0; /* the program's own */
    if (*elr == program->end_pc + 4 && ec == A64_EC_SVC) {
        stop();
        return 1;
    }
    if (++out->exceptions == MOST)
        stop();
    fold(esr);
    fold(*elr);
    fold(c->x.pc);
    fold(c->sr[SR_SPSR_EL1]);
    if (ec == A64_EC_DABT || ec == A64_EC_DABT + 1 || ec == A64_EC_IABT || ec == A64_EC_IABT + 1 ||
        ec == A64_EC_WATCH || ec == A64_EC_WATCH + 1)
        fold(c->sr[SR_FAR_EL1]);
    note(c, esr, *elr, c->sr[SR_SPSR_EL1]);
    if (*elr < A64R_BASE || *elr >= A64R_TABLE) {
        printf("lost: syndrome %llx pc %llx\n", (unsigned long long)esr,
               (unsigned long long)*elr);
        stop();
        return 1;
    }
    if (ec != A64_EC_SVC && ec != A64_EC_ILLEGAL) /* an illegal state goes on with the same */
        go_on(c, ec, elr, &c->sr[SR_SPSR_EL1]);
    c->sr[SR_SPSR_EL1] &= ~PS_IL;
    if (!(c->sr[SR_SPSR_EL1] & 12) && ec == A64_EC_SVC)
        c->sr[SR_SPSR_EL1] |= 5;
    return 1;
}

static const void *link_to(struct cpu_host *r, const char *iface, void **self)
{
    static const struct pb_smccc smccc = {.size = sizeof smccc, .call = call};
    (void)r;
    *self = NULL;
    return strcmp(iface, PB_SMCCC) ? NULL : &smccc;
}

static void put64(struct cpu_host *r, uint64_t at, uint64_t v)
{
    memcpy(r->ram + (at - A64R_BASE), &v, 8);
}

/* EL2 with an identity of 4 KiB pages as stage 2, and some of its traps. */
static void set_up_el2(struct cpu_host *r)
{
    static const uint32_t stub[] = {0xd4000003, 0xd5033f9f, 0xd50c879f, 0xd5033f9f, 0xd5033fdf,
                                    0xd69f03e0}; /* smc, dsb, tlbi alle1, dsb, isb, eret */
    static const uint64_t trap[] = {HCR_TWI, HCR_TWE, HCR_TID1, HCR_TID2, HCR_TID3, HCR_TACR,
                                    HCR_TSW, HCR_TPC, HCR_TPU, HCR_TTLB, HCR_TVM, HCR_TDZ,
                                    HCR_TRVM, HCR_TSC, HCR_TLOR, HCR_FB};
    struct a64 *c = r->arm;
    uint64_t chosen = program->seed * 0x9e3779b97f4a7c15ull >> 16;
    for (uint32_t v = 0; v < 16; v++)
        memcpy(r->ram + (VECTORS2 + v * 0x80 - A64R_BASE), stub, sizeof stub);
    put64(r, ROOT2, (ROOT2 + 0x1000) | 3);
    put64(r, ROOT2 + 0x1000 + 2 * 8, PT2 | 3);
    for (uint64_t i = 0; i < 512; i++)
        put64(r, PT2 + 8 * i, (0x400 + i) << 12 | 0x7ff);
    c->sr[SR_VBAR_EL2] = VECTORS2;
    c->sr[SR_VTCR_EL2] = 1u << 31 | 2 << 16 | 1 << 6 | 25;
    c->sr[SR_VTTBR_EL2] = ROOT2 | 1ull << 48;
    c->sr[SR_HCR_EL2] = HCR_VM | HCR_RW | HCR_APK | HCR_API;
    for (uint32_t i = 0; i < 16; i++)
        c->sr[SR_HCR_EL2] |= chosen >> 2 * i & (chosen >> (2 * i + 1)) & 1 ? trap[i] : 0;
    if ((chosen >> 40 & 3) == 0) { /* debug is EL2's: EL1 does not get at its registers */
        c->sr[SR_MDCR_EL2] |= MDCR_TDE;
        a64_sysreg_set(c, SR_DBGWVR0_EL1, A64R_EDGE);
        a64_sysreg_set(c, SR_DBGWCR0_EL1, 0x1fff);
        a64_sysreg_set(c, SR_MDSCR_EL1, 0x8000 | (chosen >> 42 & 1));
    }
    a64_set_pstate(c, 0x3c5); /* EL1, with its own stack pointer */
}

static void set_up(struct cpu_host *r)
{
    static const uint32_t stub[] = {0xd4000002, 0xd69f03e0}; /* hvc, eret */
    struct a64 *c = r->arm;
    memcpy(r->ram, program->image, sizeof program->image);
    for (uint32_t v = 0; v < 16; v++)
        memcpy(r->ram + (VECTORS + v * 0x80 - A64R_BASE), stub, sizeof stub);
    put64(r, ROOT + 2 * 8, A64R_PT | 3);
    for (uint64_t i = 0; i < 512; i++)
        put64(r, A64R_PT + 8 * i, (0x400 + i) << 12 | 0x703);
    r->cls->reset(c, A64R_BASE, NULL, 0);
    if (program->seed & 2)
        set_up_el2(r);
    c->sr[SR_VBAR_EL1] = VECTORS;
    c->sr[SR_TTBR0_EL1] = A64R_TTBR0;
    c->sr[SR_TCR_EL1] = 39 | 1ull << 23 | (program->seed & 1 ? 3ull << 39 : 0);
    c->sr[SR_SCTLR_EL1] = A64R_SCTLR;
    c->sr[SR_SP_EL0] = A64R_EDGE;
    a64_sysreg_set(c, SR_OSLAR_EL1, 0);
}

static int run(const char *engine)
{
    struct cpu_host *r = cpu_host_new(A64R_BASE, RAM_SIZE, "max", program->seed & 2
                                      ? "has_el2=on,has_el3=off" : "has_el2=off,has_el3=off",
                                      engine);
    int ended;
    if (!r)
        return -1;
    host = r;
    memset(out, 0, sizeof *out);
    set_up(r);
    ended = cpu_host_run(r, 20);
    memcpy(out->gpr, r->arm->gpr, sizeof out->gpr);
    memcpy(out->sr, r->arm->sr, sizeof out->sr);
    out->pstate = r->arm->pstate;
    out->nzcv = a64_nzcv(r->arm);
    memcpy(out->pages, r->ram + 0x20000, sizeof out->pages);
    memcpy(out->table, r->ram + (A64R_PT - A64R_BASE), sizeof out->table);
    memcpy(out->table2, r->ram + (PT2 - A64R_BASE), sizeof out->table2);
    cpu_host_free(r);
    return ended;
}

static int differ(const struct outcome *a, const struct outcome *b, uint64_t seed,
                  const char *engine)
{
    const uint64_t *p = (const void *)a, *q = (const void *)b;
    int bad = 0;
    for (size_t i = 0; i < sizeof *a / 8; i++)
        if (p[i] != q[i] && bad++ < 8)
            printf("seed %llu: word %zu: interpreter %016llx, %016llx by %s\n",
                   (unsigned long long)seed, i, (unsigned long long)p[i],
                   (unsigned long long)q[i], engine);
    return bad;
}

static int run_seed(uint64_t seed, uint64_t *exceptions)
{
    static struct outcome first, other;
    char name[6][64] = {"interp", "tb-size=64", "interp,chaos-tlb=2", "", "", ""};
    int bad = 0;
    snprintf(name[3], 64, "chaos-tlb=3,chaos-drop=9,chaos-seed=%u", (uint32_t)seed);
    snprintf(name[4], 64, "interp,chaos-fault=%u", 17 + (uint32_t)(seed % 31));
    snprintf(name[5], 64, "chaos-fault=%u", 17 + (uint32_t)(seed % 31));
    for (int i = 0; i < 6; i++) {
        out = i == 0 || i == 4 ? &first : &other;
        if (verbose)
            printf("by %s\n", name[i]);
        int r = run(name[i]);
        if (r)
            printf("seed %llu: no end by %s\n", (unsigned long long)seed, name[i]);
        bad += r || (out == &other && differ(&first, &other, seed, name[i]));
        *exceptions += out == &first ? first.exceptions : 0;
    }
    return bad != 0;
}

int main(int argc, char **argv)
{
    static struct a64r p = {.privileged = 1};
    uint64_t seed = 1, insns = 0, exceptions = 0;
    uint32_t programs = 20, units = 1000, loops = 20, bad = 0;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:v")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'l': loops = (uint32_t)atoi(optarg); break;
        case 'v': verbose = 1; break;
        default: return 2;
        }
    setvbuf(stdout, NULL, _IOLBF, 0);
    cpu_host_link = link_to;
    program = &p;
    for (uint32_t i = 0; i < programs; i++) {
        p.seed = seed + i;
        p.units = units;
        p.loops = loops;
        a64r_make(&p);
        bad += (uint32_t)run_seed(p.seed, &exceptions);
        insns += (uint64_t)p.units * loops;
    }
    printf("%u programs, at most %llu instructions, %llu exceptions, %u differ\n", programs,
           (unsigned long long)insns, (unsigned long long)exceptions, bad);
    return bad != 0 || exceptions == 0;
}
