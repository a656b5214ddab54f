/* SPDX-License-Identifier: MIT */
/* code.c - code that a program writes is run as written after the flush that its architecture
 * asks for: in place, through a second mapping, after mprotect, where other code was mapped. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define FUNCS 64

typedef int (*fn)(void);

static volatile int stop;
static volatile fn shared;

/* "return v", 0 <= v < 2048 */
static void emit(uint32_t *p, int v)
{
#if defined(__riscv)
    p[0] = 0x00000513u | (uint32_t)v << 20; /* li a0, v */
    p[1] = 0x00008067u;                     /* ret */
#else
    p[0] = 0x52800000u | (uint32_t)v << 5;  /* mov w0, #v */
    p[1] = 0xd65f03c0u;                     /* ret */
#endif
}

static void flush(void *p, size_t n)
{
    __builtin___clear_cache(p, (char *)p + n);
}

static void in_place(void)
{
    uint32_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(p != MAP_FAILED);
    for (int round = 0; round < 200; round++)
        for (int i = 0; i < FUNCS; i += 7) {
            uint32_t *f = p + 2 * i;

            emit(f, (round * 31 + i) & 2047);
            flush(f, 8);
            CHECK(((fn)f)() == ((round * 31 + i) & 2047));
            CHECK(round == 0 || ((fn)p)() == ((round * 31) & 2047));
        }
    munmap(p, PAGE);
}

static void two_mappings(void)
{
    int fd = memfd_create("code", 0);
    uint32_t *w, *x;

    CHECK(fd >= 0 && ftruncate(fd, PAGE) == 0);
    w = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    x = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    CHECK(w != MAP_FAILED && x != MAP_FAILED);
    for (int i = 0; i < 200; i++) {
        emit(w, i);
        flush(x, 8);
        CHECK(((fn)x)() == i);
    }
    close(fd);
}

static void protection(void)
{
    uint32_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < 100; i++) {
        CHECK(mprotect(p, PAGE, PROT_READ | PROT_WRITE) == 0);
        emit(p, i);
        CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0);
        flush(p, 8);
        CHECK(((fn)p)() == i);
    }
    for (int i = 0; i < 100; i++) { /* another mapping in its place, never flushed */
        uint32_t *q = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        emit(q, i + 500);
        CHECK(mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p);
        CHECK(mprotect(p, PAGE, PROT_READ | PROT_EXEC) == 0 && ((fn)p)() == i + 500);
    }
}

static void *runner(void *arg)
{
    while (!stop) {
        int v = shared();

        CHECK(v >= 0 && v < 2048);
    }
    return arg;
}

/* While another thread runs older functions, new ones are written behind them. */
static void beside_a_thread(void)
{
    uint32_t *p = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t t;

    emit(p, 0);
    flush(p, 8);
    shared = (fn)p;
    CHECK(pthread_create(&t, NULL, runner, NULL) == 0);
    for (int i = 1; i < 2000; i++) {
        emit(p + 2 * i, i);
        flush(p + 2 * i, 8);
        CHECK(((fn)(p + 2 * i))() == i);
        shared = (fn)(p + 2 * i);
    }
    stop = 1;
    pthread_join(t, NULL);
}

int main(void)
{
    in_place();
    two_mappings();
    protection();
    beside_a_thread();
    return 0;
}
