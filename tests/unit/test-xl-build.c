/* SPDX-License-Identifier: MIT */
/* test-xl-build.c - the builder's folding keeps every value.
 *
 * Random programs of pure ops over slots and constants are built; what each value must be is
 * computed beside it, op by op, by xl_eval() alone. Then the block is checked by the
 * verifier and run by the interpreter, and every put is compared. A wrong identity, a wrong
 * claim about upper bits, a value lost by the removal of dead ops all show.
 * Usage: test-xl-build [seed [programs]]
 */
#include "xl-check.h"
#include "xl-toy.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUES 24

static uint64_t seed = 1, programs = 20000;

static uint64_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1du;
}

static uint64_t special(void)
{
    static const uint64_t v[] = {
        0, 1, 2, 3, 7, 8, 16, 24, 31, 32, 33, 48, 56, 63, 64, 127, 128, 255, 256, 0x7fff, 0x8000,
        0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
        0x8000000000000000, 0xffffffffffffffff, 0xffffffff80000000, 0xffffffffffffff80};

    return rnd() % 4 == 0 ? rnd() : v[rnd() % (sizeof(v) / sizeof(v[0]))];
}

static const uint16_t two[] = {
    XL_OP_add, XL_OP_sub, XL_OP_mul, XL_OP_mulhs, XL_OP_mulhu, XL_OP_mulhsu, XL_OP_divs,
    XL_OP_divu, XL_OP_rems, XL_OP_remu, XL_OP_and, XL_OP_or, XL_OP_xor, XL_OP_andn, XL_OP_orn,
    XL_OP_xnor, XL_OP_shl, XL_OP_shr, XL_OP_sar, XL_OP_rol, XL_OP_ror, XL_OP_mins, XL_OP_maxs,
    XL_OP_minu, XL_OP_maxu, XL_OP_clmul, XL_OP_clmulh, XL_OP_add, XL_OP_and, XL_OP_shl,
    XL_OP_shr, XL_OP_sar};
static const uint16_t one[] = {XL_OP_not, XL_OP_neg, XL_OP_clz, XL_OP_ctz, XL_OP_popcnt,
                               XL_OP_bswap, XL_OP_orcb};
static const uint16_t ext[] = {XL_OP_sext8, XL_OP_sext16, XL_OP_sext32, XL_OP_zext8,
                               XL_OP_zext16, XL_OP_zext32};
#define PICK(v) v[rnd() % (sizeof(v) / sizeof((v)[0]))]

struct known {
    xl_val v;
    uint64_t is;
    uint32_t type;
};

static struct known any(const struct known *k, uint32_t n, uint32_t type)
{
    struct known got = k[rnd() % n];

    for (int i = 0; i < 200 && got.type != type; i++)
        got = k[rnd() % n];
    return got;
}

static uint64_t eval(uint32_t op, uint32_t type, uint32_t flags, uint64_t a, uint64_t b,
                     uint64_t c)
{
    struct xl_op o = {.op = (uint16_t)op, .type = (uint8_t)type, .flags = (uint8_t)flags};
    uint64_t r = 0;

    CU_ASSERT_EQUAL(xl_eval(&o, a, b, c, &r), PB_OK);
    return r;
}

/* One more value out of the n that exist. */
static struct known step(struct xl_builder *b, const struct known *k, uint32_t n)
{
    uint32_t type = rnd() % 3 ? XL_I64 : XL_I32, op, kind = (uint32_t)(rnd() % 10);
    struct known x = any(k, n, type), y = any(k, n, type), r;

    if (x.type != type || y.type != type || kind == 0) { /* a constant of the type */
        r.is = type == XL_I32 ? (uint32_t)special() : special();
        r.type = type;
        r.v = xl_const(b, type, r.is);
        return r;
    }
    r.type = type;
    if (kind == 1) {
        op = PICK(one);
        r.v = xl_op1(b, op, type, x.v);
        r.is = eval(op, type, 0, x.is, 0, 0);
    } else if (kind <= 3) {
        op = PICK(ext);
        r.type = XL_I64;
        r.v = xl_op1(b, op, XL_I64, x.v);
        r.is = eval(op, XL_I64, 0, x.is, 0, 0);
    } else if (kind == 4) {
        r.type = XL_I64;
        op = (uint32_t)(rnd() % 6);
        r.v = xl_set(b, op, type, x.v, y.v);
        r.is = eval(XL_OP_set, type, op, x.is, y.is, 0);
    } else if (kind == 5 && type == XL_I64) {
        r.type = XL_I32;
        r.v = xl_op1(b, XL_OP_trunc, XL_I32, x.v);
        r.is = (uint32_t)x.is;
    } else if (kind == 6) {
        struct known c = any(k, n, XL_I64);

        r.v = xl_sel(b, type, c.v, x.v, y.v);
        r.is = c.is ? x.is : y.is;
    } else {
        op = PICK(two);
        r.v = xl_op2(b, op, type, x.v, y.v);
        r.is = eval(op, type, 0, x.is, y.is, 0);
    }
    return r;
}

