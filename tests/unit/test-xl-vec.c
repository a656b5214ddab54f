/* SPDX-License-Identifier: MIT */
/* test-xl-vec.c - the plain C meaning of the vector ops, by examples worked out by hand, by
 * FIPS 197's and by what ops are made of; and their builder, verifier and folding. */
#include "xl-check.h"
#include "xl-toy.h"

#include <interp/vec.h>
#include <ir/build.h>

#include <string.h>

#define V(h, l) (struct xl_v128){{(l), (h)}}

static struct xl_v128 vec(uint32_t op, uint32_t flags, int64_t imm, struct xl_v128 a,
                          struct xl_v128 b, struct xl_v128 c)
{
    struct xl_op o = {.op = (uint16_t)op, .type = XL_V128, .flags = (uint8_t)flags, .imm = imm};
    struct xl_vin in = {a, b, c};
    struct xl_v128 r;

    CU_ASSERT_PTR_NULL(xl_vec_wrong(&o));
    xl_vec(NULL, &o, 0, &in, &r);
    return r;
}

static const struct xl_v128 zero;

static void is(struct xl_v128 got, uint64_t high, uint64_t low)
{
    CU_ASSERT_EQUAL(got.d[0], low);
    CU_ASSERT_EQUAL(got.d[1], high);
    if (got.d[0] != low || got.d[1] != high)
        printf("got %016llx:%016llx, want %016llx:%016llx\n", (unsigned long long)got.d[1],
               (unsigned long long)got.d[0], (unsigned long long)high, (unsigned long long)low);
}

#define TWO(op, l, a, b) vec(XL_OP_##op, XL_L##l, 0, a, b, zero)
#define ONE(op, l, imm, a) vec(XL_OP_##op, XL_L##l, imm, a, zero, zero)

static void arithmetic(void)
{
    struct xl_v128 a = V(0x7fff800000010000, 0x00ff7f80017f80ff);
    struct xl_v128 b = V(0x0001ffff7fff0001, 0x0001010101ff8001);

    is(TWO(vadd, 16, a, b), 0x80007fff80000001, 0x01008081037e0100);
    is(TWO(vsqadd, 16, a, b), 0x7fff80007fff0001, 0x01007fff037e8000);
    is(TWO(vuqadd, 8, a, b), 0x7fffffff7fff0001, 0x00ff808102ffffff);
    is(TWO(vuqsub, 8, a, b), 0x7ffe000000000000, 0x00fe7e7f000000fe);
    is(TWO(vsqsub, 64, V(least(XL_L64), 5), V(1, 7)), 0x8000000000000000, (uint64_t)-2);
    is(TWO(vsqadd, 64, V(INT64_MAX, 5), V(1, 7)), 0x7fffffffffffffff, 12);
    is(TWO(vshadd, 8, V(0, 0x7f80ff01), V(0, 0x7f80ff02)), 0, 0x7f80ff01);
    is(TWO(vurhadd, 8, V(0, 0xff00fe01), V(0, 0xff01ff02)), 0, 0xff01ff02);
    is(TWO(vshsub, 8, V(0, 0x7f80), V(0, 0x807f)), 0, 0x7f80);
    is(TWO(vuabd, 8, V(0, 0xff01), V(0, 0x00ff)), 0, 0xfffe);
    is(TWO(vsabd, 8, V(0, 0x7f80), V(0, 0x807f)), 0, 0xffff);
    is(TWO(vceq, 32, V(1, 2), V(1, 3)), UINT64_MAX, 0xffffffff00000000);
    is(TWO(vcgt, 8, V(0, 0x8001), V(0, 0x7f00)), 0, 0x00ff);
    is(TWO(vchs, 8, V(1, 0x8001), V(2, 0x7f01)), 0xffffffffffffff00, UINT64_MAX);
    is(TWO(vsqdmulh, 16, V(0, 0x8000800040000003), V(0, 0x80007fff40005555)), 0,
       0x7fff800120000001);
    is(TWO(vsqrdmulh, 16, V(0, 0x8000), V(0, 0x8000)), 0, 0x7fff);
    is(ONE(vabs, 8, 0, V(0, 0x80ff01)), 0, 0x800101);
}

