/* SPDX-License-Identifier: MIT */
/* float.c - floating-point programs. Their checksums are of the results' bits, so an emulator
 * that rounds otherwise is found out. Built in ISO mode, where the compiler fuses nothing by
 * itself, so the host's build computes the same; fp_fused asks for fused operations.
 * Not modelled: nothing; these are a guest's programs. */
#include "bench.h"

#include <math.h>
#include <string.h>

static uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, sizeof b);
    return b;
}

/* A sun and four planets, symplectic Euler; units where G = 1. */
uint64_t fp_nbody(unsigned scale)
{
    enum { N = 5 };
    double p[N][3] = { { 0 }, { 1, 0, .1 }, { 0, 2, -.1 }, { -3, 0, .2 }, { 0, -5, 0 } };
    double v[N][3] = { { 0 }, { 0, 1, 0 }, { -.7, 0, 0 }, { 0, -.57, 0 }, { .44, 0, 0 } };
    const double mass[N] = { 1, 1e-3, 3e-4, 5e-5, 4e-5 }, dt = 1e-3;
    for (unsigned step = 0; step < 800000 * scale; step++) {
        for (int i = 0; i < N; i++)
            for (int j = i + 1; j < N; j++) {
                double d[3], r2 = 0;
                for (int k = 0; k < 3; k++) {
                    d[k] = p[i][k] - p[j][k];
                    r2 += d[k] * d[k];
                }
                double f = dt / (r2 * sqrt(r2));
                for (int k = 0; k < 3; k++) {
                    v[i][k] -= d[k] * mass[j] * f;
                    v[j][k] += d[k] * mass[i] * f;
                }
            }
        for (int i = 0; i < N; i++)
            for (int k = 0; k < 3; k++)
                p[i][k] += dt * v[i][k];
    }
    return bench_mix(bits(p[1][0]), bits(v[4][1]));
}

uint64_t fp_mandel(unsigned scale)
{
    uint64_t sum = 0;
    for (unsigned round = 0; round < 40 * scale; round++)
        for (int py = 0; py < 200; py++)
            for (int px = 0; px < 200; px++) {
                double cx = px / 80.0 - 2.0, cy = py / 80.0 - 1.25, x = 0, y = 0;
                int n = 0;
                while (n < 100 && x * x + y * y < 4) {
                    double t = x * x - y * y + cx;
                    y = 2 * x * y + cy;
                    x = t;
                    n++;
                }
                sum = bench_mix(sum, (uint64_t)n);
            }
    return sum;
}

enum { SPECTRAL = 200 };

static void spectral_multiply(const double *in, double *out, int transposed)
{
    for (int i = 0; i < SPECTRAL; i++) {
        double sum = 0;
        for (int j = 0; j < SPECTRAL; j++) {
            int a = transposed ? j : i, b = transposed ? i : j;
            sum += in[j] / ((a + b) * (a + b + 1) / 2 + a + 1);
        }
        out[i] = sum;
    }
}

/* Power iteration on the matrix 1 / ((i+j)(i+j+1)/2 + i + 1). */
uint64_t fp_spectral(unsigned scale)
{
    double u[SPECTRAL], v[SPECTRAL], t[SPECTRAL], uv = 0, vv = 0;
    for (unsigned n = 0; n < 720 * scale; n++) {
        for (int i = 0; n % 144 == 0 && i < SPECTRAL; i++)
            u[i] = 1;
        spectral_multiply(u, t, 0);
        spectral_multiply(t, v, 1);
        spectral_multiply(v, t, 0);
        spectral_multiply(t, u, 1);
    }
    for (int i = 0; i < SPECTRAL; i++) {
        uv += u[i] * v[i];
        vv += v[i] * v[i];
    }
    return bits(sqrt(uv / vv));
}

