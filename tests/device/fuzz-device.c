/* SPDX-License-Identifier: MIT */
/* fuzz-device.c - random register traffic against one device of one plugin.
 *
 *     fuzz-device PLUGIN CLASS PROPS [--count N] [--seed S] [--ram ADDR] [--step NS]
 *
 * Exits 0 when the device survived; a sanitizer, the bench or a crash says otherwise. The
 * property values fuzzchar and fuzzblock name fresh loop-back backends. Array outputs get
 * two elements. Prints the speed. */
#include <plugboard/bench.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *arg(int argc, char **argv, const char *name, const char *def)
{
    for (int i = 4; i + 1 < argc; i++) {
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    }
    return def;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: fuzz-device PLUGIN CLASS PROPS [--count N] [--seed S] "
                        "[--ram ADDR] [--step NS]\n");
        return 2;
    }
    pbt *b = pbt_new();
    uint64_t count = pbt_count_arg(argc, argv, 200000);
    uint64_t seed = pbt_seed_arg(argc, argv, 1);
    const char *ram = arg(argc, argv, "--ram", NULL);

    pbt_fuzz_step(b, strtoll(arg(argc, argv, "--step", "0"), NULL, 0));
    pbt_load(b, argv[1]);
    if (strstr(argv[3], "=fuzzchar"))
        pbt_char_new(b, "fuzzchar");
    if (strstr(argv[3], "=fuzzblock"))
        pbt_block_new(b, "fuzzblock", 32u << 20, 0);
    if (ram)
        pbt_ram(b, strtoull(ram, NULL, 0), 1 << 20);
    pb_dev *d = pbt_create(b, NULL, 0, argv[2], "d0", *argv[3] ? argv[3] : NULL);
    if (!d) {
        fprintf(stderr, "fuzz-device: %s\n", pbt_error(b));
        return 2;
    }
    pbt_outputs_all(d, 2);
    if (pbt_realize(d) < 0) {
        fprintf(stderr, "fuzz-device: %s\n", pbt_error(b));
        return 2;
    }
    pbt_reset(d, PB_RESET_COLD);
    double t = seconds();
    pbt_fuzz(d, seed, count);
    t = seconds() - t;
    printf("%s: %llu accesses, %llu guest errors, %llu bus errors, %.1f M accesses/s\n", argv[2],
           (unsigned long long)count, (unsigned long long)pbt_guest_errors(b),
           (unsigned long long)pbt_faults(b), (double)count / 1e6 / (t > 0 ? t : 1e-9));
    pbt_free(b);
    return 0;
}
