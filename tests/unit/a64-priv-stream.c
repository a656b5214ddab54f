/* SPDX-License-Identifier: MIT */
/* a64-priv-stream.c - random EL1 and EL0 programs by interpreter and by generated code.
 *
 * a64-priv-stream [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS]
 * The programs run at EL1 and EL0 with the MMU on and two buffer pages whose entries they change;
 * all rows of a64.decode are drawn, EL1's system registers and system instructions too. Each
 * exception's vector calls the test by HVC, which folds syndrome, addresses and status into a
 * hash and skips the instruction; an SVC from EL0 goes back to EL1. At the end the registers,
 * system registers, memory, page table and hash must agree.
 */
#include "cpu-host.h"
#include "a64-random.h"

#include "except.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VECTORS 0x480000u
#define ROOT 0x4a0000u
#define RAM_SIZE 0x200000u

struct outcome {
    uint64_t gpr[32], sr[SR_COUNT], pstate, nzcv, exceptions, hash;
    uint8_t pages[0x4000], table[0x1000];
};

static const struct a64r *program;
static struct outcome *out;
static struct cpu_host *host;

static void fold(uint64_t v)
{
    out->hash = (out->hash ^ v) * 0x100000001b3ull + 0x9e3779b97f4a7c15ull;
}

/* Called by the vector's HVC: look at the exception, step over the instruction. */
static uint32_t call(void *self, uint32_t cpu, uint32_t conduit, uint64_t x[18])
{
    struct a64 *c = host->arm;
    uint64_t esr = c->sr[SR_ESR_EL1], ec = esr >> 26, *elr = &c->sr[SR_ELR_EL1];
    (void)self, (void)cpu, (void)conduit, (void)x;
    if (c->x.pc < VECTORS || c->x.pc >= VECTORS + 0x800)
        return 0; /* the program's own */
    if (*elr == program->end_pc + 4 && ec == A64_EC_SVC) {
        host->stop = 1;
        host->cls->kick(c);
        return 1;
    }
    out->exceptions++;
    fold(esr);
    fold(*elr);
    fold(c->x.pc);
    fold(c->sr[SR_SPSR_EL1]);
    if (ec == A64_EC_DABT || ec == A64_EC_DABT + 1 || ec == A64_EC_IABT || ec == A64_EC_IABT + 1)
        fold(c->sr[SR_FAR_EL1]);
    if (*elr < A64R_BASE || *elr >= A64R_TABLE) {
        printf("lost: syndrome %llx pc %llx\n", (unsigned long long)esr,
               (unsigned long long)*elr);
        host->stop = 1;
        host->cls->kick(c);
        return 1;
    }
    /* A step goes on with one instruction, an illegal state with the same. */
    if (ec == A64_EC_STEP || ec == A64_EC_STEP + 1)
        c->sr[SR_SPSR_EL1] |= PS_SS;
    else if (ec != A64_EC_SVC && ec != A64_EC_ILLEGAL)
        *elr += 4;
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
    c->sr[SR_VBAR_EL1] = VECTORS;
    c->sr[SR_TTBR0_EL1] = ROOT | 1ull << 48;
    c->sr[SR_TCR_EL1] = 39 | 1ull << 23 | (program->seed & 1 ? 3ull << 39 : 0);
    c->sr[SR_SCTLR_EL1] |= SCTLR_M | SCTLR_SPAN;
    c->sr[SR_SP_EL0] = A64R_EDGE;
}

static int run(const char *engine)
{
    struct cpu_host *r = cpu_host_new(A64R_BASE, RAM_SIZE, "max", "has_el2=off,has_el3=off",
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
    cpu_host_free(r);
    return ended;
}

static int differ(const struct outcome *a, const struct outcome *b, uint64_t seed)
{
    const uint64_t *p = (const void *)a, *q = (const void *)b;
    int bad = 0;
    for (size_t i = 0; i < sizeof *a / 8; i++)
        if (p[i] != q[i] && bad++ < 8)
            printf("seed %llu: word %zu: interpreter %016llx, generated code %016llx\n",
                   (unsigned long long)seed, i, (unsigned long long)p[i],
                   (unsigned long long)q[i]);
    return bad;
}

int main(int argc, char **argv)
{
    static struct a64r p = {.privileged = 1};
    static struct outcome interp, code;
    uint64_t seed = 1, insns = 0, exceptions = 0;
    uint32_t programs = 20, units = 1000, loops = 20, bad = 0;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'l': loops = (uint32_t)atoi(optarg); break;
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
        out = &interp;
        int a = run("interp");
        out = &code;
        int b = run(NULL);
        if (a || b)
            printf("seed %llu: %s did not end\n", (unsigned long long)p.seed,
                   a ? "the interpreter" : "generated code");
        bad += a || b || differ(&interp, &code, p.seed);
        insns += (uint64_t)p.units * loops;
        exceptions += interp.exceptions;
    }
    printf("%u programs, at most %llu instructions, %llu exceptions, %u differ\n", programs,
           (unsigned long long)insns, (unsigned long long)exceptions, bad);
    return bad != 0;
}
