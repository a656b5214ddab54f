/* SPDX-License-Identifier: MIT */
/* test-xl-eval.c - xl_eval() against second definitions of the same ops: 128-bit arithmetic,
 * bit loops, and the corner cases of the RISC-V manual. */
#include "xl-check.h"
#include "xl-toy.h"

__extension__ typedef __int128 s128;
__extension__ typedef unsigned __int128 u128;

static const uint64_t values[] = {
    0, 1, 2, 3, 5, 31, 32, 63, 64, 127, 128, 0xff, 0x100, 0x8080, 0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000, 0x123456789abcdef0, 0x7fffffffffffffff, 0x8000000000000000,
    0x8000000000000001, 0xffffffffffffffff, 0xffffffff80000000, 0x5555555555555555,
    0x00ff00ff00ff00ff};
#define N (sizeof(values) / sizeof(values[0]))

static uint64_t eval(uint32_t op, uint32_t type, uint64_t a, uint64_t b)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type};
    uint64_t r = 0xdead;

    CU_ASSERT_EQUAL(xl_eval(&o, a, b, 0, &r), PB_OK);
    return r;
}

static void multiply(void)
{
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            uint64_t a = values[i], b = values[j];
            s128 ss = (s128)(int64_t)a * (int64_t)b, su = (s128)(int64_t)a * (s128)(u128)b;
            u128 uu = (u128)a * b;
            int64_t a32 = (int32_t)a, b32 = (int32_t)b;

            CU_ASSERT_EQUAL(eval(XL_OP_mul, XL_I64, a, b), (uint64_t)uu);
            CU_ASSERT_EQUAL(eval(XL_OP_mulhu, XL_I64, a, b), (uint64_t)(uu >> 64));
            CU_ASSERT_EQUAL(eval(XL_OP_mulhs, XL_I64, a, b), (uint64_t)(ss >> 64));
            CU_ASSERT_EQUAL(eval(XL_OP_mulhsu, XL_I64, a, b), (uint64_t)(su >> 64));
            CU_ASSERT_EQUAL(eval(XL_OP_mulhs, XL_I32, a, b), (uint32_t)(a32 * b32 >> 32));
            CU_ASSERT_EQUAL(eval(XL_OP_mulhsu, XL_I32, a, b),
                            (uint32_t)(a32 * (int64_t)(uint32_t)b >> 32));
        }
    }
}

static void divide(void)
{
    uint64_t min = (uint64_t)1 << 63;

    for (size_t i = 0; i < N; i++) {
        uint64_t a = values[i];

        CU_ASSERT_EQUAL(eval(XL_OP_divs, XL_I64, a, 0), ~(uint64_t)0);
        CU_ASSERT_EQUAL(eval(XL_OP_divu, XL_I32, a, 0), UINT32_MAX);
        CU_ASSERT_EQUAL(eval(XL_OP_rems, XL_I64, a, 0), a);
        CU_ASSERT_EQUAL(eval(XL_OP_remu, XL_I32, a, 0), (uint32_t)a);
        for (size_t j = 1; j < N; j++) {
            uint64_t b = values[j];
            s128 q = (s128)(int64_t)a / (int64_t)b, r = (s128)(int64_t)a % (int64_t)b;

            CU_ASSERT_EQUAL(eval(XL_OP_divs, XL_I64, a, b), (uint64_t)q);
            CU_ASSERT_EQUAL(eval(XL_OP_rems, XL_I64, a, b), (uint64_t)r);
            CU_ASSERT_EQUAL(eval(XL_OP_divu, XL_I64, a, b), a / b);
        }
    }
    CU_ASSERT_EQUAL(eval(XL_OP_divs, XL_I64, min, ~(uint64_t)0), min);
    CU_ASSERT_EQUAL(eval(XL_OP_rems, XL_I64, min, ~(uint64_t)0), 0);
    CU_ASSERT_EQUAL(eval(XL_OP_divs, XL_I32, 0x80000000, 0xffffffff), 0x80000000);
    CU_ASSERT_EQUAL(eval(XL_OP_rems, XL_I32, 0x80000000, 0xffffffff), 0);
}

/* Bit i of a carry-less product, by its definition. */
static void carryless(void)
{
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < N; j++) {
            u128 p = 0;

            for (int k = 0; k < 64; k++)
                p ^= values[j] >> k & 1 ? (u128)values[i] << k : 0;
            CU_ASSERT_EQUAL(eval(XL_OP_clmul, XL_I64, values[i], values[j]), (uint64_t)p);
            CU_ASSERT_EQUAL(eval(XL_OP_clmulh, XL_I64, values[i], values[j]),
                            (uint64_t)(p >> 64));
        }
    }
}

static uint64_t count_bits(uint64_t a, int w, int mode) /* 0 leading, 1 trailing, 2 set */
{
    uint64_t n = 0;

    for (int i = 0; i < w; i++) {
        uint64_t bit = a >> (mode == 0 ? w - 1 - i : i) & 1;

        if (mode == 2)
            n += bit;
        else if (bit)
            break;
        else
            n++;
    }
    return n;
}

static void bits(void)
{
    for (size_t i = 0; i < N; i++) {
        uint64_t a = values[i], s = 0, o = 0;

        for (int w = 32; w <= 64; w += 32) {
            uint32_t t = w == 32 ? XL_I32 : XL_I64;

            CU_ASSERT_EQUAL(eval(XL_OP_clz, t, a, 0), count_bits(a, w, 0));
            CU_ASSERT_EQUAL(eval(XL_OP_ctz, t, a, 0), count_bits(a, w, 1));
            CU_ASSERT_EQUAL(eval(XL_OP_popcnt, t, a, 0), count_bits(a, w, 2));
            for (int n = 0; n < w; n++) {
                uint64_t m = w == 32 ? UINT32_MAX : UINT64_MAX, v = a & m, l = v << n & m;

                l |= n ? v >> (w - n) : 0;
                CU_ASSERT_EQUAL(eval(XL_OP_rol, t, a, (uint64_t)n), l);
                CU_ASSERT_EQUAL(eval(XL_OP_ror, t, l, (uint64_t)(n + w)), v);
            }
        }
        for (int k = 0; k < 8; k++) {
            uint64_t byte = a >> 8 * k & 255;

            s |= byte << 8 * (7 - k);
            o |= (byte ? (uint64_t)255 : 0) << 8 * k;
        }
        CU_ASSERT_EQUAL(eval(XL_OP_bswap, XL_I64, a, 0), s);
        CU_ASSERT_EQUAL(eval(XL_OP_bswap, XL_I32, a, 0), s >> 32);
        CU_ASSERT_EQUAL(eval(XL_OP_orcb, XL_I64, a, 0), o);
        CU_ASSERT_EQUAL(eval(XL_OP_sar, XL_I32, a, 4), (uint32_t)((int32_t)a >> 4));
        CU_ASSERT_EQUAL(eval(XL_OP_sext16, XL_I64, a, 0), (uint64_t)(int64_t)(int16_t)a);
    }
}

static const struct xl_test tests[] = {
    {"multiply", multiply}, {"divide", divide}, {"carry-less", carryless}, {"bits", bits},
};
XL_CHECK("engine: evaluation", tests)
