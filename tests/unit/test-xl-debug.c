/* SPDX-License-Identifier: MIT */
/* test-xl-debug.c - breakpoints, watchpoints, single steps, and the log. */
#include "xl-check.h"
#include "xl-toy.h"

#include <string.h>

#define CODE TOY_RAM
#define DATA (TOY_RAM + 0x8000)

static void program(struct toy_machine *m)
{
    toy_4(m, CODE, T_LI, 1, 0, 1);
    toy_4(m, CODE + 4, T_LI, 2, 0, 2);
    toy_2(m, CODE + 8, T_ADD, 1, 2);
    toy_4(m, CODE + 10, T_ST, 1, 5, 0);
    toy_4(m, CODE + 14, T_LD, 3, 5, 0);
    toy_4(m, CODE + 18, T_SYS, 0, 0, SYS_HALT);
    m->cpu[0].r[5] = DATA;
}

static void breakpoint(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint32_t kind = 9;

    program(m);
    toy_run(m, 0, CODE); /* translated without it */
    CU_ASSERT_EQUAL(xl_breakpoint(&t->x, 0, CODE + 8, 4, 1), PB_OK);
    t->r[2] = 0;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_DEBUG);
    CU_ASSERT_EQUAL(t->x.pc, CODE + 8);
    CU_ASSERT_EQUAL(t->r[1], 1);
    CU_ASSERT_EQUAL(t->r[2], 2);
    CU_ASSERT_EQUAL(xl_stop_addr(&t->x, &kind), CODE + 8);
    CU_ASSERT_EQUAL(kind, 0);
    CU_ASSERT_EQUAL(xl_run(&t->x), PB_EXIT_HALT); /* goes on past it */
    CU_ASSERT_EQUAL(t->r[3], 3);
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_DEBUG); /* and stops again */
    CU_ASSERT_EQUAL(xl_breakpoint(&t->x, 0, CODE + 8, 4, 0), PB_OK);
    CU_ASSERT_EQUAL(xl_breakpoint(&t->x, 0, CODE + 8, 4, 0), PB_ENOENT);
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    toy_free(m);
}

static void watch(uint32_t kind, uint64_t stop_pc)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint32_t got = 0;

    program(m);
    toy_run(m, 0, CODE); /* the page is in the TLB */
    t->r[3] = 0;
    CU_ASSERT_EQUAL(xl_breakpoint(&t->x, kind, DATA + 4, 1, 1), PB_OK);
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_DEBUG);
    CU_ASSERT_EQUAL(t->x.pc, stop_pc); /* behind the instruction */
    CU_ASSERT_EQUAL(xl_stop_addr(&t->x, &got), DATA + 4);
    CU_ASSERT_EQUAL(got, kind);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA), 3);
    CU_ASSERT_EQUAL(t->r[3], kind == 3 ? 3 : 0);
    CU_ASSERT_EQUAL(xl_breakpoint(&t->x, kind, DATA + 4, 1, 0), PB_OK);
    CU_ASSERT_EQUAL(xl_run(&t->x), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[3], 3);
    toy_free(m);
}

static void watchpoints(void)
{
    watch(2, CODE + 14);
    watch(3, CODE + 18);
    watch(4, CODE + 14);
}

static void steps(void)
{
    static const uint64_t pcs[] = {4, 8, 10, 14, 18};
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    program(m);
    xl_step(&t->x, 1);
    t->x.pc = CODE;
    for (int i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(xl_run(&t->x), PB_EXIT_DEBUG);
        CU_ASSERT_EQUAL(t->x.pc, CODE + pcs[i]);
    }
    CU_ASSERT_EQUAL(t->r[3], 3);
    /* An interrupt waits until the debugger lets go. */
    t->irq_vector = CODE + 0x100;
    t->x.pc = CODE;
    __atomic_store_n(&t->x.pending, 1, __ATOMIC_SEQ_CST);
    CU_ASSERT_EQUAL(xl_run(&t->x), PB_EXIT_DEBUG);
    CU_ASSERT_EQUAL(t->x.pc, CODE + 4);
    CU_ASSERT_EQUAL(t->n_irqs, 0);
    __atomic_store_n(&t->x.pending, 0, __ATOMIC_SEQ_CST);
    /* A step into an exception ends at its handler. */
    t->vector = CODE + 0x100;
    t->r[5] = 0x1000;
    t->x.pc = CODE + 14;
    CU_ASSERT_EQUAL(xl_run(&t->x), PB_EXIT_DEBUG);
    CU_ASSERT_EQUAL(t->x.pc, CODE + 0x100);
    xl_step(&t->x, 0);
    toy_free(m);
}

static void logs(void)
{
    struct toy_machine *m = toy_new(1, "log=in_asm,op");

    program(m);
    toy_run(m, 0, CODE);
    CU_ASSERT_TRUE(m->log_lines > 12);
    CU_ASSERT_PTR_NOT_NULL(strstr(m->last_log, "exit"));
    toy_free(m);
    CU_ASSERT_PTR_NULL(toy_new(1, "log=nonsense"));
    CU_ASSERT_PTR_NULL(toy_new(1, "tb-size=0"));
}

static void count_line(void *user, const char *s)
{
    *(int *)user += strlen(s) > 0;
}

static void info(void)
{
    struct toy_machine *m = toy_new(2, NULL);
    int lines = 0;

    program(m);
    toy_run(m, 0, CODE);
    xl_info(&m->cpu[0].x, count_line, &lines);
    CU_ASSERT_TRUE(lines >= 10);
    toy_free(m);
}

static const struct xl_test tests[] = {
    {"breakpoints", breakpoint}, {"watchpoints", watchpoints}, {"single steps", steps},
    {"logs", logs}, {"info", info},
};
XL_CHECK("engine: debugging", tests)
