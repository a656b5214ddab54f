/* SPDX-License-Identifier: MIT */
/* rv-stream.c - random user-level programs by interpreter, generated code and qemu-riscv64.
 *
 * rv-stream [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS] [-q QEMU] [-z] [-x NAME] [-k DIR]
 * Each program's final registers and memory must agree everywhere. -q none: without QEMU;
 * -z: with Zicond and Zicboz (QEMU 8 or newer); -x: without that instruction (ctzw of a zero
 * low word is wrong in QEMU 7.2); -k: keep the programs that differ in DIR. Exit status 77 when
 * there is no QEMU to compare with.
 */
#include "rv-host.h"
#include "rv-random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STUB 0x480000u /* the machine-mode trap handler of our side */
#define IO 0x490000u
#define RAM_SIZE 0x100000u

static uint64_t call[4]; /* a7 a0 a1 a2 */
static uint8_t dump[RVR_DUMP_SIZE];
static int dumped;

/* The handler's four stores; the last one is the call. */
static void io_write(struct rv_host *r, uint64_t gpa, uint64_t v, uint32_t bytes)
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

static void set_reg(struct rv_host *r, uint32_t id, uint64_t v)
{
    if (r->cls->reg_set(r->hart, id, &v, 8) < 0)
        printf("cannot set register %u\n", id);
}

static int run_ours(const struct rvr *p, const char *engine)
{
    static const uint32_t stub[] = {
        0x34029073,         /* csrw mscratch,t0 */
        0x000002b7 | IO,    /* lui t0,IO */
        0x0112b023, 0x00a2b423, 0x00b2b823, 0x00c2bc23, /* sd a7, a0, a1, a2 */
        0x341022f3, 0x00428293, 0x34129073, /* mepc += 4 */
        0x340022f3, 0x30200073}; /* csrr t0,mscratch; mret */
    struct rv_host *r = rv_host_new(RVR_BASE, RAM_SIZE, "rv64", NULL, engine);
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
    int ended = rv_host_run(r, 60);
    rv_host_free(r);
    return ended == 0 && dumped ? 0 : -1;
}

static int run_qemu(const char *qemu, const char *elf, uint8_t *out)
{
    char cmd[512];
    snprintf(cmd, sizeof cmd, "timeout 60 %s %s", qemu, elf);
    FILE *f = popen(cmd, "r");
    if (!f)
        return -1;
    size_t n = fread(out, 1, RVR_DUMP_SIZE, f);
    return pclose(f) == 0 && n == RVR_DUMP_SIZE ? 0 : -1;
}

static int differ(const uint8_t *a, const uint8_t *b, const char *names, uint64_t seed)
{
    int bad = 0;
    for (uint32_t i = 0; i < RVR_DUMP_SIZE; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x == y || bad++ > 8)
            continue;
        const char *what = i < 256 ? "x" : i < 512 ? "f" : i < 1024 ? "fcsr" : "buffer+";
        uint32_t at = i < 256 ? i / 8 : i < 512 ? (i - 256) / 8 : i < 1024 ? 0 : i - 1024;
        printf("seed %llu, %s: %s%u %016llx %016llx\n", (unsigned long long)seed, names, what,
               at, (unsigned long long)x, (unsigned long long)y);
    }
    return bad;
}

static int run_seed(struct rvr *p, const char *qemu, const char *dir)
{
    static uint8_t interp[RVR_DUMP_SIZE], other[RVR_DUMP_SIZE];
    char elf[256];
    int bad = 0;
    snprintf(elf, sizeof elf, "%s/%llu.elf", dir, (unsigned long long)p->seed);
    rvr_make(p);
    if (rvr_write_elf(p, elf) < 0)
        return 1;
    if (run_ours(p, "interp") < 0) {
        printf("seed %llu: the interpreter did not end\n", (unsigned long long)p->seed);
        return 1;
    }
    memcpy(interp, dump, sizeof interp);
    if (run_ours(p, NULL) < 0) {
        printf("seed %llu: generated code did not end\n", (unsigned long long)p->seed);
        bad = 1;
    } else {
        bad += differ(interp, dump, "interpreter and generated code", p->seed);
    }
    if (qemu && run_qemu(qemu, elf, other) < 0) {
        printf("seed %llu: %s failed\n", (unsigned long long)p->seed, qemu);
        bad = 1;
    } else if (qemu) {
        bad += differ(interp, other, "interpreter and qemu", p->seed);
    }
    if (!bad)
        unlink(elf);
    return bad;
}

int main(int argc, char **argv)
{
    static struct rvr p;
    const char *qemu = "qemu-riscv64", *keep = NULL;
    char dir[] = "/tmp/rv-stream-XXXXXX";
    uint64_t seed = 1, insns = 0;
    uint32_t programs = 20, units = 1000, loops = 20, bad = 0;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:q:zx:k:")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'l': loops = (uint32_t)atoi(optarg); break;
        case 'q': qemu = strcmp(optarg, "none") ? optarg : NULL; break;
        case 'z': p.zicond = 1; break;
        case 'x': p.without = optarg; break;
        case 'k': keep = optarg; break;
        default: return 2;
        }
    char find[256];
    snprintf(find, sizeof find, "command -v %s >/dev/null", qemu ? qemu : "true");
    if (qemu && system(find) != 0)
        return 77;
    if (!keep && !mkdtemp(dir))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (uint32_t i = 0; i < programs; i++) {
        p.seed = seed + i;
        p.units = units;
        p.loops = loops;
        bad += run_seed(&p, qemu, keep ? keep : dir) != 0;
        insns += (uint64_t)p.units * loops;
    }
    printf("%u programs, at most %llu instructions, %u differ\n", programs,
           (unsigned long long)insns, bad);
    if (!keep && !bad)
        rmdir(dir);
    return bad != 0;
}
