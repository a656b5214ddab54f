/* SPDX-License-Identifier: MIT */
/* mix.c - integer programs of mixed habits: lists, small matrices and a state machine in one
 * loop; a bytecode interpreter whose every operation jumps to the next by itself; and more code
 * than a cache of translations or of branches likes to hold.
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <stddef.h>
#include <string.h>

/* ---- Lists, matrices, states --------------------------------------------------------------- */

struct node {
    struct node *next;
    uint16_t key, index;
};

/* Merges two lists in order of their keys. */
static struct node *merge(struct node *a, struct node *b)
{
    struct node *head, **end = &head;
    while (a && b) {
        struct node **least = a->key <= b->key ? &a : &b;
        *end = *least;
        end = &(*least)->next;
        *least = (*least)->next;
    }
    *end = a ? a : b;
    return head;
}

static struct node *sort_list(struct node *list)
{
    struct node *slow = list, *fast, *second;
    if (!list || !list->next)
        return list;
    for (fast = list->next; fast && fast->next; fast = fast->next->next)
        slow = slow->next;
    second = slow->next;
    slow->next = NULL;
    return merge(sort_list(list), sort_list(second));
}

static uint64_t lists(uint32_t seed)
{
    enum { N = 64 };
    static struct node nodes[N];
    uint64_t sum = 0;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        nodes[i] = (struct node){ i + 1 < N ? &nodes[i + 1] : NULL, (uint16_t)(seed >> 20),
                                  (uint16_t)i };
    }
    for (struct node *n = sort_list(nodes); n; n = n->next)
        sum = sum * 31 + n->index;
    return sum;
}

static uint64_t matrices(uint32_t seed)
{
    enum { N = 9 };
    static int16_t a[N][N], b[N][N];
    static int32_t c[N][N];
    uint64_t sum = 0;
    for (int i = 0; i < N * N; i++) {
        seed = seed * 1664525 + 1013904223;
        a[i / N][i % N] = (int16_t)(seed >> 24);
        b[i / N][i % N] = (int16_t)(seed >> 16 & 255);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            int32_t dot = 0;
            for (int k = 0; k < N; k++)
                dot += a[i][k] * b[k][j];
            c[i][j] = dot;
        }
    for (int i = 0; i < N; i++)
        sum = bench_mix(sum, (uint64_t)(int64_t)c[i][i]);
    return sum;
}

enum state { START, SIGN, DIGITS, FRACTION, EXPONENT, POWER, BAD, STATES };

static enum state step(enum state s, char c)
{
    int digit = c >= '0' && c <= '9';
    switch (s) {
    case START: return digit ? DIGITS : c == '-' || c == '+' ? SIGN : c == '.' ? FRACTION : BAD;
    case SIGN: return digit ? DIGITS : c == '.' ? FRACTION : BAD;
    case DIGITS: return digit ? DIGITS : c == '.' ? FRACTION : c == 'e' ? EXPONENT : BAD;
    case FRACTION: return digit ? FRACTION : c == 'e' ? EXPONENT : BAD;
    case EXPONENT: return digit || c == '-' || c == '+' ? POWER : BAD;
    case POWER: return digit ? POWER : BAD;
    default: return BAD;
    }
}

static uint64_t states(uint32_t seed)
{
    static const char text[] = "5012,-874,+.7,35.54e3,-110.700,+0.64400,5.500e+3,T0.3e-1F,1..2,";
    uint32_t count[STATES] = { 0 };
    uint64_t sum = 0;
    enum state s = START;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        char c = text[(i + seed) % (sizeof text - 1)];
        if (c == ',') {
            count[s]++;
            s = START;
        } else {
            s = step(s, c);
        }
    }
    for (int i = 0; i < STATES; i++)
        sum = sum * 17 + count[i];
    return sum;
}

uint64_t int_mix(unsigned scale)
{
    uint64_t sum = 0;
    for (uint32_t n = 0; n < 30000 * scale; n++) {
        sum = bench_mix(sum, lists(n));
        sum = bench_mix(sum, matrices(n));
        sum = bench_mix(sum, states(n));
    }
    return sum;
}

/* ---- Computed goto ----------------------------------------------------------------------------- */

enum { INC, ADD, XOR, SHIFT, LESS, BACK, END };

/* code[]: operation, register, operand. */
static uint64_t threaded(const uint8_t *code, uint64_t *r)
{
    static const void *const at[] = { &&inc, &&add, &&xor_, &&shift, &&less, &&back, &&end };
    const uint8_t *p = code;
#define NEXT goto *at[(p += 3)[0]]
    goto *at[p[0]];
inc:
    r[p[1]] += p[2];
    NEXT;
add:
    r[p[1]] += r[p[2]];
    NEXT;
xor_:
    r[p[1]] ^= r[p[2]];
    NEXT;
shift:
    r[p[1]] = r[p[1]] << p[2] | r[p[1]] >> (64 - p[2]);
    NEXT;
less:
    r[0] = r[p[1]] < r[p[2]];
    NEXT;
back:
    if (r[p[1]])
        p -= 3 * p[2];
    NEXT;
end:
#undef NEXT
    return r[1];
}

uint64_t int_goto(unsigned scale)
{
    static const uint8_t code[] = {
        ADD, 1, 2, XOR, 1, 3, SHIFT, 1, 7, INC, 2, 1, ADD, 3, 1, SHIFT, 3, 13, XOR, 3, 2,
        LESS, 2, 4, BACK, 0, 9, END, 0, 0,
    };
    uint64_t r[8] = { 0, 1, 0, 99, (uint64_t)scale * 9000000 };
    return threaded(code, r);
}

/* ---- Much code --------------------------------------------------------------------------------- */

static uint32_t turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

/* 2048 functions alike in shape, each with constants of its own. */
#define FUNCTION(n) \
    static __attribute__((noinline)) uint32_t big_##n(uint32_t x, uint32_t *m) \
    { \
        enum { K = 0x1##n * 61 % 32749 }; \
        x ^= m[K % 61]; \
        x = x >> K % 13 & 1 ? x * 5 + K : turn(x, K % 29 + 1); \
        if (x > (uint32_t)K << 16) \
            m[K % 59] += x; \
        x += m[K % 53] ^ (x >> K % 11); \
        if ((x ^ K) & 6) \
            x = turn(x ^ K, K % 23 + 2) - m[K % 47]; \
        m[K % 43] = x; \
        return x ^ x >> 15; \
    }
#define ENTRY(n) big_##n,
#define E8(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7)
#define E64(X, n) E8(X, n##0) E8(X, n##1) E8(X, n##2) E8(X, n##3) E8(X, n##4) E8(X, n##5) \
    E8(X, n##6) E8(X, n##7)
#define E512(X, n) E64(X, n##0) E64(X, n##1) E64(X, n##2) E64(X, n##3) E64(X, n##4) \
    E64(X, n##5) E64(X, n##6) E64(X, n##7)
#define ALL(X) E512(X, 0) E512(X, 1) E512(X, 2) E512(X, 3)

ALL(FUNCTION)

uint64_t int_big(unsigned scale)
{
    static uint32_t (*const all[])(uint32_t, uint32_t *) = { ALL(ENTRY) };
    enum { N = sizeof all / sizeof all[0] };
    static uint32_t m[64];
    uint32_t x = 1, order = 7;
    memset(m, 0, sizeof m);
    for (uint32_t i = 0; i < 4000000 * scale; i++) {
        order = order * 1664525 + 1013904223;
        x = all[order >> 8 & (N - 1)](x, m);
    }
    return (uint64_t)x << 32 | m[17];
}
