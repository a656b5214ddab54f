/* SPDX-License-Identifier: MIT */
/* system.c - what the guest's kernel is asked for most: a system call that does nothing, and
 * mappings that come, are written to and go in four threads of one process, so that all its CPUs
 * must forget them; and four threads that only compute, against one that does it all.
 * Not modelled: nothing; these are a guest's programs. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t os_call(unsigned scale)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 100000 * scale; i++)
        sum += syscall(SYS_getppid) >= 0;
    return sum;
}

enum { PAGE = 4096, PAGES = 16, THREADS = 4 };

static void *churn(void *arg)
{
    unsigned scale = *(const unsigned *)arg;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 1000 * scale; i++) {
        char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
        if (p == MAP_FAILED)
            abort();
        for (int k = 0; k < PAGES; k += 4)
            p[k * PAGE] = (char)(i + (unsigned)k);
        sum += (unsigned char)p[8 * PAGE];
        munmap(p, PAGES * PAGE);
    }
    return (void *)(uintptr_t)sum;
}

uint64_t os_munmap(unsigned scale)
{
    pthread_t thread[THREADS];
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, churn, &scale))
            abort();
    for (int i = 0; i < THREADS; i++) {
        void *r;
        pthread_join(thread[i], &r);
        sum += (uintptr_t)r;
    }
    return sum;
}

/* ---- Four shares of work ------------------------------------------------------------------- */

static void *share(void *arg)
{
    unsigned scale = *(const unsigned *)arg;
    uint64_t state = 1, sum = 0;
    for (unsigned i = 0; i < 20000000 * scale; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        sum = bench_mix(sum, state >> 33);
    }
    return (void *)(uintptr_t)sum;
}

uint64_t smp_one(unsigned scale)
{
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++)
        sum += (uintptr_t)share(&scale);
    return sum;
}

uint64_t smp_four(unsigned scale)
{
    pthread_t thread[THREADS];
    uint64_t sum = 0;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread[i], NULL, share, &scale))
            abort();
    for (int i = 0; i < THREADS; i++) {
        void *r;
        pthread_join(thread[i], &r);
        sum += (uintptr_t)r;
    }
    return sum;
}
