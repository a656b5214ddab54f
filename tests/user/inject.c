/* SPDX-License-Identifier: MIT */
/* inject.c [ROUNDS [SEED]] - accesses fail all the time, and nothing comes of it.
 *
 * Of a buffer's pages only a few may be touched at a time. The handler of the fault lets the page
 * in and another out, so loads, stores, pairs, vectors, atomics and calls of the C library fault
 * at any of their instructions, and go on behind it. The same work is done on memory that is
 * always there: at the end both must be the same, and the registers have said so meanwhile. */
#include "check.h"

#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define PAGES 24u
#define OPEN 6u /* an access may need two, and a copy's source and target four */
#define BYTES ((size_t)PAGES * PAGE)
#define WORDS (BYTES / 8)

typedef float floats __attribute__((vector_size(16), aligned(4)));

static uint8_t *shy, *plain;
static unsigned open_pages[OPEN], next_out;
static unsigned long faults;

static void on_fault(int sig, siginfo_t *si, void *uc)
{
    uintptr_t at = (uintptr_t)si->si_addr - (uintptr_t)shy;

    (void)sig, (void)uc;
    if (at >= BYTES)
        _exit(9);
    faults++;
    if (open_pages[next_out] < PAGES)
        mprotect(shy + open_pages[next_out] * PAGE, PAGE, PROT_NONE);
    open_pages[next_out] = (unsigned)(at / PAGE);
    next_out = (next_out + 1) % OPEN;
    mprotect(shy + at / PAGE * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

/* Everything that is done is a function of the buffer and the seed. */
static uint64_t words(uint8_t *m, unsigned long long s)
{
    uint64_t *w = (uint64_t *)(void *)m, sum = 0;

    for (int i = 0; i < 400; i++) {
        size_t a = next_random(&s) % WORDS, b = next_random(&s) % WORDS;

        sum = sum * 31 + w[a]++;
        w[b] ^= sum;
        sum += __atomic_fetch_add(&w[a], w[b], __ATOMIC_SEQ_CST);
        __atomic_compare_exchange_n(&w[b], &w[b ^ 1], sum, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    }
    return sum;
}

static uint64_t odd_places(uint8_t *m, unsigned long long s)
{
    uint64_t sum = 0, v;

    for (int i = 0; i < 300; i++) { /* most cross a page */
        size_t a = next_random(&s) % (PAGES - 1) * PAGE + PAGE - 1 - next_random(&s) % 8;
        uint32_t h = (uint32_t)sum;

        memcpy(&v, m + a, 8);
        sum = (sum << 7 | sum >> 57) ^ v;
        memcpy(m + a + 3, &h, 4);
        m[a] = (uint8_t)(sum >> 9);
    }
    return sum;
}

static uint64_t vectors(uint8_t *m, unsigned long long s)
{
    floats acc = {1, 2, 3, 4}, v;
    uint64_t bits[2];

    for (int i = 0; i < 300; i++) {
        size_t a = next_random(&s) % (BYTES - 64) & ~(size_t)3;

        memcpy(&v, m + a, 16);
        for (int k = 0; k < 4; k++) /* no NaN: what its bits are is not the point */
            acc[k] = acc[k] * 0.5f + (v[k] == v[k] && v[k] < 1e30f && v[k] > -1e30f ? v[k] : 1);
        memcpy(m + a + 16, &acc, 16);
    }
    memcpy(bits, &acc, 16);
    return bits[0] ^ bits[1];
}

static uint64_t library(uint8_t *m, unsigned long long s)
{
    uint64_t sum = 0;

    for (int i = 0; i < 40; i++) {
        size_t a = next_random(&s) % (BYTES - 4000), b = next_random(&s) % (BYTES - 4000);
        size_t n = next_random(&s) % 4000;

        memmove(m + a, m + b, n);
        memset(m + b, (int)n, n / 7);
        m[a + n / 2] = 0;
        sum = sum * 33 + strlen((char *)m + a) + (size_t)(memcmp(m + a, m + b, n) > 0);
    }
    return sum;
}

int main(int argc, char **argv)
{
    static uint64_t (*const work[])(uint8_t *, unsigned long long) = {words, odd_places, vectors,
                                                                      library};
    int rounds = argc > 1 ? atoi(argv[1]) : 20;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 20240229;
    struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

    plain = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    shy = mmap(NULL, BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(plain != MAP_FAILED && shy != MAP_FAILED && sigaction(SIGSEGV, &sa, NULL) == 0);
    memset(open_pages, 255, sizeof open_pages);
    for (int i = 0; i < rounds; i++)
        for (size_t k = 0; k < sizeof work / sizeof *work; k++) {
            unsigned long long s = next_random(&seed);
            uint64_t want = work[k](plain, s), got = work[k](shy, s);

            if (want != got)
                fprintf(stderr, "round %d, work %zu: %#lx, not %#lx\n", i, k, got, want);
            CHECK(want == got);
        }
    CHECK(mprotect(shy, BYTES, PROT_READ) == 0 && memcmp(shy, plain, BYTES) == 0);
    CHECK(faults > (unsigned long)rounds * 100);
    printf("%lu accesses failed\n", faults);
    return 0;
}
