/* SPDX-License-Identifier: MIT */
/* main.c - pbbench NAME [SCALE]: runs one program between two lines at which the host reads the
 * emulator's CPU time:   PB-BEGIN NAME   and   PB-END NAME CHECKSUM MICROSECONDS
 * where the time is the guest's own. `pbbench list` prints the names but those that are for several
 * CPUs (smp-...).
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct program {
    const char *name;
    uint64_t (*run)(unsigned scale);
} programs[] = {
    { "int-sieve", int_sieve },     { "int-sort", int_sort },   { "int-sha256", int_sha256 },
    { "int-matrix", int_matrix },   { "int-hash", int_hash },   { "int-queens", int_queens },
    { "int-vm", int_vm },           { "int-text", int_text },   { "int-mix", int_mix },
    { "int-aes", int_aes },         { "int-goto", int_goto },   { "int-big", int_big },
    { "fp-nbody", fp_nbody },
    { "fp-mandel", fp_mandel },     { "fp-spectral", fp_spectral }, { "fp-fft", fp_fft },
    { "fp-lu", fp_lu },             { "fp-single", fp_single }, { "fp-fused", fp_fused },
    { "fp-matmul", fp_matmul },     { "fp-vector", fp_vector },
    { "os-call", os_call },         { "os-munmap", os_munmap },
    { "smp-one", smp_one },         { "smp-four", smp_four },
};
enum { N = sizeof programs / sizeof programs[0] };

static uint64_t now_us(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc == 2 && !strcmp(argv[1], "list")) {
        for (int i = 0; i < N; i++)
            if (strncmp(programs[i].name, "smp-", 4))
                printf("%s%s", i ? " " : "", programs[i].name);
        putchar('\n');
        return 0;
    }
    int scale = argc == 3 ? atoi(argv[2]) : 1;
    for (int i = 0; argc >= 2 && scale > 0 && i < N; i++) {
        if (strcmp(argv[1], programs[i].name))
            continue;
        printf("PB-BEGIN %s\n", programs[i].name);
        uint64_t begin = now_us();
        uint64_t sum = programs[i].run((unsigned)scale);
        uint64_t spent = now_us() - begin;
        printf("PB-END %s %016llx %llu\n", programs[i].name, (unsigned long long)sum,
               (unsigned long long)spent);
        return 0;
    }
    fputs("usage: pbbench NAME [SCALE], or pbbench list\n", stderr);
    return 2;
}
