/* SPDX-License-Identifier: MIT */
/* a64-stream.c - stream.c for AArch64's integer instructions.
 *
 * Our side runs the program at EL0 over a vector at EL1 whose handler tells of the call.
 */
#include "cpu-host.h"
#include "a64-random.h"
#include "stream.h"

#include "except.h"

#include <stdio.h>
#include <string.h>

#define VECTORS 0x480000u
#define IO 0x490000u
#define RAM_SIZE 0x100000u

static struct a64r program;
static uint8_t *dump_to;
static int dumped;

/* The handler's store. */
static void io_write(struct cpu_host *r, uint64_t gpa, uint64_t v, uint32_t bytes)
{
    struct a64 *c = r->arm;
    uint64_t ec = c->sr[SR_ESR_EL1] >> 26;
    (void)gpa, (void)v, (void)bytes;
    if (ec != A64_EC_SVC)
        printf("exception %llx at %llx, address %llx\n", (unsigned long long)c->sr[SR_ESR_EL1],
               (unsigned long long)c->sr[SR_ELR_EL1], (unsigned long long)c->sr[SR_FAR_EL1]);
    if (ec == A64_EC_SVC && c->gpr[8] == 64 && c->gpr[1] == A64R_DUMP) {
        memcpy(dump_to, r->ram + (A64R_DUMP - A64R_BASE), A64R_DUMP_SIZE);
        dumped = 1;
        return;
    }
    r->stop = 1;
    r->cls->kick(c);
}

static int run(const char *engine, uint8_t *out)
{
    static const uint32_t stub[] = {
        0xd2a00000 | (IO >> 16) << 5 | 18, /* movz x18, IO */
        0xf900025f,                        /* str xzr, [x18] */
        0xd69f03e0};                       /* eret */
    struct cpu_host *r = cpu_host_new(A64R_BASE, RAM_SIZE, "max", NULL, engine);
    if (!r)
        return -1;
    memcpy(r->ram, program.image, sizeof program.image);
    memcpy(r->ram + (VECTORS + 0x400 - A64R_BASE), stub, sizeof stub);
    r->io_page = IO;
    r->io_write = io_write;
    r->cls->reset(r->arm, A64R_BASE, NULL, 0);
    struct a64 *c = r->arm;
    c->sr[SR_VBAR_EL1] = VECTORS;
    c->sr[SR_HCR_EL2] = HCR_RW | HCR_APK | HCR_API;
    c->sr[SR_SCR_EL3] |= SCR_NS | SCR_APK | SCR_API;
    c->sr[SR_SCTLR_EL1] |= SCTLR_DZE | SCTLR_UCI | SCTLR_UCT;
    a64_set_pstate(c, 0);
    dump_to = out;
    dumped = 0;
    int ended = cpu_host_run(r, 60);
    cpu_host_free(r);
    return ended == 0 && dumped ? 0 : -1;
}

/* ---- Without a machine: SVC and faults end run() -------------------------------------------- */

static struct stream_faults *faults;

static void on_trap(struct cpu_host *r)
{
    struct a64 *c = r->arm;
    uint64_t nzcv = a64_nzcv(c), state = stream_hash(c->trap.access, c->gpr, sizeof c->gpr);
    if (c->trap.kind == PB_TRAP_BUS) {
        state = stream_hash(stream_hash(state, c->v, sizeof c->v), &nzcv, 8);
        stream_fault(faults, c->x.pc, c->trap.addr, state);
        return;
    }
    if (c->trap.kind == PB_TRAP_CALL && c->gpr[8] == 64) {
        memcpy(dump_to, r->ram + (A64R_DUMP - A64R_BASE), A64R_DUMP_SIZE);
        dumped = 1;
        return;
    }
    if (c->trap.kind != PB_TRAP_CALL)
        printf("trap %u at %llx\n", c->trap.kind, (unsigned long long)c->x.pc);
    r->stop = 1;
}

static int run_faults(const char *engine, uint8_t *out, struct stream_faults *f)
{
    struct cpu_host *r = cpu_host_new(A64R_BASE, RAM_SIZE, "max", NULL, engine);
    if (!r)
        return -1;
    memcpy(r->ram, program.image, sizeof program.image);
    r->trap = on_trap;
    r->arm->user = 1;
    r->cls->reset(r->arm, A64R_BASE, NULL, 0);
    faults = f;
    dump_to = out;
    dumped = 0;
    int ended = cpu_host_run(r, 60);
    cpu_host_free(r);
    return ended == 0 && dumped ? 0 : -1;
}

static int make(struct stream_args *a, const char *elf)
{
    program.seed = a->seed;
    program.units = a->units;
    program.loops = a->loops;
    program.newer = a->newer;
    program.without = a->without;
    program.only = a->only;
    a64r_make(&program);
    a->units = program.units;
    return a64r_write_elf(&program, elf);
}

static void describe(uint32_t at, char *out, uint32_t len)
{
    if (at / 8 < 31)
        snprintf(out, len, "x%u", at / 8);
    else
        snprintf(out, len, at / 8 == 31 ? "sp" : "nzcv");
}

const struct stream_isa stream_isa = {.name = "aarch64", .qemu = "qemu-aarch64",
                                      .dump_size = A64R_DUMP_SIZE, .code_from = 1024,
                                      .make = make, .run = run, .run_faults = run_faults,
                                      .describe = describe};
