/* SPDX-License-Identifier: MIT */
/* rv-priv-stream.c - random programs in S and U by interpreter and by generated code.
 *
 * rv-priv-stream [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS]
 * The programs run in S, and at another address in U, under Sv39 with two buffer pages whose
 * entries they change, all rows of the table (what they may not do included), S's CSRs and some of
 * M's. By the seed's bits traps go to M or, where they can, to S, with software interrupts; PMP
 * forbids some of the buffer; the hardware writes A and D. Each trap is folded into a hash with its
 * cause, pc, value and status, and skips the instruction. At the end the registers, CSRs, memory,
 * page table and hash must agree: also when TLB entries and units are lost at random, and, among
 * them, two runs in which every n-th access fails.
 */
#include "cpu-host.h"
#include "rv.h"
#include "rv-random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUB 0x480000u   /* M's handler; S's is 256 bytes behind it */
#define IO 0x490000u
#define ROOT 0x4a0000u
#define RAM_SIZE 0x200000u

struct outcome {
    uint64_t gpr[32], fpr[32], csr[12], traps, hash;
    uint8_t pages[0x3000], table[0x1000];
};

static const struct rvr *program;
static struct outcome *out;

static void fold(uint64_t v)
{
    out->hash = (out->hash ^ v) * 0x100000001b3ull + 0x9e3779b97f4a7c15ull;
}

static uint64_t fcsr(struct cpu_host *r)
{
    uint64_t v = 0;
    r->cls->reg_get(r->hart, 65 + 3, &v, 8);
    return v;
}

static void stop(struct cpu_host *r)
{
    r->stop = 1;
    r->cls->kick(r->hart);
}

/* Called by a handler's store: look at the trap, step over the instruction. */
static void io_write(struct cpu_host *r, uint64_t gpa, uint64_t v, uint32_t bytes)
{
    struct rv *c = r->hart;
    uint32_t in_m = c->priv == RV_PRIV_M;
    uint64_t cause = in_m ? c->mcause : c->scause, *pc = in_m ? &c->mepc : &c->sepc;
    uint64_t at = *pc & ~(uint64_t)RVR_USER;
    (void)gpa, (void)v, (void)bytes;
    if (at == program->end_pc && (cause == RV_E_ECALL_U || cause == RV_E_ECALL_S)) {
        stop(r);
        return;
    }
    out->traps++;
    fold(cause);
    fold(*pc);
    fold(in_m ? c->mtval : c->stval);
    fold(c->mstatus);
    if (cause >> 63) { /* where it came is where it goes on */
        __atomic_fetch_and(&c->mip_soft, ~MIP_SSIP, __ATOMIC_SEQ_CST);
    } else if (at < RVR_BASE || at >= RVR_TABLE) {
        printf("lost: cause %llu pc %llx\n", (unsigned long long)cause, (unsigned long long)*pc);
        stop(r);
    } else if (cause == RV_E_ECALL_U) {
        *pc = at + 4;
        c->mstatus |= in_m ? 1ull << 11 : 1ull << 8; /* to S: MPP, which was 0, or SPP */
    } else {
        *pc += rv_length(r->ram[at - RVR_BASE]);
    }
}

static void put64(struct cpu_host *r, uint64_t at, uint64_t v)
{
    memcpy(r->ram + (at - RVR_BASE), &v, 8);
}

static void set_reg(struct cpu_host *r, uint32_t id, uint64_t v)
{
    if (r->cls->reg_set(r->hart, id, &v, 8) < 0)
        printf("cannot set register %u\n", id);
}

static void put_code(struct cpu_host *r)
{
    static const uint32_t stub[] = {
        0x34029073,      /* csrw mscratch,t0 */
        0x000002b7 | IO, /* lui t0,IO */
        0x0002b023,      /* sd zero,0(t0) */
        0x340022f3, 0x30200073}; /* csrr t0,mscratch; mret */
    static const uint32_t s_stub[] = {0x14029073, 0x000002b7 | IO, 0x0002b023, 0x140022f3,
                                      0x10200073}; /* the same with sscratch and sret */
    memcpy(r->ram, program->image, sizeof program->image);
    memcpy(r->ram + (STUB - RVR_BASE), stub, sizeof stub);
    memcpy(r->ram + (STUB + 0x100 - RVR_BASE), s_stub, sizeof s_stub);
    put64(r, ROOT, (ROOT + 0x1000) >> 12 << 10 | 1);
    put64(r, ROOT + 0x1000 + 2 * 8, (uint64_t)RVR_PT >> 12 << 10 | 1);
    put64(r, ROOT + 0x1000 + 3 * 8, (uint64_t)RVR_PT_USER >> 12 << 10 | 1);
    for (uint64_t i = 0; i < 256; i++) {
        put64(r, RVR_PT + 8 * i, (0x400 + i) << 10 | 0xcf);
        put64(r, RVR_PT_USER + 8 * i, (0x400 + i) << 10 | 0xdf);
    }
}

