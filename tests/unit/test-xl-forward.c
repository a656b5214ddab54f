/* SPDX-License-Identifier: MIT */
/* test-xl-forward.c - a load that a stored value stands for gives what memory would.
 *
 * Random blocks of loads and stores of all sizes and types, overlapping, off the stack pointer, a
 * pointer near it and the moved stack pointer, with fences and atomics between, are built as user
 * mode builds them and as a machine does. Both are run by the interpreter from the same state:
 * registers and memory end alike. Of many programs, many must have lost loads.
 * Usage: test-xl-forward [seed [programs]]
 */
#include "xl-check.h"
#include "xl-toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE (TOY_RAM + 0x8000u)
#define WINDOW 1024
#define SP 15

static uint64_t seed = 1, programs = 20000, s;
static uint32_t gone;

static uint32_t rnd(uint32_t n)
{
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)(s * 0x2545f4914f6cdd1du >> 33) % n;
}

static void store(struct xl_builder *b, xl_val base, int32_t at)
{
    xl_val v = xl_get(b, rnd(13));
    uint32_t size = rnd(4), type = rnd(3);

    if (type == 1 && size == 3)
        v = xl_op1(b, XL_OP_bits2f, XL_F64, v);
    else if (type == 1 && size == 2)
        v = xl_op1(b, XL_OP_bits2f, XL_F32, v);
    else if (type == 2 && size < 3)
        v = xl_op1(b, XL_OP_trunc, XL_I32, v);
    xl_store(b, base, at, v, XL_M_SIZE(size));
}

static void load(struct xl_builder *b, xl_val base, int32_t at)
{
    uint32_t size = rnd(8) < 4 ? 3 : rnd(4), type = XL_I64;
    xl_val v;

    if (size >= 2 && rnd(3) == 0)
        type = size == 3 ? XL_F64 : XL_F32;
    v = xl_load(b, type, base, at,
                XL_M_SIZE(size) | (type == XL_I64 && size < 3 && rnd(2) ? XL_M_SIGN : 0));
    if (type != XL_I64)
        v = xl_op1(b, XL_OP_f2bits, type, v);
    xl_put(b, rnd(13), v);
}

static void step(struct xl_builder *b)
{
    xl_val base = xl_get(b, rnd(8) ? SP : SP - 1);
    uint32_t what = rnd(20);
    int32_t at = 16 + (int32_t)rnd(8) * 4 + (rnd(6) ? 0 : (int32_t)rnd(4));

    if (what < 9)
        store(b, base, at);
    else if (what < 18)
        load(b, base, at);
    else if (what == 18 && rnd(3) == 0)
        xl_fence(b, XL_FENCE_RR);
    else if (what == 18)
        xl_put(b, rnd(13), xl_rmw(b, XL_RMW_ADD, xl_get(b, SP), xl_get(b, 1), XL_M_SIZE(3)));
    else if (rnd(3) == 0)
        xl_put(b, SP, xl_op2(b, XL_OP_add, XL_I64, xl_get(b, SP),
                             xl_const(b, XL_I64, rnd(2) ? 8 : (uint64_t)-8)));
}

/* The loads that are left. */
static uint32_t run(struct toy_machine *m, struct xl_block *blk, uint64_t from, int direct)
{
    static const uint8_t code[4];
    struct xl_builder *b = xl_builder_for_test(&toy_guest, code, 4, 0x1000, 0, blk);
    struct toy *t = &m->cpu[0];
    struct xl_unit u = {.ir = blk};
    char why[160] = "";
    uint32_t loads = 0;

    s = from;
    for (uint32_t i = 0; i < 14; i++)
        t->r[i] = (uint64_t)rnd(UINT32_MAX) << 33 ^ rnd(UINT32_MAX);
    t->r[SP] = BASE + WINDOW / 2;
    t->r[SP - 1] = BASE + WINDOW / 2 + rnd(5) * 4;
    for (uint32_t i = 0; i < WINDOW; i += 8)
        toy_poke64(m, BASE + i, (uint64_t)rnd(UINT32_MAX) << 33);
    b->direct = (uint32_t)direct;
    for (uint32_t n = 4 + rnd(40); n > 0; n--) {
        xl_b_insn(b, 0x1000, 4);
        step(b);
    }
    xl_b_finish(b);
    CU_ASSERT_EQUAL_FATAL(xl_verify(blk, why, sizeof(why)), 0);
    for (uint32_t i = 0; i < blk->n_ops; i++)
        loads += blk->op[i].op == XL_OP_ld;
    t->x.pcb = 0x1000;
    CU_ASSERT_EQUAL(xl_interp(&t->x, &u), XL_LEFT_LOOKUP);
    return loads;
}

static void alike(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct xl_block *blk = malloc(sizeof(*blk));
    uint64_t r[16], mem[WINDOW / 8];

    for (uint64_t i = 0; i < programs && CU_get_number_of_failures() == 0; i++) {
        uint64_t from = (seed + i) * 0x9e3779b97f4a7c15u | 1;
        uint32_t loads = run(m, blk, from, 0);

        memcpy(r, m->cpu[0].r, sizeof(r));
        for (uint32_t k = 0; k < WINDOW; k += 8)
            mem[k / 8] = toy_peek64(m, BASE + k);
        gone += loads - run(m, blk, from, 1);
        for (uint32_t k = 0; k < 16; k++)
            CU_ASSERT_EQUAL(m->cpu[0].r[k], r[k]);
        for (uint32_t k = 0; k < WINDOW; k += 8)
            CU_ASSERT_EQUAL(toy_peek64(m, BASE + k), mem[k / 8]);
        if (CU_get_number_of_failures())
            printf("\n  seed %llu\n", (unsigned long long)(seed + i));
    }
    printf(" %u loads went ", gone);
    CU_ASSERT(programs < 100 || gone > programs / 6);
    free(blk);
    toy_free(m);
}

static const struct xl_test tests[] = {{"user mode and a machine", alike}};

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    if (argc > 2)
        programs = strtoull(argv[2], NULL, 0);
    printf("seed %llu, %llu programs\n", (unsigned long long)seed, (unsigned long long)programs);
    return xl_check("engine: loads of what was stored", tests, 1);
}
