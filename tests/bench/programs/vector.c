/* SPDX-License-Identifier: MIT */
/* vector.c - programs for the vector unit: a product of matrices in single precision, which the
 * compiler makes vectors of where the target has them, and kernels written with vectors of 16
 * bytes. Targets without vectors compute the same lane by lane.
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <string.h>

static uint32_t bits(float x)
{
    uint32_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

uint64_t fp_matmul(unsigned scale)
{
    enum { N = 128 };
    static float a[N][N], b[N][N], c[N][N];
    uint64_t sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (float)(i * 37 % 101 - j % 13) / 101.0f;
            b[i][j] = (float)(j * 53 % 97 - i % 11) / 97.0f;
        }
    for (unsigned round = 0; round < 300 * scale; round++) {
        memset(c, 0, sizeof c);
        for (int i = 0; i < N; i++)
            for (int k = 0; k < N; k++)
                for (int j = 0; j < N; j++)
                    c[i][j] += a[i][k] * b[k][j];
        a[round % N][3] = c[5][round % N] * 0.01f;
        sum = bench_mix(sum, bits(c[round % N][N - 1]));
    }
    return sum;
}

typedef float f32x4 __attribute__((vector_size(16)));
typedef double f64x2 __attribute__((vector_size(16)));
typedef int32_t s32x4 __attribute__((vector_size(16)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));

enum { LENGTH = 1024 };

/* Shading: distances, a root's first guesses, a choice, conversion to integers. */
static uint64_t shade(f32x4 *x, f32x4 *y)
{
    f32x4 sum = { 0 };
    s32x4 level = { 0 };
    for (int i = 0; i < LENGTH / 4; i++) {
        f32x4 d = x[i] * x[i] + y[i] * y[i] + 0.001f, r = d * 0.5f + 0.5f;
        r = (r + d / r) * 0.5f;
        s32x4 near = r < 0.7f;
        f32x4 light = (f32x4)(((s32x4)(1.0f - r * 0.4f) & near) | ((s32x4)(0.6f / r) & ~near));
        sum += light;
        level += __builtin_convertvector(light * 255.0f, s32x4);
        x[i] += light * 1e-3f;
    }
    return bench_mix(bits(sum[0] + sum[3]), (uint32_t)(level[1] + level[2]));
}

/* y = a x + y and a dot product, in double precision. */
static uint64_t linear(const f64x2 *x, f64x2 *y, double a)
{
    f64x2 dot = { 0 };
    uint64_t word;
    for (int i = 0; i < LENGTH / 2; i++) {
        y[i] = y[i] * 0.999 + x[i] * a;
        dot += x[i] * y[i];
    }
    double all = dot[0] + dot[1];
    memcpy(&word, &all, sizeof word);
    return word;
}

/* Pixels: two pictures blended in 16-bit steps, then a threshold. */
static uint64_t blend(u8x16 *p, const u8x16 *q, unsigned alpha)
{
    u16x8 sum = { 0 };
    u8x16 above = { 0 };
    for (int i = 0; i < LENGTH / 16; i++) {
        u16x8 a = (u16x8)p[i], b = (u16x8)q[i];
        u16x8 low = (a & 255) * (uint16_t)(256 - alpha) + (b & 255) * (uint16_t)alpha;
        u16x8 high = (a >> 8) * (uint16_t)(256 - alpha) + (b >> 8) * (uint16_t)alpha;
        u8x16 out = (u8x16)((low >> 8) | (high & 0xff00));
        above -= (u8x16)(out > 100);
        sum += low ^ high;
        p[i] = out + 3;
    }
    return bench_mix(sum[0] + sum[5] + above[7], above[1] + above[15]);
}

uint64_t fp_vector(unsigned scale)
{
    static f32x4 x[LENGTH / 4], y[LENGTH / 4];
    static f64x2 u[LENGTH / 2], v[LENGTH / 2];
    static u8x16 p[LENGTH / 16], q[LENGTH / 16];
    uint64_t sum = 0;
    for (int i = 0; i < LENGTH; i++) {
        x[i / 4][i % 4] = (float)(i * 29 % 113) / 113.0f;
        y[i / 4][i % 4] = (float)(i * 31 % 127) / 127.0f;
        u[i / 2][i % 2] = (i * 23 % 89) / 89.0;
        v[i / 2][i % 2] = (i * 19 % 83) / 83.0;
        p[i / 16][i % 16] = (uint8_t)(i * 7);
        q[i / 16][i % 16] = (uint8_t)(i * 13 >> 2);
    }
    for (unsigned round = 0; round < 48000 * scale; round++) {
        sum = bench_mix(sum, shade(x, y));
        sum = bench_mix(sum, linear(u, v, round * 1e-5));
        sum = bench_mix(sum, blend(p, q, round % 256));
    }
    return sum;
}