static void shifts(void)
{
    struct xl_v128 a = V(0x8000000000000000, 0xff7f80017f80ff01);

    is(ONE(vshri, 8, 8, a), 0, 0);
    is(ONE(vsari, 8, 8, a), 0xff00000000000000, 0xff00ff0000ffff00);
    is(ONE(vrshri, 8, 8, a), 0x0100000000000000, 0x0100010000010100);
    is(ONE(vrsari, 8, 1, V(0, 0x80ff7f01)), 0, 0xc0004001);
    is(ONE(vshli, 64, 63, V(3, 2)), 0x8000000000000000, 0);
    is(TWO(vsshl, 8, V(0, 0x80808001), V(0, 0xf8ffff07)), 0, 0xffc0c080);
    is(TWO(vushl, 8, V(0, 0x808080ff), V(0, 0x80ff0801)), 0, 0x004000fe);
    is(TWO(vurshl, 64, V(1ull << 63, 3), V(0xc0, 0xff)), 1, 2);
    is(TWO(vsrshl, 64, V(1ull << 63, 3), V(0xc0, 0xbf)), 0, 0);
    is(TWO(vsrshl, 16, V(0, 0x7fff), V(0, 0xaaff)), 0, 0x4000);
}

static void widths(void)
{
    struct xl_v128 a = V(0x8001ff7f00000000, 0x00000000ff7f8001);

    is(ONE(vsxtl, 8, 0, a), 0, 0xffff007fff800001);
    is(ONE(vuxtl, 8, 1, a), 0x0080000100ff007f, 0);
    is(ONE(vxtn, 16, 0, V(0x1122334455667788, 0x99aabbccddeeff00)), 0, 0x22446688aaccee00);
    is(ONE(vsqxtn, 16, 0, V(0, 0x7fff8000007fff80)), 0, 0x000000007f807f80);
    is(ONE(vuqxtn, 16, 0, V(0, 0x7fff800000ff0100)), 0, 0x00000000ffffffff);
    is(ONE(vsqxtun, 64, 0, V((uint64_t)-1, 1ull << 32)), 0, 0x00000000ffffffff);
    is(TWO(vsmull, 32, V(0, 0x80000000ffffffff), V(0, 0x8000000000000002)), 0x4000000000000000,
       (uint64_t)-2);
    is(vec(XL_OP_vumull, XL_L8, 1, V(0xff, 0), V(0xff, 0), zero), 0, 0xfe01);
    is(TWO(vpmul, 8, V(0, 0x0380), V(0, 0x0303)), 0, 0x0580);
    is(vec(XL_OP_vpmull, XL_L64, 1, V(1ull << 63, 0), V(3, 0), zero), 1, 1ull << 63);
    is(ONE(vaddv, 8, 0, V(0xff, 0x0102)), 0, 0x02);
    is(ONE(vuaddlv, 8, 0, V(0xff, 0x0102)), 0, 0x102);
    is(ONE(vsaddlv, 8, 0, V(0xff, 0x0102)), 0, 0x0002);
    is(ONE(vsminv, 32, 0, V(0x80000000, 5)), 0, 0x80000000);
    is(ONE(vumaxv, 16, 0, V(0x8000, 5)), 0, 0x8000);
}

