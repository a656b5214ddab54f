/* SPDX-License-Identifier: MIT */
/* fuzz-main.c - the entry of a program that plugboard_fuzz() makes: libFuzzer's, AFL++'s persistent
 * loop, or, with any other compiler, a plain loop over random inputs.
 *
 *     NAME [--count N] [--seed S] [FILE …]       (the plain form; files are run once each)
 *
 * The plain form writes the input under which it dies to crash-NAME-SEED-NUMBER, which is given to
 * any of the three to see it again. Compiled with the author's plugin: FUZZ_CLASS, FUZZ_PROPS and
 * FUZZ_BUS are strings or 0.
 */
#include <plugboard/bench-fuzz.h>

extern const struct pb_plugin pb_plugin_v0;
static const struct pb_bench_fuzz fuzz_target = {.size = sizeof fuzz_target,
    .plugin = &pb_plugin_v0, .cls = FUZZ_CLASS, .props = FUZZ_PROPS, .bus = FUZZ_BUS};

#if defined(FUZZ_LIBFUZZER)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pb_bench_fuzz_target(&fuzz_target);
    return pb_bench_fuzz_one(data, size);
}

#elif defined(__AFL_COMPILER)

#include <unistd.h>

__AFL_FUZZ_INIT();

int main(void)
{
    pb_bench_fuzz_target(&fuzz_target);
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(10000))
        pb_bench_fuzz_one(data, (size_t)__AFL_FUZZ_TESTCASE_LEN);
    return 0;
}

#else

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_MAX 2048

static uint8_t input[INPUT_MAX];
static size_t input_size;
static char keep[128];

/* Only what a handler of signals may do. */
static void on_death(int sig)
{
    int fd = keep[0] ? open(keep, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666) : -1;

    if (fd >= 0 && write(fd, input, input_size) == (ssize_t)input_size) {
        static const char said[] = "the input that did it: ";
        if (write(2, said, sizeof said - 1) + write(2, keep, strlen(keep)) + write(2, "\n", 1) < 0)
            _exit(1);
    }
    signal(sig, SIG_DFL);
    raise(sig);
}

static uint64_t next(uint64_t *s) /* splitmix64 */
{
    uint64_t z = *s += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int run_file(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f) {
        perror(path);
        return 1;
    }
    input_size = fread(input, 1, sizeof input, f);
    fclose(f);
    return pb_bench_fuzz_one(input, input_size);
}

int main(int argc, char **argv)
{
    uint64_t count = 2000, seed = 1;
    int files = 0;

    for (int i = 0; i < 5; i++)
        signal((const int[]){SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}[i], on_death);
    pb_bench_fuzz_target(&fuzz_target);
    for (int i = 1; i < argc; i++) {
        if (i + 1 < argc && !strcmp(argv[i], "--count"))
            count = strtoull(argv[++i], NULL, 0);
        else if (i + 1 < argc && !strcmp(argv[i], "--seed"))
            seed = strtoull(argv[++i], NULL, 0);
        else if (++files && run_file(argv[i]))
            return 1;
    }
    for (uint64_t k = 0; k < count && !files; k++) {
        uint64_t s = seed + k;
        input_size = next(&s) % INPUT_MAX;
        for (size_t i = 0; i < input_size; i++)
            input[i] = (uint8_t)next(&s);
        snprintf(keep, sizeof keep, "crash-%.40s-%llu-%llu", FUZZ_NAME,
                 (unsigned long long)seed, (unsigned long long)k);
        pb_bench_fuzz_one(input, input_size);
    }
    printf("%s: %llu inputs, seed %llu\n", FUZZ_NAME, (unsigned long long)count,
           (unsigned long long)seed);
    return 0;
}

#endif
