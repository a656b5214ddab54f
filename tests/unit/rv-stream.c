/* SPDX-License-Identifier: MIT */
/* rv-stream.c - stream.c for RISC-V.
 *
 * -z: with Zicond and Zicboz (QEMU 8 or newer). ctzw of a zero low word is wrong in QEMU 7.2.
 */
#include "cpu-host.h"
#include "rv.h"
#include "rv-random.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STUB 0x480000u /* the machine-mode trap handler of our side */
#define IO 0x490000u
#define RAM_SIZE 0x100000u

static struct rvr program;
static uint64_t call[4]; /* a7 a0 a1 a2 */
static uint8_t dump[RVR_DUMP_SIZE];
static int dumped;

/* The handler's four stores; the last one is the call. */
static void io_write(struct cpu_host *r, uint64_t gpa, uint64_t v, uint32_t bytes)
{
    (void)bytes;
    call[(gpa - IO) / 8 & 3] = v;
    if (gpa != IO + 24)
        return;
    if (r->hart->mcause != RV_E_ECALL_U)
        printf("trap %llu at %llx\n", (unsigned long long)r->hart->mcause,
               (unsigned long long)r->hart->mepc);
    if (r->hart->mcause == RV_E_ECALL_U && call[0] == 64 && call[2] == RVR_DUMP) {
        memcpy(dump, r->ram + (RVR_DUMP - RVR_BASE), sizeof dump);
        dumped = 1;
        return;
    }
    r->stop = 1;
    r->cls->kick(r->hart);
}

static void set_reg(struct cpu_host *r, uint32_t id, uint64_t v)
{
    if (r->cls->reg_set(r->hart, id, &v, 8) < 0)
        printf("cannot set register %u\n", id);
}

static int run(const char *engine, uint8_t *out)
{
    const struct rvr *p = &program;
    static const uint32_t stub[] = {
        0x34029073,         /* csrw mscratch,t0 */
        0x000002b7 | IO,    /* lui t0,IO */
        0x0112b023, 0x00a2b423, 0x00b2b823, 0x00c2bc23, /* sd a7, a0, a1, a2 */
        0x341022f3, 0x00428293, 0x34129073, /* mepc += 4 */
        0x340022f3, 0x30200073}; /* csrr t0,mscratch; mret */
    struct cpu_host *r = cpu_host_new(RVR_BASE, RAM_SIZE, "rv64", NULL, engine);
    if (!r)
        return -1;
    memcpy(r->ram, p->image, sizeof p->image);
    memcpy(r->ram + (STUB - RVR_BASE), stub, sizeof stub);
    r->io_page = IO;
    r->io_write = io_write;
    r->cls->reset(r->hart, RVR_BASE, NULL, 0);
    set_reg(r, 65 + 0x305, STUB);
    set_reg(r, 65 + 0x3b0, ~0ull >> 10);
    set_reg(r, 65 + 0x3a0, 0x1f);
    set_reg(r, 65 + 0x300, 1ull << 13);
    set_reg(r, 65 + 0x30a, ENVCFG_CBZE);
    set_reg(r, 65 + 0x10a, ENVCFG_CBZE);
    set_reg(r, 4161, RV_PRIV_U);
    dumped = 0;
    int ended = cpu_host_run(r, 60);
    cpu_host_free(r);
    memcpy(out, dump, sizeof dump);
    return ended == 0 && dumped ? 0 : -1;
}

/* ---- Without a machine: ECALL and faults end run() ------------------------------------------ */

static struct stream_faults *faults;

static void on_trap(struct cpu_host *r)
{
    struct rv *c = r->hart;
    uint64_t fcsr = 0, state = stream_hash(c->trap.access, c->gpr, sizeof c->gpr);
    if (c->trap.kind == PB_TRAP_BUS) {
        r->cls->reg_get(c, 65 + 3, &fcsr, 8);
        state = stream_hash(stream_hash(state, c->fpr, sizeof c->fpr), &fcsr, 8);
        stream_fault(faults, c->x.pc, c->trap.addr, state);
        return;
    }
    if (c->trap.kind == PB_TRAP_CALL && c->gpr[17] == 64) {
        memcpy(dump, r->ram + (RVR_DUMP - RVR_BASE), sizeof dump);
        dumped = 1;
        return;
    }
    if (c->trap.kind != PB_TRAP_CALL)
        printf("trap %u at %llx\n", c->trap.kind, (unsigned long long)c->x.pc);
    r->stop = 1;
}

static int run_faults(const char *engine, uint8_t *out, struct stream_faults *f)
{
    static const struct pb_svc_user no_machine;
    struct cpu_host *r = cpu_host_new(RVR_BASE, RAM_SIZE, "rv64", NULL, engine);
    if (!r)
        return -1;
    memcpy(r->ram, program.image, sizeof program.image);
    r->trap = on_trap;
    r->hart->user = &no_machine;
    r->cls->reset(r->hart, RVR_BASE, NULL, 0);
    faults = f;
    dumped = 0;
    int ended = cpu_host_run(r, 60);
    cpu_host_free(r);
    memcpy(out, dump, sizeof dump);
    return ended == 0 && dumped ? 0 : -1;
}

static int make(struct stream_args *a, const char *elf)
{
    program.seed = a->seed;
    program.units = a->units;
    program.loops = a->loops;
    program.zicond = a->newer;
    program.without = a->without;
    rvr_make(&program);
    a->units = program.units;
    return rvr_write_elf(&program, elf);
}

static void describe(uint32_t at, char *out, uint32_t len)
{
    if (at < 512)
        snprintf(out, len, "%c%u", at < 256 ? 'x' : 'f', at / 8 % 32);
    else
        snprintf(out, len, "fcsr");
}

const struct stream_isa stream_isa = {.name = "riscv64", .qemu = "qemu-riscv64",
                                      .dump_size = RVR_DUMP_SIZE, .code_from = 1024,
                                      .make = make, .run = run, .run_faults = run_faults,
                                      .describe = describe};