static void moves(void)
{
    struct xl_v128 a = V(0x0f0e0d0c0b0a0908, 0x0706050403020100);
    struct xl_v128 b = V(0x1f1e1d1c1b1a1918, 0x1716151413121110);

    is(TWO(vzip1, 8, a, b), 0x1707160615051404, 0x1303120211011000);
    is(TWO(vzip2, 64, a, b), b.d[1], a.d[1]);
    is(TWO(vuzp1, 8, a, b), 0x1e1c1a1816141210, 0x0e0c0a0806040200);
    is(TWO(vuzp2, 32, a, b), 0x1f1e1d1c17161514, 0x0f0e0d0c07060504);
    is(TWO(vtrn1, 16, a, b), 0x1d1c0d0c19180908, 0x1514050411100100);
    is(TWO(vtrn2, 64, a, b), b.d[1], a.d[1]);
    is(vec(XL_OP_vext, 0, 3, a, b, zero), 0x1211100f0e0d0c0b, 0x0a09080706050403);
    is(vec(XL_OP_vtbl, 0, 0, b, V(0xff10, 0x0f0e000f), zero), 0x1010101010100000,
       0x101010101f1e101f);
    is(vec(XL_OP_vtbx, 0, 0, b, V(0xff10, 0), a), 0x1010101010100908, 0x1010101010101010);
    is(ONE(vrev, 8, XL_L32, a), 0x0c0d0e0f08090a0b, 0x0405060700010203);
    is(ONE(vrev, 16, XL_L64, a), 0x09080b0a0d0c0f0e, 0x0100030205040706);
    is(ONE(vdupl, 16, 7, a), 0x0f0e0f0e0f0e0f0e, 0x0f0e0f0e0f0e0f0e);
    is(vec(XL_OP_vinsl, XL_L8, 15 << 8 | 1, a, b, zero), 0x110e0d0c0b0a0908, a.d[0]);
    is(ONE(vlane, 16, 7, a), 0, 0x0f0e);
    is(ONE(vrbit, 8, 0, V(0, 0x0180f0)), 0, 0x80010f);
    is(ONE(vcls, 8, 0, V(0, 0x80ff7f01)), 0x0707070707070707, 0x0707070700070006);
    is(ONE(vclz, 16, 0, V(0, 0x8000000100ff0000)), 0x0010001000100010, 0x0000000f00080010);
}

/* FIPS 197, appendix B: round 1. */
static void aes(void)
{
    struct xl_v128 in = V(0x340737e0a2983131, 0x8d305a88a8f64332);
    struct xl_v128 key = V(0x3c4fcf098815f7ab, 0xa6d2ae2816157e2b);
    struct xl_v128 s = TWO(vaese, 8, in, key), m;

    is(s, 0xe598271ef11141b8, 0xae52b4e0305dbfd4);
    m = ONE(vaesmc, 8, 0, s);
    is(m, 0x4c2606287ad3f848, 0x9a19cbe0e5816604);
    is(ONE(vaesimc, 8, 0, m), s.d[1], s.d[0]);
    is(TWO(vaesd, 8, s, zero), in.d[1] ^ key.d[1], in.d[0] ^ key.d[0]);
}

/* ---- Builder and verifier ----------------------------------------------------------------- */

static const struct xl_slot slots[] = {{"v0", 1024, XL_V128, 1, 0}, {"f0", 1040, XL_F64, 2, 0},
                                       {"x0", 1048, XL_I64, 1, 0}};
static const struct xl_guest guest = {.name = "v", .min_insn = 4, .max_insn = 4, .slots = slots,
                                      .n_slots = 3};
static struct xl_block block;
static const uint8_t code[16];

static struct xl_builder *begin(void)
{
    struct xl_builder *b = xl_builder_for_test(&guest, code, 16, 0, 0, &block);

    xl_b_fp_mode(b, XL_FP_DN);
    xl_b_insn(b, 0, 4);
    return b;
}

static int end(struct xl_builder *b)
{
    char why[160] = "";
    int rc;

    xl_exit(b, XL_K_JUMP, 4, 0);
    rc = xl_verify(&block, why, sizeof(why));
    if (rc)
        puts(why);
    return rc;
}

