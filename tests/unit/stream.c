/* SPDX-License-Identifier: MIT */
/* stream.c - random user-level programs by interpreter, generated code and qemu.
 *
 * [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS] [-q QEMU] [-z] [-x NAME] [-o NAME] [-k DIR]
 * [-f N] Each program's final registers and memory must agree everywhere. Then it runs with every
 * N-th access failing (-f; by default some number above 16, 0: not): at each fault the registers
 * must be the same in interpreter and generated code, and when the instruction is done again, the
 * program's end must be what it was. -q none: without QEMU;
 * -z: with instructions that QEMU 7.2 lacks; -x: without that instruction; -o: only rows that
 * begin so; -k: keep the programs that differ in DIR. Exit status 77 when there is no QEMU to
 * compare with.
 */
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int run_qemu(const char *qemu, const char *elf, uint8_t *out)
{
    char cmd[512];
    snprintf(cmd, sizeof cmd, "timeout 60 %s %s", qemu, elf);
    FILE *f = popen(cmd, "r");
    if (!f)
        return -1;
    size_t n = fread(out, 1, stream_isa.dump_size, f);
    return pclose(f) == 0 && n == stream_isa.dump_size ? 0 : -1;
}

static int differ(const uint8_t *a, const uint8_t *b, const char *names, uint64_t seed)
{
    int bad = 0;
    for (uint32_t i = 0; i < stream_isa.dump_size; i += 8) {
        uint64_t x, y;
        char what[32];
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        if (x == y || bad++ > 8)
            continue;
        if (i < stream_isa.code_from)
            stream_isa.describe(i, what, sizeof what);
        else
            snprintf(what, sizeof what, "buffer+%u", i - stream_isa.code_from);
        printf("seed %llu, %s: %s %016llx %016llx\n", (unsigned long long)seed, names, what,
               (unsigned long long)x, (unsigned long long)y);
    }
    return bad;
}

/* The accesses of one instruction, which is done again as a whole, must be fewer than this. */
#define EVERY_MIN 17u

static struct stream_faults in_interp, in_code;

static int run_faults(const struct stream_args *p, uint32_t every, const uint8_t *plain)
{
    static uint8_t dump[STREAM_DUMP_MAX];
    static const char *const names[] = {"interpreter without faults and with",
                                        "interpreter without faults and generated code with"};
    uint64_t seed = p->seed;
    char engine[48];
    int bad = 0;
    snprintf(engine, sizeof engine, "interp,chaos-fault=%u",
             every == ~0u ? EVERY_MIN + (uint32_t)(seed % 31) : every);
    for (int i = 0; i < 2; i++) {
        struct stream_faults *f = i ? &in_code : &in_interp;
        f->n = 0;
        if (stream_isa.run_faults(i ? engine + 7 : engine, dump, f) < 0) {
            printf("seed %llu: no end by %s\n", (unsigned long long)seed, i ? engine + 7 : engine);
            return 1;
        }
        bad += differ(plain, dump, names[i], seed);
    }
    return bad + stream_faults_differ(&in_interp, &in_code, seed);
}

static int run_seed(struct stream_args *p, uint32_t every, const char *qemu, const char *dir)
{
    static uint8_t interp[STREAM_DUMP_MAX], other[STREAM_DUMP_MAX];
    char elf[256];
    int bad = 0;
    unsigned long long seed = p->seed;
    snprintf(elf, sizeof elf, "%s/%llu.elf", dir, seed);
    if (stream_isa.make(p, elf) < 0)
        return 1;
    if (stream_isa.run("interp", interp) < 0) {
        printf("seed %llu: the interpreter did not end\n", seed);
        return 1;
    }
    if (stream_isa.run(NULL, other) < 0) {
        printf("seed %llu: generated code did not end\n", seed);
        bad = 1;
    } else {
        bad += differ(interp, other, "interpreter and generated code", p->seed);
    }
    if (qemu && run_qemu(qemu, elf, other) < 0) {
        printf("seed %llu: %s failed\n", seed, qemu);
        bad = 1;
    } else if (qemu) {
        bad += differ(interp, other, "interpreter and qemu", p->seed);
    }
    if (every)
        bad += run_faults(p, every, interp);
    if (!bad)
        unlink(elf);
    return bad;
}

int main(int argc, char **argv)
{
    static struct stream_args p;
    const char *qemu = stream_isa.qemu, *keep = NULL;
    char dir[] = "/tmp/stream-XXXXXX";
    uint64_t seed = 1, insns = 0, faults = 0;
    uint32_t programs = 20, units = 1000, loops = 20, bad = 0, every = ~0u;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:q:zx:o:k:f:")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'l': loops = (uint32_t)atoi(optarg); break;
        case 'q': qemu = strcmp(optarg, "none") ? optarg : NULL; break;
        case 'z': p.newer = 1; break;
        case 'x': p.without = optarg; break;
        case 'o': p.only = optarg; break;
        case 'k': keep = optarg; break;
        case 'f': every = (uint32_t)atoi(optarg); break;
        default: return 2;
        }
    char find[256];
    if (every && every < EVERY_MIN)
        return 2;
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
        bad += run_seed(&p, every, qemu, keep ? keep : dir) != 0;
        insns += (uint64_t)p.units * loops;
        faults += in_code.n;
    }
    printf("%s: %u programs, at most %llu instructions, %llu faults, %u differ\n",
           stream_isa.name, programs, (unsigned long long)insns, (unsigned long long)faults, bad);
    if (!keep && !bad)
        rmdir(dir);
    return bad != 0;
}