static void set_up(struct cpu_host *r)
{
    put_code(r);
    r->io_page = IO;
    r->io_write = io_write;
    r->cls->reset(r->hart, RVR_BASE, NULL, 0);
    set_reg(r, 65 + 0x305, STUB);
    set_reg(r, 65 + 0x3b0, program->seed & 4 ? RVR_EDGE >> 2 | 15 : ~0ull >> 10);
    set_reg(r, 65 + 0x3b1, ~0ull >> 10);
    set_reg(r, 65 + 0x3a0, program->seed & 4 ? 0x1f18 | (program->seed >> 3 & 7) : 0x1f1f);
    if (program->delegated) {
        set_reg(r, 65 + 0x302, 0xb1f7 ^ (program->seed >> 3 & 0xff));
        set_reg(r, 65 + 0x303, MIP_SSIP);
        set_reg(r, 65 + 0x105, STUB + 0x100);
    }
    set_reg(r, 65 + 0x300, MSTATUS_TW | 1ull << 13);
    set_reg(r, 65 + 0x30a, program->seed & 1 ? MENVCFG_ADUE | 0xd0 : 0xd0);
    set_reg(r, 65 + 0x180, 8ull << 60 | ROOT >> 12);
    set_reg(r, 4161, RV_PRIV_S);
}

static int run(const char *engine)
{
    struct cpu_host *r = cpu_host_new(RVR_BASE, RAM_SIZE, "rv64", NULL, engine);
    if (!r)
        return -1;
    memset(out, 0, sizeof *out);
    set_up(r);
    int ended = cpu_host_run(r, 60);
    struct rv *c = r->hart;
    const uint64_t csr[12] = {c->mstatus, c->sscratch, c->sepc, c->scause, c->stval, c->satp,
                              c->stvec, c->scounteren, c->senvcfg, rv_mip(c), c->mie, fcsr(r)};
    memcpy(out->gpr, c->gpr, sizeof out->gpr);
    memcpy(out->fpr, c->fpr, sizeof out->fpr);
    memcpy(out->csr, csr, sizeof csr);
    memcpy(out->pages, r->ram + 0x11000, sizeof out->pages);
    memcpy(out->table, r->ram + (RVR_PT - RVR_BASE), sizeof out->table);
    cpu_host_free(r);
    return ended;
}

static int differ(const struct outcome *a, const struct outcome *b, uint64_t seed,
                  const char *engine)
{
    const uint64_t *x = (const void *)a, *y = (const void *)b;
    int bad = 0;
    for (uint32_t i = 0; i < sizeof *a / 8; i++)
        if (x[i] != y[i] && bad++ < 8)
            printf("seed %llu: word %u (x 0, f 32, csr 64, traps 76, hash 77, memory 78): %llx "
                   "by interpreter, %llx by %s\n", (unsigned long long)seed, i,
                   (unsigned long long)x[i], (unsigned long long)y[i], engine);
    return bad;
}

static int run_seed(uint64_t seed, uint64_t *traps)
{
    static struct outcome first, other;
    char name[6][64] = {"interp", "tb-size=64", "interp,chaos-tlb=2", "", "", ""};
    int bad = 0;
    snprintf(name[3], 64, "chaos-tlb=3,chaos-drop=9,chaos-seed=%u", (uint32_t)seed);
    snprintf(name[4], 64, "interp,chaos-fault=%u", 17 + (uint32_t)(seed % 31));
    snprintf(name[5], 64, "chaos-fault=%u", 17 + (uint32_t)(seed % 31));
    for (int i = 0; i < 6; i++) {
        out = i == 0 || i == 4 ? &first : &other;
        int r = run(name[i]);
        if (r)
            printf("seed %llu: no end by %s\n", (unsigned long long)seed, name[i]);
        bad += r || (out == &other && differ(&first, &other, seed, name[i]));
        *traps += out == &first ? first.traps : 0;
    }
    return bad != 0;
}

int main(int argc, char **argv)
{
    static struct rvr p = {.privileged = 1, .zicond = 1};
    uint64_t seed = 1, insns = 0, traps = 0;
    uint32_t programs = 20, units = 1000, loops = 10, bad = 0;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'l': loops = (uint32_t)atoi(optarg); break;
        default: return 2;
        }
    setvbuf(stdout, NULL, _IOLBF, 0);
    program = &p;
    for (uint32_t i = 0; i < programs; i++) {
        p.seed = seed + i;
        p.units = units;
        p.loops = loops;
        p.delegated = p.seed & 2;
        rvr_make(&p);
        bad += (uint32_t)run_seed(p.seed, &traps);
        insns += (uint64_t)p.units * loops;
    }
    printf("%u programs, at most %llu instructions, %llu traps, %u differ\n", programs,
           (unsigned long long)insns, (unsigned long long)traps, bad);
    return bad != 0 || traps == 0;
}
