/* SPDX-License-Identifier: MIT */
/* x86-ir-values.c - random values, many of them at the ends of their range, and random states. */
#include "x86-ir-make.h"

uint64_t ir_rand(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const uint64_t ints[] = {
    0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 255, 4095, 0x7fffffff, 0x80000000u, 0xffffffffu,
    0x100000000u, 0x7fffffffffffffffu, 0x8000000000000000u, (uint64_t)-1, (uint64_t)-2,
    (uint64_t)-128, (uint64_t)-2048, 0xffffffff80000000u, 0xffffffff7fffffffu,
};
static const uint64_t doubles[] = {
    0, 0x8000000000000000u, 1, 0x8000000000000001u, 0x000fffffffffffffu, 0x0010000000000000u,
    0x3ff0000000000000u, 0xbff0000000000000u, 0x4000000000000000u, 0x3fe0000000000000u,
    0x7fefffffffffffffu, 0xffefffffffffffffu, 0x7ff0000000000000u, 0xfff0000000000000u,
    0x7ff8000000000000u, 0xfff8000000000000u, 0x7ff0000000000001u, 0xfff4000000000000u,
    0x7ff8000000000123u, 0x41dfffffffc00000u, 0x41e0000000000000u, 0xc1e0000000000000u,
    0xc1e0000000200000u, 0x41efffffffe00000u, 0x41f0000000000000u, 0x41f0000000080000u,
    0x43e0000000000000u, 0xc3e0000000000000u, 0x43f0000000000000u, 0xbfe0000000000000u,
    0x3ff8000000000000u, 0x4004000000000000u, 0x41efffffffffffffu, 0xbfefffffffffffffu,
    0x36a0000000000000u, 0x380fffffffffffffu, 0x47efffffefffffffu, 0x3ca0000000000000u,
};
static const uint32_t floats[] = {
    0, 0x80000000u, 1, 0x80000001u, 0x007fffffu, 0x00800000u, 0x3f800000u, 0xbf800000u,
    0x40000000u, 0x3f000000u, 0x7f7fffffu, 0xff7fffffu, 0x7f800000u, 0xff800000u, 0x7fc00000u,
    0xffc00000u, 0x7f800001u, 0xffa00000u, 0x7fc00123u, 0x4effffffu, 0x4f000000u, 0xcf000000u,
    0x4f7fffffu, 0x4f800000u, 0x5f000000u, 0xdf000000u, 0x5f800000u, 0xbf000000u, 0x3fc00000u,
};

uint64_t ir_any_int(uint64_t *s)
{
    switch (ir_below(s, 4)) {
    case 0: return ints[ir_below(s, LEN(ints))];
    case 1: return ir_rand(s) >> ir_below(s, 64);
    case 2: return (uint64_t)((int64_t)ir_rand(s) >> ir_below(s, 64));
    default: return ir_rand(s);
    }
}

uint64_t ir_any_double(uint64_t *s)
{
    switch (ir_below(s, 4)) {
    case 0: case 1: return doubles[ir_below(s, LEN(doubles))];
    case 2: /* near 1: rounding and cancellation */
        return (0x3f0u + ir_below(s, 32)) << 52 | (ir_rand(s) & 0x800fffffffffffffu);
    default: return ir_rand(s);
    }
}

uint32_t ir_any_float(uint64_t *s)
{
    switch (ir_below(s, 4)) {
    case 0: case 1: return floats[ir_below(s, LEN(floats))];
    case 2: return (uint32_t)((120 + ir_below(s, 16)) << 23 | (ir_rand(s) & 0x807fffffu));
    default: return (uint32_t)ir_rand(s);
    }
}

static uint64_t any_address(uint64_t *s)
{
    uint64_t a = RAM_BASE + ir_below(s, 12) * 2048;

    switch (ir_below(s, 4)) {
    case 0: return a + ir_below(s, 4096);
    case 1: return a - ir_below(s, 16); /* crosses */
    default: return a + (ir_below(s, 256) << 3);
    }
}

/* Floats of one format, or bytes many of which are at the ends of their range. */
static void random_vector(uint64_t *s, struct xl_v128 *v)
{
    static const uint8_t ends[] = {0, 1, 0x7f, 0x80, 0x81, 0xff};
    uint64_t k = ir_below(s, 4);

    for (uint32_t i = 0; i < 2; i++) {
        v->d[i] = k == 0   ? ir_any_double(s)
                  : k == 1 ? (uint64_t)ir_any_float(s) << 32 | ir_any_float(s) : ir_rand(s);
        for (uint32_t j = 0; k == 2 && j < 64; j += 8) {
            if (ir_below(s, 2))
                v->d[i] = (v->d[i] & ~((uint64_t)255 << j)) | (uint64_t)ends[ir_below(s, 6)] << j;
        }
    }
}

void ir_random_state(uint64_t *s, struct ir_cpu *c)
{
    for (uint32_t i = 0; i < N_INT; i++)
        c->r[i] = i % 3 ? any_address(s) : ir_any_int(s);
    for (uint32_t i = 0; i < N_I32; i++)
        c->w[i] = (uint32_t)ir_any_int(s);
    for (uint32_t i = 0; i < N_FP; i++)
        c->f[i] = ir_below(s, 2) ? ir_any_double(s) : ir_any_float(s) | 0xffffffff00000000u;
    for (uint32_t i = 0; i < N_F32; i++)
        c->s[i] = ir_any_float(s);
    for (uint32_t i = 0; i < N_VEC; i++)
        random_vector(s, &c->v[i]);
}