static void building(void)
{
    struct xl_builder *b = begin();
    xl_val v = xl_get(b, 0), f = xl_get(b, 1), x = xl_get(b, 2), w, k;

    w = xl_f2v(b, f);
    CU_ASSERT_EQUAL(xl_v2f(b, XL_F64, w), f);
    CU_ASSERT_NOT_EQUAL(xl_v2f(b, XL_F32, w), f);
    CU_ASSERT_EQUAL(xl_v1(b, XL_OP_vzext64, 0, w, 0), w);
    k = xl_v1(b, XL_OP_vdup, XL_L16, xl_const(b, XL_I64, 0x12345), 0);
    CU_ASSERT_EQUAL(block.op[k].op, XL_OP_const);
    CU_ASSERT_EQUAL((uint64_t)block.op[k].imm, 0x2345234523452345);
    k = xl_v2(b, XL_OP_vmake, 0, xl_const(b, XL_I64, 7), xl_const(b, XL_I64, 7), 0);
    CU_ASSERT_EQUAL(k, xl_const(b, XL_V128, 7));
    w = xl_v2(b, XL_OP_vadd, XL_L8, v, k, 0);
    w = xl_v3(b, XL_OP_vfma, XL_L32 | XL_V64 | XL_FMA_NEG_PRODUCT << 4, w, v, v, XL_RM_DYN);
    xl_store(b, x, 16, w, 4);
    xl_put(b, 0, xl_load(b, XL_V128, x, 0, 4 | XL_M_ALIGN));
    CU_ASSERT_EQUAL(end(b), 0);
    CU_ASSERT_EQUAL(block.fp_mode, XL_FP_DN);
}

/* Each of these has one thing wrong. */
static void refusing(void)
{
    static const struct xl_op bad[] = {
        {.op = XL_OP_vadd, .type = XL_I64, .a = 1, .b = 1},
        {.op = XL_OP_vadd, .type = XL_V128, .a = 1, .b = 3},
        {.op = XL_OP_vmake, .type = XL_V128, .a = 1, .b = 3},
        {.op = XL_OP_vclz, .type = XL_V128, .flags = XL_L64, .a = 1},
        {.op = XL_OP_vlane, .type = XL_V128, .flags = XL_L32, .a = 1, .imm = 4},
        {.op = XL_OP_vinsl, .type = XL_V128, .flags = XL_L32, .a = 1, .b = 1, .imm = 0x400},
        {.op = XL_OP_vshri, .type = XL_V128, .flags = XL_L8, .a = 1, .imm = 9},
        {.op = XL_OP_vrev, .type = XL_V128, .flags = XL_L16, .a = 1, .imm = XL_L16},
        {.op = XL_OP_vext, .type = XL_V128, .a = 1, .b = 1, .imm = 16},
        {.op = XL_OP_vfadd, .type = XL_V128, .flags = XL_L16, .a = 1, .b = 1},
        {.op = XL_OP_vfadd, .type = XL_V128, .flags = XL_L32 | 8, .a = 1, .b = 1},
        {.op = XL_OP_vadd, .type = XL_V128, .flags = XL_L32 | XL_V64, .a = 1, .b = 1},
        {.op = XL_OP_f2v, .type = XL_V128, .a = 1},
        {.op = XL_OP_ld, .type = XL_V128, .a = 3, .imm = XL_MEM(3, 0)},
        {.op = XL_OP_ld, .type = XL_I64, .a = 3, .imm = XL_MEM(4, 0)},
    };
    char why[160];

    for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct xl_builder *b = begin();

        CU_ASSERT_EQUAL(xl_get(b, 0), 1);
        CU_ASSERT_EQUAL(xl_get(b, 1), 2);
        CU_ASSERT_EQUAL(xl_get(b, 2), 3);
        xl_b_emit(b, &bad[i]);
        xl_exit(b, XL_K_JUMP, 4, 0);
        CU_ASSERT_EQUAL(xl_verify(&block, why, sizeof(why)), PB_EINVAL);
    }
}

static const struct xl_test tests[] = {
    {"arithmetic", arithmetic}, {"shifts", shifts}, {"widths", widths}, {"moves", moves},
    {"AES", aes}, {"building", building}, {"refusing", refusing},
};
XL_CHECK("engine: vectors", tests)
