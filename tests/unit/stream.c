/* SPDX-License-Identifier: MIT */
/* stream.c - random user-level programs by interpreter, generated code and qemu.
 *
 * [-s SEED] [-c PROGRAMS] [-n UNITS] [-l LOOPS] [-q QEMU] [-z] [-x NAME] [-o NAME] [-k DIR]
 * Each program's final registers and memory must agree everywhere. -q none: without QEMU;
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

static int run_seed(struct stream_args *p, const char *qemu, const char *dir)
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
    if (!bad)
        unlink(elf);
    return bad;
}

int main(int argc, char **argv)
{
    static struct stream_args p;
    const char *qemu = stream_isa.qemu, *keep = NULL;
    char dir[] = "/tmp/stream-XXXXXX";
    uint64_t seed = 1, insns = 0;
    uint32_t programs = 20, units = 1000, loops = 20, bad = 0;
    for (int o; (o = getopt(argc, argv, "s:c:n:l:q:zx:o:k:")) != -1;)
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
    printf("%s: %u programs, at most %llu instructions, %u differ\n", stream_isa.name, programs,
           (unsigned long long)insns, bad);
    if (!keep && !bad)
        rmdir(dir);
    return bad != 0;
}
