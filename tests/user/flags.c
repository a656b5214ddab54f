/* SPDX-License-Identifier: MIT */
/* flags.c - floating-point flags are set by what sets them, and by nothing else, however often they
 * are read between: one after the other and after being cleared; around quiet comparisons; in a
 * signal's handler, whose flags end with it; in each thread by itself; in the child of a fork. And
 * SIGFPE, which the emulator uses itself, is the program's when somebody sends it. */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile double sink, one = 1, three = 3, zero, huge = 0x1p1023, tiny = 0x1p-1022;
static volatile double nan_quiet = NAN;
static volatile float single;
static volatile int64_t integer;

static int flags(void)
{
    uint64_t v;

#if defined(__riscv)
    __asm__ volatile("frflags %0" : "=r"(v) : : "memory");
#else
    __asm__ volatile("mrs %0, fpsr" : "=r"(v) : : "memory");
#endif
    return (int)v & FE_ALL_EXCEPT;
}

static void clear(void)
{
#if defined(__riscv)
    __asm__ volatile("fsflags zero" : : : "memory");
#else
    __asm__ volatile("msr fpsr, xzr" : : : "memory");
#endif
}

static void inexact(void) { sink = one / three; }
static void division(void) { sink = one / zero; }
static void overflow(void) { sink = huge * huge; }
static void underflow(void) { sink = tiny * (one / three); }
static void invalid(void) { sink = zero / zero; }
static void conversion(void) { integer = (int64_t)nan_quiet; }
static void narrowing(void) { single = (float)huge; }
static void exact_tiny(void) { sink = tiny / 4; }
static void exact(void) { sink = one + three; }

static const struct {
    int flags;
    void (*raise)(void);
} ops[] = {
    {FE_INEXACT, inexact}, {FE_DIVBYZERO, division}, {FE_OVERFLOW | FE_INEXACT, overflow},
    {FE_UNDERFLOW | FE_INEXACT, underflow}, {FE_INVALID, invalid}, {FE_INVALID, conversion},
    {FE_OVERFLOW | FE_INEXACT, narrowing}, {0, exact_tiny}, {0, exact},
};
enum { N_OPS = sizeof ops / sizeof *ops };

/* Compilers save and restore the flags around this. */
static __attribute__((noinline)) int less(double a, double b)
{
    return isless(a, b);
}

/* Steps in random order; the flags that must be set are carried along. */
static void steps(uint64_t seed, int n, int clearing)
{
    unsigned long long s = seed;
    int want = 0;

    clear();
    for (int i = 0; i < n; i++) {
        unsigned k = (unsigned)(next_random(&s) % (N_OPS + 3));

        if (k < N_OPS) {
            ops[k].raise();
            want |= ops[k].flags;
        } else if (k == N_OPS) {
            CHECK(less(one, three) && !less(three, one) && !less(nan_quiet, one));
        } else if (clearing && next_random(&s) % (unsigned)clearing == 0) {
            clear();
            want = 0;
        }
        CHECK(flags() == want);
        CHECK(flags() == want);
    }
}

/* Each flag comes when all others that are before it have been read often. */
static void in_order(void)
{
    for (int first = 0; first < N_OPS; first++) {
        int want = FE_INEXACT;

        clear();
        inexact();
        for (int i = 0; i < N_OPS; i++) {
            for (int k = 0; k < 3; k++)
                CHECK(flags() == want);
            ops[(first + i) % N_OPS].raise();
            want |= ops[(first + i) % N_OPS].flags;
        }
        CHECK(flags() == want);
    }
}

static volatile int handled, seen;

static void on_user(int sig)
{
    (void)sig;
    division();
    seen = flags();
    handled++;
}

static void handlers(void)
{
    signal(SIGUSR1, on_user);
    signal(SIGFPE, on_user);
    clear();
    inexact();
    for (int i = 0; i < 50; i++) {
        CHECK(flags() == FE_INEXACT);
        raise(i % 2 ? SIGUSR1 : SIGFPE);
        CHECK(handled == i + 1 && (seen & FE_DIVBYZERO));
        CHECK(flags() == FE_INEXACT);
    }
}

static void *thread(void *arg)
{
    steps((uintptr_t)arg, 4000, 0);
    steps((uintptr_t)arg + 9, 4000, 40);
    return NULL;
}

static void threads(void)
{
    pthread_t t[3];

    for (uintptr_t i = 0; i < 3; i++)
        CHECK(!pthread_create(&t[i], NULL, thread, (void *)(i * 77 + 1)));
    for (int i = 0; i < 3; i++)
        CHECK(!pthread_join(t[i], NULL));
}

static void child(void)
{
    int status;
    pid_t pid;

    clear();
    inexact();
    CHECK(flags() == FE_INEXACT);
    pid = fork();
    if (pid == 0) {
        CHECK(flags() == FE_INEXACT);
        overflow();
        CHECK(flags() == (FE_INEXACT | FE_OVERFLOW));
        _exit(0);
    }
    CHECK(flags() == FE_INEXACT);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(flags() == FE_INEXACT);
}

int main(void)
{
    in_order();
    handlers();
    child();
    steps(1, 3000, 0);
    steps(2, 3000, 20); /* uses up what the emulator tries */
    threads();
    steps(3, 3000, 300);
    puts("ok");
    return 0;
}
