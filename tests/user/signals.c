/* SPDX-License-Identifier: MIT */
/* signals.c - handlers run once for each signal, on the stack and with the mask they asked for,
 * registers are as before afterwards, and no signal is lost between a look and a wait. */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int n, value, nested, depth, on_alt;
static char alt[65536];

static void count(int sig)
{
    (void)sig;
    n++;
}

static void with_info(int sig, siginfo_t *si, void *uc)
{
    (void)uc;
    CHECK(sig == si->si_signo && si->si_pid == getpid() && si->si_code == SI_QUEUE);
    value += si->si_value.sival_int;
}

static void set(int sig, void (*fn)(int), int flags)
{
    struct sigaction sa = {.sa_handler = fn, .sa_flags = flags};

    CHECK(sigaction(sig, &sa, NULL) == 0);
}

static void queued(void)
{
    struct sigaction sa = {.sa_sigaction = with_info, .sa_flags = SA_SIGINFO};
    sigset_t all, old, pending;
    union sigval v;

    CHECK(sigaction(SIGRTMIN, &sa, NULL) == 0);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &old);
    for (v.sival_int = 1; v.sival_int <= 20; v.sival_int++)
        CHECK(sigqueue(getpid(), SIGRTMIN, v) == 0);
    sigpending(&pending);
    CHECK(sigismember(&pending, SIGRTMIN) && value == 0);
    sigprocmask(SIG_SETMASK, &old, NULL);
    CHECK(value == 210);
}

static void nest(int sig)
{
    sigset_t now;

    nested += ++depth > 1;
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, sig));
    if (sig == SIGUSR1)
        raise(SIGUSR2);
    depth--;
}

static void stack(int sig)
{
    char here;

    (void)sig;
    on_alt = &here >= alt && &here < alt + sizeof alt;
}

static void stacks(void)
{
    stack_t s = {.ss_sp = alt, .ss_size = sizeof alt}, old;

    CHECK(sigaltstack(&s, NULL) == 0);
    set(SIGUSR1, stack, SA_ONSTACK);
    raise(SIGUSR1);
    CHECK(on_alt);
    set(SIGUSR1, stack, 0);
    raise(SIGUSR1);
    CHECK(!on_alt);
    CHECK(sigaltstack(NULL, &old) == 0 && old.ss_sp == alt && old.ss_flags == 0);
}

static void blocking(void)
{
    int p[2];
    char c;

    CHECK(pipe(p) == 0);
    set(SIGALRM, count, 0);
    ualarm(20000, 0);
    CHECK(read(p[0], &c, 1) == -1 && errno == EINTR && n == 1);
    set(SIGALRM, count, SA_RESTART);
    ualarm(20000, 0);
    if (fork() == 0) {
        usleep(100000);
        _exit(write(p[1], "x", 1) != 1);
    }
    CHECK(read(p[0], &c, 1) == 1 && c == 'x' && n == 2);
}

/* Each round's signal may come at any instruction around the wait. */
static void windows(void)
{
    sigset_t block, old;
    timer_t timer;
    struct sigevent ev = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};

    n = 0;
    set(SIGUSR1, count, 0);
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    sigprocmask(SIG_BLOCK, &block, &old);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
    for (int i = 0; i < 300; i++) {
        struct itimerspec t = {.it_value.tv_nsec = 1000 + i * 211};

        CHECK(timer_settime(timer, 0, &t, NULL) == 0);
        while (n == i)
            CHECK(sigsuspend(&old) == -1 && errno == EINTR);
        CHECK(n == i + 1);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Interrupted at any instruction, a computation gives the same. */
static double compute(uint64_t *u)
{
    double d = 1;

    *u = 1;
    for (int i = 1; i < 300000; i++) {
        d = d * 1.0000001 + 1.0 / i;
        *u = *u * 6364136223846793005u + (uint64_t)i;
    }
    return d;
}

static void clobber(int sig)
{
    volatile double d = sig;

    for (int i = 0; i < 20; i++)
        d = d / 3 + 1;
    n++;
}

static void registers(void)
{
    struct itimerval every = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
    uint64_t u, v;
    double d = compute(&u);

    n = 0;
    set(SIGALRM, clobber, SA_RESTART);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 20; i++)
        CHECK(compute(&v) == d && u == v);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(n > 5);
}

static void *wait_for_it(void *arg)
{
    sigset_t s;
    int sig;

    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    CHECK(sigwait(&s, &sig) == 0);
    *(int *)arg = sig;
    return NULL;
}

static void to_a_thread(void)
{
    sigset_t s;
    pthread_t t;
    int got = 0;

    sigemptyset(&s);
    sigaddset(&s, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &s, NULL);
    CHECK(pthread_create(&t, NULL, wait_for_it, &got) == 0);
    usleep(10000);
    CHECK(pthread_kill(t, SIGUSR2) == 0 && pthread_join(t, NULL) == 0 && got == SIGUSR2);
}

int main(void)
{
    queued();
    set(SIGUSR1, nest, 0);
    set(SIGUSR2, nest, 0);
    raise(SIGUSR1);
    CHECK(nested == 1);
    stacks();
    blocking();
    windows();
    registers();
    to_a_thread();
    return 0;
}
