/* SPDX-License-Identifier: MIT */
/* rv-isa-tests.c - runs riscv-tests binaries of the p and v environments on the plugin.
 *
 * rv-isa-tests [-i] [-m MODEL] [-P PROPS] FILE…: each ELF runs until it writes `tohost`: 1 is
 * success.
 * -i: by the interpreter. Prints one line a failure and the count at the end.
 */
#include "cpu-host.h"
#include "rv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t tohost, result;

static void io_write(struct cpu_host *r, uint64_t gpa, uint64_t v, uint32_t bytes)
{
    (void)bytes;
    if (gpa != tohost)
        return;
    if (v >> 48 == 0x0101) { /* the console of the v environment */
        fputc((int)(v & 255), stderr);
        return;
    }
    result = v;
    r->stop = 1;
    r->cls->kick(r->hart);
}

static int run_one(const char *path, const char *model, const char *props, const char *engine)
{
    struct cpu_host *r = cpu_host_new(0x80000000, 16 << 20, model, props, engine);
    uint64_t entry, args[2] = {UINT64_MAX, 0};
    if (!r || cpu_host_load_elf(r, path, &entry, &tohost) < 0 || !tohost) {
        printf("%s: cannot run\n", path);
        return -1;
    }
    r->io_page = tohost & ~4095ull;
    r->io_write = io_write;
    r->cls->reset(r->hart, entry, args, 2);
    result = 0;
    int ended = cpu_host_run(r, 60) == 0;
    if (!ended || result != 1)
        printf("%s: %s %llu at pc %llx mcause %llx mepc %llx mtval %llx\n", path,
               ended ? "test" : "no end", (unsigned long long)result >> 1,
               (unsigned long long)r->hart->x.pc, (unsigned long long)r->hart->mcause,
               (unsigned long long)r->hart->mepc, (unsigned long long)r->hart->mtval);
    cpu_host_free(r);
    return ended && result == 1 ? 0 : -1;
}

int main(int argc, char **argv)
{
    const char *engine = NULL, *model = "rv64", *props = NULL;
    int passed = 0, all = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int o; (o = getopt(argc, argv, "im:P:")) != -1;)
        switch (o) {
        case 'i': engine = "interp"; break;
        case 'm': model = optarg; break;
        case 'P': props = optarg; break;
        default: return 2;
        }
    for (int i = optind; i < argc; i++, all++)
        passed += run_one(argv[i], model, props, engine) == 0;
    printf("%d of %d passed\n", passed, all);
    return passed != all;
}
