/* SPDX-License-Identifier: MIT */
/* memory.c - mmap, munmap, mprotect, mremap, brk and shmat keep to their promises: contents move
 * with mappings, places are respected, and random sequences of them agree with a model. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

#define PAGE 4096
#define AREA 64 /* pages of the random part */
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void places(void)
{
    char *p = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0), *q;

    CHECK(p != MAP_FAILED);
    CHECK(mmap(p, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
          errno == EEXIST);
    CHECK(munmap(p + 2 * PAGE, PAGE) == 0);
    q = mmap(p + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0);
    CHECK(q == p + 2 * PAGE && *q == 0); /* a wish that can be granted is */
    CHECK(mmap(p, PAGE, PROT_READ, ANON, -1, 0) != p);
    CHECK(mmap((void *)1, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
    CHECK(mmap(NULL, 0, PROT_READ, ANON, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(munmap((void *)0x7ffff0000000, PAGE) == -1 && errno == EINVAL);
    CHECK(mprotect((void *)0x7ffff0000000, PAGE, PROT_READ) == -1);
    CHECK(munmap(p, 8 * PAGE) == 0 && mprotect(p, PAGE, PROT_READ) == -1 && errno == ENOMEM);
}

static void moves(void)
{
    char *p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANON, -1, 0), *q;

    CHECK(p != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        p[i * PAGE] = (char)(i + 1);
    q = mremap(p, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
    CHECK(q != MAP_FAILED);
    for (int i = 0; i < 4; i++)
        CHECK(q[i * PAGE] == i + 1);
    CHECK(q[63 * PAGE] == 0);
    CHECK(mremap(q, 64 * PAGE, 2 * PAGE, 0) == q);
    p = mmap(NULL, 2 * PAGE, PROT_NONE, ANON, -1, 0);
    CHECK(mremap(q, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) == p && p[PAGE] == 2);
    CHECK(mremap((void *)0x10000000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
}

static void heap(void)
{
    char *a = sbrk(0), *b;

    CHECK(sbrk(3 * PAGE + 5) == a);
    memset(a, 7, 3 * PAGE + 5);
    b = sbrk(0);
    CHECK(b == a + 3 * PAGE + 5 && brk(a) == 0 && sbrk(0) == a);
    CHECK(brk(b) == 0 && b[-1] == 0); /* given back and taken anew: empty */
}

static void segments(void)
{
    int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600);
    char *p, *q;

    if (id < 0) /* a system without them */
        return;
    p = shmat(id, NULL, 0);
    q = shmat(id, NULL, SHM_RDONLY);
    CHECK(p != (void *)-1 && q != (void *)-1 && p != q);
    p[PAGE] = 42;
    CHECK(q[PAGE] == 42 && shmdt(p) == 0 && shmdt(q) == 0 && shmdt(p) == -1);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

/* A page of the model: 0 not there, else what its first byte is. */
static void random_ops(unsigned long long seed)
{
    char *base = mmap(NULL, AREA * PAGE, PROT_NONE, ANON, -1, 0);
    int model[AREA] = {0}, next = 1;

    CHECK(base != MAP_FAILED && munmap(base, AREA * PAGE) == 0);
    for (int round = 0; round < 3000; round++) {
        unsigned at = (unsigned)(next_random(&seed) % AREA);
        unsigned n = 1 + (unsigned)(next_random(&seed) % (AREA - at));
        char *p = base + at * PAGE;

        switch (next_random(&seed) % 3) {
        case 0:
            CHECK(mmap(p, n * PAGE, PROT_READ | PROT_WRITE, ANON | MAP_FIXED, -1, 0) == p);
            for (unsigned i = 0; i < n; i++, next = next % 120 + 1)
                p[i * PAGE] = (char)(model[at + i] = next);
            break;
        case 1:
            CHECK(munmap(p, n * PAGE) == 0);
            memset(&model[at], 0, n * sizeof model[0]);
            break;
        default: {
            int whole = 1;

            for (unsigned i = 0; i < n; i++)
                whole &= model[at + i] != 0;
            CHECK((mprotect(p, n * PAGE, PROT_READ | PROT_WRITE) == 0) == whole);
            break;
        }
        }
        for (unsigned i = 0; i < AREA; i++)
            CHECK(!model[i] || base[i * PAGE] == model[i]);
    }
}

int main(void)
{
    places();
    moves();
    heap();
    segments();
    random_ops(0x9e3779b97f4a7c15ull);
    return 0;
}
