/* SPDX-License-Identifier: MIT */
/* user.c NAME [SCALE] - what user mode is busy with beside computing: calls, threads, signals,
 * processes, mappings, code that is written, and memory's and calls' latencies. One program each;
 * the time is taken from outside. `list` prints the names.
 * Not modelled: nothing; these are a guest's programs. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* ---- Memory and calls ---------------------------------------------------------------------- */

static uint64_t chase(unsigned scale)
{
    enum { N = 1 << 16 };
    uint32_t *next = malloc(N * sizeof *next), at = 0;

    for (uint32_t i = 0; i < N; i++)
        next[i] = i;
    for (uint32_t i = N - 1; i > 0; i--) { /* one cycle through all (Sattolo) */
        uint32_t j = (uint32_t)(rnd() % i), t = next[i];

        next[i] = next[j];
        next[j] = t;
    }
    for (uint64_t i = 0; i < 8000000ull * scale; i++)
        at = next[at];
    free(next);
    return at;
}

static __attribute__((noinline)) uint64_t fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint64_t recursion(unsigned scale)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < scale; i++)
        r += fib(34);
    return r;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t callback(unsigned scale)
{
    enum { N = 200000 };
    uint32_t *v = malloc(N * sizeof *v);
    uint64_t r = 0;

    for (unsigned k = 0; k < scale; k++) {
        for (uint32_t i = 0; i < N; i++)
            v[i] = (uint32_t)rnd();
        qsort(v, N, sizeof *v, by_value);
        r += v[N / 2];
    }
    free(v);
    return r;
}

static uint64_t strings(unsigned scale)
{
    static char a[4096], b[4096];
    uint64_t r = 0;

    memset(a, 'x', sizeof a - 1);
    for (unsigned i = 0; i < 300000 * scale; i++) {
        size_t n = 1 + i % 4000;

        memcpy(b, a, sizeof a);
        b[n] = 0;
        r += strlen(b) + (uint64_t)(memchr(a, 'y', n) != NULL) + (uint64_t)(strcmp(a, b) > 0);
    }
    return r;
}

/* ---- The system ------------------------------------------------------------------------------ */

/* Nothing but to begin and to end. */
static uint64_t hello(unsigned scale)
{
    return scale != 0;
}

static uint64_t calls(unsigned scale)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 500000 * scale; i++)
        r += (uint64_t)syscall(SYS_getppid);
    return r != 0;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t shared, counted;

static void *count(void *arg)
{
    unsigned n = *(unsigned *)arg;

    for (unsigned i = 0; i < n; i++) {
        __atomic_fetch_add(&counted, 1, __ATOMIC_SEQ_CST);
        if (i % 16 == 0) {
            pthread_mutex_lock(&lock);
            shared++;
            pthread_mutex_unlock(&lock);
        }
    }
    return NULL;
}

static uint64_t threads(unsigned scale)
{
    unsigned n = 1000000 * scale;
    pthread_t t[4];

    for (int i = 0; i < 4; i++)
        pthread_create(&t[i], NULL, count, &n);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    return counted + shared;
}

static uint64_t mappings(unsigned scale)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 8000 * scale; i++) {
        char *p = mmap(NULL, 16 << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        p[0] = p[5 << 12] = 1;
        mprotect(p, 4 << 12, PROT_READ);
        r += (uint64_t)p[5 << 12];
        munmap(p, 16 << 12);
    }
    return r;
}

static volatile uint64_t taken;

static void take(int sig)
{
    taken += (uint64_t)sig;
}

static uint64_t handlers(unsigned scale)
{
    signal(SIGUSR1, take);
    for (unsigned i = 0; i < 60000 * scale; i++)
        raise(SIGUSR1);
    return taken;
}

static uint64_t forks(unsigned scale)
{
    uint64_t r = 0;

    for (unsigned i = 0; i < 150 * scale; i++) {
        pid_t pid = fork();
        int st;

        if (pid == 0)
            _exit((int)(i & 63));
        waitpid(pid, &st, 0);
        r += (uint64_t)WEXITSTATUS(st);
    }
    return r;
}

/* "return v", as a small just-in-time compiler would write it. */
static size_t emit(uint8_t *p, uint32_t v)
{
#if defined(__riscv)
    uint32_t w[] = {0x00000513u | (v & 2047) << 20, 0x00008067u};
#elif defined(__aarch64__)
    uint32_t w[] = {0x52800000u | (v & 2047) << 5, 0xd65f03c0u};
#else
    uint8_t w[] = {0xb8, (uint8_t)v, (uint8_t)(v >> 8 & 7), 0, 0, 0xc3};
#endif
    memcpy(p, w, sizeof w);
    return sizeof w;
}

static uint64_t jit(unsigned scale)
{
    uint8_t *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t r = 0;

    for (unsigned i = 0; i < 60000 * scale; i++) {
        uint8_t *f = p + (i % 1000) * 64;
        size_t n = emit(f, i);

        __builtin___clear_cache((char *)f, (char *)f + n);
        for (int k = 0; k < 5; k++)
            r += (uint64_t)((int (*)(void))(uintptr_t)f)();
    }
    return r;
}

static const struct {
    const char *name;
    uint64_t (*run)(unsigned scale);
} programs[] = {
    {"mem-chase", chase},     {"call-fib", recursion}, {"call-qsort", callback},
    {"mem-strings", strings}, {"sys-calls", calls},    {"sys-threads", threads},
    {"sys-mmap", mappings},   {"sys-signals", handlers}, {"sys-fork", forks}, {"sys-jit", jit},
    {"sys-hello", hello},
};
enum { N = sizeof programs / sizeof *programs };

int main(int argc, char **argv)
{
    unsigned scale = argc > 2 ? (unsigned)atoi(argv[2]) : 1;

    if (argc > 1 && !strcmp(argv[1], "list")) {
        for (int i = 0; i < N; i++)
            printf("%s%s", i ? " " : "", programs[i].name);
        putchar('\n');
        return 0;
    }
    for (int i = 0; argc > 1 && i < N; i++)
        if (!strcmp(argv[1], programs[i].name)) {
            printf("%016llx\n", (unsigned long long)programs[i].run(scale));
            return 0;
        }
    fputs("usage: user NAME [SCALE], or user list\n", stderr);
    return 2;
}
