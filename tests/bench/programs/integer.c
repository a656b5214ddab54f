/* SPDX-License-Identifier: MIT */
/* integer.c - integer programs: loops over memory, calls, branches, shifts, multiplies.
 * int_sha256 is FIPS 180-4, its constants computed as section 4.2.2 and 5.3.3 define them.
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

uint64_t int_sieve(unsigned scale)
{
    enum { LIMIT = 2000000 };
    static unsigned char composite[LIMIT];
    uint64_t sum = 0;
    for (unsigned round = 0; round < 12 * scale; round++) {
        memset(composite, 0, sizeof composite);
        for (uint32_t i = 2; i < LIMIT; i++) {
            if (composite[i])
                continue;
            sum = bench_mix(sum, i);
            for (uint64_t j = (uint64_t)i * i; j < LIMIT; j += i)
                composite[j] = 1;
        }
    }
    return sum;
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The library's qsort: an indirect call for each comparison. */
uint64_t int_sort(unsigned scale)
{
    enum { COUNT = 200000 };
    static uint32_t values[COUNT];
    uint64_t state = 88172645463325252, sum = 0;
    for (unsigned round = 0; round < 4 * scale; round++) {
        for (int i = 0; i < COUNT; i++)
            values[i] = (uint32_t)next_random(&state);
        qsort(values, COUNT, sizeof values[0], by_value);
        for (int i = 0; i < COUNT; i += 997)
            sum = bench_mix(sum, values[i]);
    }
    return sum;
}

struct sha256 {
    uint32_t k[64], h[8];
};

/* 4.2.2, 5.3.3: the first bits of the fractions of roots of the first primes. */
static void sha256_constants(struct sha256 *s)
{
    for (int n = 2, found = 0; found < 64; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n; d++)
            if (n % d == 0)
                prime = 0;
        if (!prime)
            continue;
        long double cube = cbrtl((long double)n), square = sqrtl((long double)n);
        s->k[found] = (uint32_t)((cube - floorl(cube)) * 4294967296.0L);
        if (found < 8)
            s->h[found] = (uint32_t)((square - floorl(square)) * 4294967296.0L);
        found++;
    }
}

static inline uint32_t ror(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static void sha256_block(struct sha256 *s, const uint32_t *m)
{
    uint32_t w[64], v[8];
    memcpy(w, m, 64);
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3;
        uint32_t s1 = ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    memcpy(v, s->h, sizeof v);
    for (int t = 0; t < 64; t++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & v[5]) ^ (~e & v[6])) +
                      s->k[t] + w[t];
        uint32_t t2 = (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) +
                      ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        s->h[i] += v[i];
}

uint64_t int_sha256(unsigned scale)
{
    struct sha256 s;
    uint32_t block[16];
    sha256_constants(&s);
    for (uint32_t n = 0; n < 90000 * scale; n++) {
        for (uint32_t i = 0; i < 16; i++)
            block[i] = n * 16 + i;
        sha256_block(&s, block);
    }
    return (uint64_t)s.h[0] << 32 | s.h[1];
}

uint64_t int_matrix(unsigned scale)
{
    enum { N = 160 };
    static int32_t a[N][N], b[N][N], c[N][N];
    uint64_t sum = 0;
    for (unsigned round = 0; round < 72 * scale; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                a[i][j] = i * 7 + j * 3 + (int)round;
                b[i][j] = i - j * 5;
            }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                uint32_t dot = 0;
                for (int k = 0; k < N; k++)
                    dot += (uint32_t)a[i][k] * (uint32_t)b[k][j];
                c[i][j] = (int32_t)dot;
            }
        for (int i = 0; i < N; i++)
            sum = bench_mix(sum, (uint64_t)(int64_t)c[i][(i * 31) % N]);
    }
    return sum;
}

uint64_t int_hash(unsigned scale)
{
    enum { SLOTS = 1 << 17 };
    static uint64_t keys[SLOTS];
    static uint32_t counts[SLOTS];
    uint64_t state = 0x9e3779b97f4a7c15, sum = 0;
    memset(keys, 0, sizeof keys);
    memset(counts, 0, sizeof counts);
    for (uint32_t n = 0; n < 4000000 * scale; n++) {
        uint64_t key = next_random(&state) % 60000 + 1;
        uint64_t slot = (key * 0x9e3779b97f4a7c15) >> 47;
        while (keys[slot] && keys[slot] != key)
            slot = (slot + 1) % SLOTS;
        keys[slot] = key;
        sum += ++counts[slot];
    }
    return bench_mix(sum, counts[4711]);
}

static uint32_t queens(uint32_t all, uint32_t columns, uint32_t left, uint32_t right)
{
    uint32_t count = 0;
    if (columns == all)
        return 1;
    for (uint32_t free = all & ~(columns | left | right); free; free &= free - 1) {
        uint32_t bit = free & -free;
        count += queens(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return count;
}

uint64_t int_queens(unsigned scale)
{
    uint64_t sum = 0;
    for (unsigned round = 0; round < 3 * scale; round++)
        sum = bench_mix(sum, queens((1u << 13) - 1, 0, 0, 0));
    return sum;
}