static void one_program(struct toy_machine *m, struct xl_block *blk)
{
    static const uint8_t code[4];
    struct xl_builder *b = xl_builder_for_test(&toy_guest, code, 4, 0x1000, 0, blk);
    struct toy *t = &m->cpu[0];
    struct xl_unit u = {.ir = blk};
    struct known k[VALUES + 4];
    uint64_t want[16];
    char why[160] = "";
    uint32_t n = 0;

    for (uint32_t i = 0; i < 16; i++)
        want[i] = t->r[i] = special();
    xl_b_insn(b, 0x1000, 4);
    for (; n < 4; n++) {
        k[n].v = xl_get(b, n);
        k[n].is = t->r[n];
        k[n].type = XL_I64;
    }
    for (; n < VALUES; n++)
        k[n] = step(b, k, n);
    for (uint32_t i = 0; i < 12; i++) {
        struct known p = k[n - 1 - i];
        uint32_t slot = (uint32_t)(rnd() % 16);

        if (p.type == XL_I32) {
            p.v = xl_op1(b, XL_OP_sext32, XL_I64, p.v);
            p.is = (uint64_t)(int32_t)p.is;
        }
        xl_put(b, slot, p.v);
        want[slot] = p.is;
    }
    xl_b_finish(b);
    CU_ASSERT_EQUAL_FATAL(xl_verify(blk, why, sizeof(why)), 0);
    t->x.pcb = 0x1000;
    CU_ASSERT_EQUAL(xl_interp(&t->x, &u), XL_LEFT_LOOKUP);
    CU_ASSERT_EQUAL(t->x.pc, 0x1004);
    for (uint32_t i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(t->r[i], want[i]);
}

static void random_programs(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct xl_block *blk = malloc(sizeof(*blk));

    for (uint64_t i = 0; i < programs && CU_get_number_of_failures() == 0; i++)
        one_program(m, blk);
    free(blk);
    toy_free(m);
}

/* ---- Named cases: the op that must be left --------------------------------------------------- */

static struct xl_block blk;

static struct xl_builder *begin(void)
{
    static const uint8_t code[4];
    struct xl_builder *b = xl_builder_for_test(&toy_guest, code, 4, 0x1800, 0, &blk);

    xl_b_insn(b, 0x1800, 4);
    return b;
}

static uint32_t count(uint32_t op)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < blk.n_ops; i++)
        n += blk.op[i].op == op;
    return n;
}

static void identities(void)
{
    struct xl_builder *b = begin();
    xl_val x = xl_get(b, 1), c0 = xl_const(b, XL_I64, 0), s;

    CU_ASSERT_EQUAL(xl_op2(b, XL_OP_add, XL_I64, x, c0), x);
    CU_ASSERT_EQUAL(xl_op2(b, XL_OP_add, XL_I64, c0, x), x);
    CU_ASSERT_EQUAL(xl_op2(b, XL_OP_or, XL_I64, x, x), x);
    s = xl_op1(b, XL_OP_sext32, XL_I64, x);
    CU_ASSERT_EQUAL(xl_op1(b, XL_OP_sext32, XL_I64, s), s);
    s = xl_load(b, XL_I64, x, 0, 0); /* a zero-extended byte */
    CU_ASSERT_EQUAL(xl_op1(b, XL_OP_zext8, XL_I64, s), s);
    CU_ASSERT_EQUAL(xl_op1(b, XL_OP_sext32, XL_I64, s), s);
    CU_ASSERT_EQUAL(xl_op2(b, XL_OP_and, XL_I64, s, xl_const(b, XL_I64, 255)), s);
    s = xl_op2(b, XL_OP_shl, XL_I64, x, xl_const(b, XL_I64, 32));
    s = xl_op2(b, XL_OP_shr, XL_I64, s, xl_const(b, XL_I64, 32));
    CU_ASSERT_EQUAL(blk.op[s].op, XL_OP_zext32);
    s = xl_op2(b, XL_OP_shl, XL_I64, x, xl_const(b, XL_I64, 32));
    s = xl_op2(b, XL_OP_shr, XL_I64, s, xl_const(b, XL_I64, 29));
    CU_ASSERT_EQUAL(blk.op[s].op, XL_OP_shl);
    CU_ASSERT_EQUAL(blk.op[blk.op[s].a].op, XL_OP_zext32);
    CU_ASSERT_EQUAL(blk.op[blk.op[s].b].imm, 3);
    xl_b_finish(b);
}

