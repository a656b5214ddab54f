/* SPDX-License-Identifier: MIT */
/* test-xl-smc.c - code that is written to: by the CPU itself, by another CPU, by a device;
 * data beside code; the memory for units running out. */
#include "xl-check.h"
#include "xl-toy.h"

#include <string.h>

#define CODE TOY_RAM
#define DATA (TOY_RAM + 0x8000)
#define SUB (TOY_RAM + 0x2000) /* code that gets changed */

static uint64_t insn_li(int d, int imm) /* li d, imm; halt */
{
    return (uint64_t)(T_LI | d << 8 | (uint32_t)imm << 16) | (uint64_t)T_SYS << 32;
}

/* The CPU stores a new instruction and jumps to it, again and again. */
static void own_store(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_poke64(m, SUB, insn_li(2, 1));
    toy_4(m, CODE, T_ST, 1, 5, 0);
    toy_4(m, CODE + 4, T_SYS, 0, 0, SYS_FENCE);
    toy_2(m, CODE + 8, T_JR, 5, 0);
    t->r[5] = SUB;
    toy_run(m, 0, SUB);
    CU_ASSERT_EQUAL(t->r[2], 1);
    for (int i = 2; i < 50; i++) {
        t->r[1] = insn_li(2, i);
        toy_run(m, 0, CODE);
        CU_ASSERT_EQUAL(t->r[2], (uint64_t)i);
    }
    CU_ASSERT_TRUE(t->x.engine->n_dropped >= 48);
    toy_free(m);
}

/* The same from the page that the store instruction is in. */
static void same_page(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_poke64(m, CODE + 0x800, insn_li(2, 1));
    toy_4(m, CODE, T_ST, 1, 5, 0x800);
    toy_4(m, CODE + 4, T_SYS, 0, 0, SYS_FENCE);
    toy_4(m, CODE + 8, T_JAL, 6, 0, 0x7f8);
    t->r[5] = CODE;
    for (int i = 2; i < 50; i++) {
        t->r[1] = insn_li(2, i);
        toy_run(m, 0, CODE);
        CU_ASSERT_EQUAL(t->r[2], (uint64_t)i);
    }
    toy_free(m);
}

/* Stores beside code, byte by byte around it, drop nothing. */
static void beside(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t dropped;

    toy_poke64(m, SUB + 8, insn_li(2, 1));
    toy_run(m, 0, SUB + 8);
    toy_4(m, CODE, T_ST, 1, 5, 0);
    toy_4(m, CODE + 4, T_SYS, 0, 0, SYS_HALT);
    dropped = t->x.engine->n_dropped;
    for (int i = 0; i < 3; i++) {
        static const uint64_t at[] = {SUB, SUB + 16, SUB + 0x700};

        t->r[5] = at[i];
        t->r[1] = 99;
        toy_run(m, 0, CODE);
        CU_ASSERT_EQUAL(toy_peek64(m, at[i]), 99);
    }
    CU_ASSERT_EQUAL(t->x.engine->n_dropped, dropped);
    t->r[5] = SUB + 1; /* its last byte is the first of the code */
    toy_run(m, 0, CODE);
    CU_ASSERT_TRUE(t->x.engine->n_dropped > dropped);
    toy_free(m);
}

static void by_dma(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    for (int i = 1; i < 20; i++) {
        toy_dma64(m, SUB, insn_li(2, i));
        toy_run(m, 0, SUB);
        CU_ASSERT_EQUAL(t->r[2], (uint64_t)i);
    }
    toy_free(m);
}

/* A device writes code from inside an access of the CPU that runs it next. */
static void io_writes(struct toy_machine *m, struct pb_txn *t)
{
    toy_dma64(m, SUB, insn_li(2, (int)t->val));
}

static void dma_in_access(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    m->on_io = io_writes;
    toy_4(m, CODE, T_ST, 1, 5, 0);
    toy_4(m, CODE + 4, T_JAL, 6, 0, 0x2000 - 4);
    t->r[5] = TOY_IO;
    for (int i = 1; i < 20; i++) {
        t->r[1] = (uint64_t)i;
        toy_run(m, 0, CODE);
        CU_ASSERT_EQUAL(t->r[2], (uint64_t)i);
    }
    toy_free(m);
}

/* A page whose code is gone is let go: the watch ends with the next store there. */
static void let_go(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_poke64(m, SUB, insn_li(2, 1));
    toy_run(m, 0, SUB);
    CU_ASSERT_EQUAL(m->code[2], 1);
    toy_4(m, CODE, T_ST, 1, 5, 0);
    toy_4(m, CODE + 4, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = SUB;
    t->r[1] = insn_li(2, 2);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(m->code[2], 0);
    toy_run(m, 0, SUB);
    CU_ASSERT_EQUAL(t->r[2], 2);
    CU_ASSERT_EQUAL(m->code[2], 1);
    toy_free(m);
}

/* The map changes: what was translated there is forgotten. */
static void map_change(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_poke64(m, SUB, insn_li(2, 1));
    toy_run(m, 0, SUB);
    toy_poke64(m, SUB, insn_li(2, 2)); /* as if other memory were there now */
    xl_map_changed(&t->x, SUB, 0x1000);
    toy_run(m, 0, SUB);
    CU_ASSERT_EQUAL(t->r[2], 2);
    toy_free(m);
}

/* With room for a few units only, everything still runs, and is forgotten many times. */
static void tiny(void)
{
    struct toy_machine *m = toy_new(1, "tiny-cache=4");
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    for (int i = 0; i < 100; i++) {
        at = toy_4(m, at, T_LI, 1, 0, i);
        at = toy_2(m, at, T_ADD, 2, 1);
        at = toy_4(m, at, T_JAL, 6, 0, 4);
    }
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[2], 4950);
    CU_ASSERT_TRUE(t->x.engine->n_flushes >= 20);
    CU_ASSERT_TRUE(t->x.engine->n_units <= 4);
    toy_free(m);
}

static const struct xl_test tests[] = {
    {"own stores", own_store}, {"stores into the running page", same_page},
    {"stores beside code", beside}, {"DMA", by_dma}, {"DMA during an access", dma_in_access},
    {"watching ends", let_go}, {"map change", map_change}, {"tiny cache", tiny},
};
XL_CHECK("engine: code is written to", tests)