/* Radix-2 decimation in time, forth and back. */
static void fft(double *re, double *im, int n, double sign)
{
    for (int i = 1, j = 0; i < n; i++) {
        int bit = n >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double a = re[i], b = im[i];
            re[i] = re[j], im[i] = im[j];
            re[j] = a, im[j] = b;
        }
    }
    for (int len = 2; len <= n; len <<= 1) {
        double angle = sign * 6.283185307179586 / len, wr = cos(angle), wi = sin(angle);
        for (int i = 0; i < n; i += len) {
            double cr = 1, ci = 0;
            for (int k = i; k < i + len / 2; k++) {
                int m = k + len / 2;
                double xr = re[m] * cr - im[m] * ci, xi = re[m] * ci + im[m] * cr;
                re[m] = re[k] - xr, im[m] = im[k] - xi;
                re[k] += xr, im[k] += xi;
                double next = cr * wr - ci * wi;
                ci = cr * wi + ci * wr;
                cr = next;
            }
        }
    }
}

uint64_t fp_fft(unsigned scale)
{
    enum { N = 4096 };
    static double re[N], im[N];
    for (int i = 0; i < N; i++)
        re[i] = (i * 37 % 101) / 101.0, im[i] = 0;
    for (unsigned round = 0; round < 500 * scale; round++) {
        fft(re, im, N, 1);
        fft(re, im, N, -1);
        for (int i = 0; i < N; i++)
            re[i] /= N, im[i] /= N;
    }
    return bench_mix(bits(re[5]), bits(re[N - 1]));
}

/* LU decomposition with partial pivoting, then the product of the pivots. */
uint64_t fp_lu(unsigned scale)
{
    enum { N = 120 };
    static double a[N][N];
    uint64_t sum = 0;
    for (unsigned round = 0; round < 280 * scale; round++) {
        double det = 1;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                a[i][j] = ((i * 31 + j * 17 + (int)round) % 97) / 97.0 + (i == j);
        for (int k = 0; k < N; k++) {
            int best = k;
            for (int i = k + 1; i < N; i++)
                if (fabs(a[i][k]) > fabs(a[best][k]))
                    best = i;
            for (int j = k; best != k && j < N; j++) {
                double t = a[k][j];
                a[k][j] = a[best][j];
                a[best][j] = t;
            }
            det *= a[k][k];
            for (int i = k + 1; i < N; i++) {
                double f = a[i][k] / a[k][k];
                for (int j = k; j < N; j++)
                    a[i][j] -= f * a[k][j];
            }
        }
        sum = bench_mix(sum, bits(det));
    }
    return sum;
}

/* Single precision: a filter, a normalisation and conversions, as sound and pictures do. */
uint64_t fp_single(unsigned scale)
{
    enum { N = 4096 };
    static float in[N], out[N];
    uint64_t sum = 0;
    for (unsigned round = 0; round < 2000 * scale; round++) {
        float s1 = 0, s2 = 0, energy = 0;
        for (int i = 0; i < N; i++)
            in[i] = (float)((i * 73 + (int)round) % 255) / 127.5f - 1.0f;
        for (int i = 0; i < N; i++) {
            float y = 0.2f * in[i] + s1;
            s1 = 0.4f * in[i] - -0.3f * y + s2;
            s2 = 0.2f * in[i] - 0.2f * y;
            out[i] = y;
            energy += y * y;
        }
        float gain = 1.0f / sqrtf(energy / N + 1e-6f);
        for (int i = 0; i < N; i++) {
            float y = fminf(fmaxf(out[i] * gain, -1.0f), 1.0f);
            sum = bench_mix(sum, (uint64_t)(int64_t)(int)(y * 32767.0f));
        }
    }
    return sum;
}

/* Fused multiply-adds: a polynomial by Horner's rule over many points. */
uint64_t fp_fused(unsigned scale)
{
    static const double c[] = { 1, -0.5, 0.25, -0.125, 0.0625, -0.03125, 0.015625, -0.0078125 };
    uint64_t sum = 0;
    for (unsigned round = 0; round < 6000 * scale; round++) {
        double total = 0;
        for (int i = 0; i < 2000; i++) {
            double x = i / 1999.0 - 0.5 + round * 1e-6, p = c[7];
            for (int k = 6; k >= 0; k--)
                p = fma(p, x, c[k]);
            total += p;
        }
        sum = bench_mix(sum, bits(total));
    }
    return sum;
}
