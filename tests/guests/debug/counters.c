/* SPDX-License-Identifier: MIT */
/* counters.c - cycles counted in all, in user mode and in the kernel, by as many counters as there
 * are at once, and their overflow's interrupt, which sends a signal. */
#include "debug.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define COUNTERS 7 /* the cycle counter is one of them */

static volatile sig_atomic_t n_signals;

/* Of this thread: the kernel may still have other work. */
static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Some of the time in user mode, some in the kernel; the ns that it took. */
static uint64_t work(unsigned ms)
{
    uint64_t begin = now(), end = begin + ms * 1000000ull;
    while (now() < end) {
        for (int i = 0; i < 100; i++)
            syscall(SYS_getppid);
        for (volatile int i = 0; i < 100000; i++)
            ;
    }
    return now() - begin;
}

static uint64_t count(int fd)
{
    uint64_t v = 0;
    if (read(fd, &v, sizeof v) != sizeof v)
        printf("PB-FAILED read: %s\n", strerror(errno));
    close(fd);
    return v;
}

/* group -1: the first of a group, which starts them all. */
static int cycles(int group, int user, int kernel)
{
    struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES,
                                .disabled = group < 0, .exclude_user = !user,
                                .exclude_kernel = !kernel};
    int fd = perf_open(&a, 0, group);
    if (fd < 0)
        printf("PB-FAILED perf_event_open: %s\n", strerror(errno));
    return fd;
}

/* The second time: the first translates all of it. */
static uint64_t work_counted(int group, unsigned ms)
{
    ioctl(group, PERF_EVENT_IOC_ENABLE, 0);
    work(ms / 4);
    ioctl(group, PERF_EVENT_IOC_DISABLE, 0);
    ioctl(group, PERF_EVENT_IOC_RESET, PERF_IOC_FLAG_GROUP);
    ioctl(group, PERF_EVENT_IOC_ENABLE, 0);
    uint64_t ns = work(ms);
    ioctl(group, PERF_EVENT_IOC_DISABLE, 0);
    return ns;
}

/* By how many percent `a` differs from `b`. */
static int differs(uint64_t a, uint64_t b)
{
    return (int)((double)(a > b ? a - b : b - a) * 100 / (double)b);
}

static void levels(void)
{
    int all = cycles(-1, 1, 1), user = cycles(all, 1, 0), kernel = cycles(all, 0, 1);
    uint64_t ns = work_counted(all, 100), u = count(user), k = count(kernel), n = count(all);
    printf("PB-NOTE %llu ns, %llu cycles, %llu + %llu\n", (unsigned long long)ns,
           (unsigned long long)n, (unsigned long long)u, (unsigned long long)k);
    printf("PB-CYCLES off by %d%% parts by %d%% user %d kernel %d\n", differs(n, ns),
           differs(u + k, n), u > n / 100, k > n / 100);
}

static void many(void)
{
    int fd[COUNTERS];
    uint64_t ns, counted = 0;
    for (int i = 0; i < COUNTERS; i++)
        fd[i] = cycles(i ? fd[0] : -1, 1, 1);
    ns = work_counted(fd[0], 50);
    for (int i = COUNTERS; i-- > 0;)
        counted += differs(count(fd[i]), ns) < 40;
    printf("PB-GROUP %d\n", (int)counted);
}

static void on_overflow(int sig)
{
    (void)sig;
    n_signals++;
}

/* One signal a millisecond, but for those that come while one is being delivered. */
static void samples(void)
{
    struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE, .config = PERF_COUNT_HW_CPU_CYCLES,
                                .sample_period = 1000000, .disabled = 1};
    int fd = perf_open(&a, 0, -1);
    signal(SIGIO, on_overflow);
    if (fd < 0 || fcntl(fd, F_SETFL, O_ASYNC) || fcntl(fd, F_SETOWN, getpid()) ||
        ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
        printf("PB-FAILED sampling: %s\n", strerror(errno));
    uint64_t ms = work(200) / 1000000, got = (uint64_t)n_signals;
    close(fd);
    printf("PB-SAMPLES %d of %d\n", (int)got, (int)ms);
}

static void unknown(void)
{
    struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE,
                                .config = PERF_COUNT_HW_INSTRUCTIONS};
    int fd = perf_open(&a, 0, -1);
    printf("PB-INSTRUCTIONS %s\n", fd < 0 ? strerror(errno) : "counted");
    if (fd >= 0)
        close(fd);
}

void test_counters(void)
{
    levels();
    many();
    samples();
    unknown();
}