/* fmv.x.w and fmv.w.x; what is not known to be boxed has its own low half. */
static void float_bits(void)
{
    struct xl_builder *b = begin();
    xl_val x = xl_get(b, 1), f = xl_op1(b, XL_OP_bits2f, XL_F32, x), d, s;

    d = xl_op1(b, XL_OP_box32, XL_F64, f);
    s = xl_op1(b, XL_OP_f2bits, XL_F64, d);
    CU_ASSERT_EQUAL(xl_op1(b, XL_OP_bits2f, XL_F32, s), f);
    s = xl_op1(b, XL_OP_sext32, XL_I64, s);
    CU_ASSERT_EQUAL(xl_op1(b, XL_OP_bits2f, XL_F32, s), f);
    s = xl_op1(b, XL_OP_sext16, XL_I64, s);
    CU_ASSERT_NOT_EQUAL(xl_op1(b, XL_OP_bits2f, XL_F32, s), f);
    d = xl_op1(b, XL_OP_bits2f, XL_F64, x);
    s = xl_op1(b, XL_OP_f2bits, XL_F64, d);
    s = xl_op1(b, XL_OP_bits2f, XL_F32, xl_op1(b, XL_OP_sext32, XL_I64, s));
    CU_ASSERT_NOT_EQUAL(s, d);
    CU_ASSERT_EQUAL(xl_result(&blk.op[s]), XL_F32);
    xl_b_finish(b);
}

static void addresses(void)
{
    struct xl_builder *b = begin();
    xl_val p = xl_pc(b, 0x1800 + 0x12000), a;

    a = xl_op2(b, XL_OP_add, XL_I64, p, xl_const(b, XL_I64, (uint64_t)-16));
    CU_ASSERT_EQUAL(blk.op[a].op, XL_OP_pc); /* auipc and addi are one */
    CU_ASSERT_EQUAL(blk.op[a].imm, 0x12800 - 16);
    a = xl_op2(b, XL_OP_add, XL_I64, xl_get(b, 2), xl_const(b, XL_I64, 8));
    a = xl_op2(b, XL_OP_add, XL_I64, a, xl_const(b, XL_I64, 8));
    xl_put(b, 3, xl_load(b, XL_I64, a, 4, 3));
    xl_b_finish(b);
    CU_ASSERT_EQUAL(count(XL_OP_add), 0);
    CU_ASSERT_EQUAL(count(XL_OP_ld), 1);
}

/* Slots are forwarded, dead puts go, but not over something that may fault. */
static void slots(void)
{
    struct xl_builder *b = begin();

    xl_put(b, 1, xl_const(b, XL_I64, 1));
    CU_ASSERT_EQUAL(blk.op[xl_get(b, 1)].op, XL_OP_const);
    xl_b_insn(b, 0x1804, 4);
    xl_put(b, 1, xl_const(b, XL_I64, 2));
    xl_b_insn(b, 0x1808, 4);
    xl_put(b, 2, xl_load(b, XL_I64, xl_get(b, 3), 0, 3));
    xl_b_insn(b, 0x180c, 4);
    xl_put(b, 1, xl_const(b, XL_I64, 3));
    xl_b_finish(b);
    CU_ASSERT_EQUAL(count(XL_OP_put), 3); /* only the very first went */
    CU_ASSERT_EQUAL(count(XL_OP_const), 2);
}

static void polls(void)
{
    struct xl_builder *b = begin();
    xl_val x, y;

    x = xl_get(b, 1);
    xl_b_insn(b, 0x1804, 4);
    y = xl_op2(b, XL_OP_add, XL_I64, x, xl_get(b, 2));
    xl_brc(b, XL_C_EQ, XL_I64, x, y, 0x1900); /* forward: none */
    xl_b_insn(b, 0x1808, 4);
    xl_brc(b, XL_C_NE, XL_I64, xl_get(b, 4), y, 0x1808); /* to itself: one */
    xl_b_insn(b, 0x180c, 4);
    xl_put(b, 5, xl_pc(b, 0x1810));
    xl_exit(b, XL_K_CALL, 0x1000, 0x1810); /* one, in front of the put */
    xl_b_finish(b);
    CU_ASSERT_EQUAL(count(XL_OP_poll), 2);
    for (uint32_t i = 0; i < blk.n_ops; i++) {
        if (blk.op[i].op != XL_OP_poll)
            continue;
        CU_ASSERT_EQUAL(blk.op[i - 1].op, XL_OP_insn);
        CU_ASSERT_EQUAL(blk.op[i].c, (uint32_t)blk.op[i - 1].imm);
        CU_ASSERT_EQUAL(blk.op[i].imm, blk.op[i].c == 0x808 ? 2 : 1);
    }
    CU_ASSERT_EQUAL(xl_verify(&blk, (char[160]){0}, 160), 0);
}

static const struct xl_test tests[] = {
    {"identities", identities},
    {"a float's bits", float_bits}, {"addresses", addresses}, {"slots", slots}, {"polls", polls},
    {"random programs", random_programs},
};

int main(int argc, char **argv)
{
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) | 1 : 88172645463325252u;
    programs = argc > 2 ? strtoull(argv[2], NULL, 0) : programs;
    printf("seed %llu, %llu programs\n", (unsigned long long)seed, (unsigned long long)programs);
    return xl_check("engine: builder", tests, sizeof(tests) / sizeof(tests[0]));
}
