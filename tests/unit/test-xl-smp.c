/* SPDX-License-Identifier: MIT */
/* test-xl-smp.c - several vCPUs: flush storms, a mapping moved under a running loop, code
 * changed by another CPU, load-linked and store-conditional, the memory for units shared. */
#include "xl-check.h"
#include "xl-toy.h"

#include <pthread.h>
#include <unistd.h>

#define CODE TOY_RAM
#define DATA (TOY_RAM + 0x8000)
#define SUB (TOY_RAM + 0x2000)

struct job {
    struct toy_machine *m;
    uint32_t cpu;
    uint64_t pc;
    uint32_t code;
    pthread_t thread;
};

static void *job_main(void *p)
{
    struct job *j = p;

    j->code = toy_run(j->m, j->cpu, j->pc);
    return NULL;
}

static void start(struct job *j, struct toy_machine *m, uint32_t cpu, uint64_t pc)
{
    *j = (struct job){.m = m, .cpu = cpu, .pc = pc};
    pthread_create(&j->thread, NULL, job_main, j);
}

static void join(struct job *j)
{
    pthread_join(j->thread, NULL);
    CU_ASSERT_EQUAL(j->code, PB_EXIT_HALT);
}

/* r1 rounds of: body; then halt. r3 = -1, r4 = 0. */
static void rounds(struct toy_machine *m, uint64_t at, uint32_t sys, uint32_t n)
{
    uint64_t top;

    at = toy_4(m, at, T_LI, 1, 0, (int)n);
    at = toy_4(m, at, T_LI, 3, 0, -1);
    at = toy_4(m, at, T_LI, 4, 0, 0);
    top = at;
    at = toy_4(m, at, T_SYS, 0, 0, (int)sys);
    at = toy_4(m, at, T_ST, 1, 5, 0);
    at = toy_2(m, at, T_ADD, 1, 3);
    at = toy_4(m, at, T_BNE, 1, 4, (int)(top - at));
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
}

static void flush_storm(void)
{
    struct toy_machine *m = toy_new(4, NULL);
    struct job j[4];

    rounds(m, CODE, SYS_FLUSH_ALL, 3000);
    for (uint32_t i = 0; i < 4; i++) {
        m->cpu[i].r[5] = i & 1 ? DATA + 8 * i : TOY_IO;
        start(&j[i], m, i, CODE);
    }
    for (uint32_t i = 0; i < 4; i++)
        join(&j[i]);
    CU_ASSERT_TRUE(((struct xl_run *)m->cpu[0].x.run)->n_flushes >= 3000);
    toy_free(m);
}

/* CPU 0 loads from a page for ever; the page moves, with a flush of all from CPU 1. When the
 * flush is over, no load may see the old page: CPU 1 then changes the old page and waits. */
static void shootdown(void)
{
    struct toy_machine *m = toy_new(2, NULL);
    struct job j;
    uint64_t at = CODE, top;

    toy_remap(m, 0, 0, 0x40000000, DATA, 7);
    top = at;
    at = toy_4(m, at, T_LD, 2, 5, 0);
    at = toy_4(m, at, T_ST, 2, 6, 0); /* report what was seen */
    at = toy_4(m, at, T_BNE, 2, 7, (int)(top - at));
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, CODE + 0x100, T_SYS, 0, 0, SYS_FLUSH_ALL);
    toy_4(m, CODE + 0x104, T_SYS, 0, 0, SYS_HALT);
    m->cpu[0].r[5] = 0x40000000;
    m->cpu[0].r[6] = DATA + 0x4000;
    m->cpu[0].r[7] = 12345;
    start(&j, m, 0, CODE);
    for (uint64_t i = 1; i <= 200; i++) {
        uint64_t now = DATA + (i & 1 ? 0x1000 : 0), old = DATA + (i & 1 ? 0 : 0x1000);
        uint64_t walks = __atomic_load_n(&m->n_walks, __ATOMIC_SEQ_CST);

        toy_poke64(m, now, i);
        toy_remap(m, 0, 0, 0x40000000, now, 7);
        toy_run(m, 1, CODE + 0x100);
        toy_poke64(m, old, 12345); /* whoever reads this stops the loop too early */
        while (toy_peek64(m, DATA + 0x4000) != i)
            usleep(10);
        CU_ASSERT_TRUE(__atomic_load_n(&m->n_walks, __ATOMIC_SEQ_CST) > walks);
    }
    CU_ASSERT_EQUAL(m->cpu[0].x.halted, 0);
    toy_remap(m, 0, 0, 0x40000000, DATA + 0x1000, 7);
    toy_poke64(m, DATA + 0x1000, 12345);
    toy_run(m, 1, CODE + 0x100);
    join(&j);
    CU_ASSERT_EQUAL(m->cpu[0].r[2], 12345);
    toy_free(m);
}

/* Code of a loop of CPU 0 is changed by stores of CPU 1. */
static void cross_modify(void)
{
    struct toy_machine *m = toy_new(2, NULL);
    struct job j;
    uint64_t at = CODE;

    /* CPU 0: call SUB (li r2; jr r6), store r2, again until it is r7. */
    at = toy_4(m, at, T_JAL, 6, 0, 0x2000);
    at = toy_4(m, at, T_ST, 2, 5, 0);
    at = toy_4(m, at, T_BNE, 2, 7, (int)(CODE - at));
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    toy_poke64(m, SUB, T_LI | 2u << 8 | 1u << 16 | (uint64_t)(T_JR | 6u << 8) << 32);
    toy_4(m, CODE + 0x1000, T_ST, 1, 5, 0); /* CPU 1 */
    toy_4(m, CODE + 0x1004, T_SYS, 0, 0, SYS_HALT);
    m->cpu[0].r[5] = DATA;
    m->cpu[0].r[7] = 201;
    m->cpu[1].r[5] = SUB;
    start(&j, m, 0, CODE);
    for (uint64_t i = 2; i <= 201; i++) {
        m->cpu[1].r[1] = T_LI | 2u << 8 | i << 16 | (uint64_t)(T_JR | 6u << 8) << 32;
        toy_run(m, 1, CODE + 0x1000);
        while (toy_peek64(m, DATA) != i)
            usleep(10);
    }
    join(&j);
    toy_free(m);
}

/* Four CPUs add to one counter by load-linked and store-conditional. */
static void llsc(void)
{
    struct toy_machine *m = toy_new(4, NULL);
    struct job j[4];
    uint64_t at = CODE, top, retry;

    at = toy_4(m, at, T_LI, 1, 0, 5000);
    at = toy_4(m, at, T_LI, 3, 0, -1);
    at = toy_4(m, at, T_LI, 4, 0, 0);
    at = toy_4(m, at, T_LI, 8, 0, 1);
    top = retry = at;
    at = toy_4(m, at, T_LL, 2, 5, 0);
    at = toy_2(m, at, T_ADD, 2, 8);
    at = toy_4(m, at, T_SC, 9, 5, 2);
    at = toy_4(m, at, T_BNE, 9, 4, (int)(retry - at));
    at = toy_2(m, at, T_ADD, 1, 3);
    at = toy_4(m, at, T_BNE, 1, 4, (int)(top - at));
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    for (uint32_t i = 0; i < 4; i++) {
        m->cpu[i].r[5] = DATA;
        start(&j[i], m, i, CODE);
    }
    for (uint32_t i = 0; i < 4; i++)
        join(&j[i]);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA), 20000);
    toy_free(m);
}

/* A store-conditional fails without a reservation, at another address, after a change. */
static void sc_fails(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    at = toy_4(m, at, T_SC, 1, 5, 7); /* none */
    at = toy_4(m, at, T_LL, 2, 5, 0);
    at = toy_4(m, at, T_SC, 3, 6, 7); /* another address */
    at = toy_4(m, at, T_LL, 2, 5, 0);
    at = toy_4(m, at, T_ST, 7, 5, 0);
    at = toy_4(m, at, T_SC, 4, 5, 8); /* changed meanwhile */
    at = toy_4(m, at, T_LL, 2, 5, 0);
    at = toy_4(m, at, T_SC, 9, 5, 8); /* this one works */
    at = toy_4(m, at, T_SC, 10, 5, 7); /* once */
    at = toy_4(m, at, T_LL, 11, 12, 0); /* not RAM */
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = DATA;
    t->r[6] = DATA + 8;
    t->r[7] = 70;
    t->r[8] = 80;
    t->r[12] = TOY_IO;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[1], 1);
    CU_ASSERT_EQUAL(t->r[3], 1);
    CU_ASSERT_EQUAL(t->r[4], 1);
    CU_ASSERT_EQUAL(t->r[9], 0);
    CU_ASSERT_EQUAL(t->r[10], 1);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA), 80);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA + 8), 0);
    CU_ASSERT_EQUAL(t->cause, XL_FAULT_BUS);
    toy_free(m);
}

/* Four CPUs run different code with room for a few units. */
static void tiny(void)
{
    struct toy_machine *m = toy_new(4, "tiny-cache=6");
    struct job j[4];

    for (uint32_t i = 0; i < 4; i++) {
        rounds(m, CODE + 0x1000 * i, i & 1 ? SYS_FENCE : SYS_FLUSH_ALL, 500);
        m->cpu[i].r[5] = DATA + 8 * i;
        start(&j[i], m, i, CODE + 0x1000 * i);
    }
    for (uint32_t i = 0; i < 4; i++)
        join(&j[i]);
    for (uint32_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(toy_peek64(m, DATA + 8 * i), 1);
    toy_free(m);
}

/* A kick makes xl_run() come back from an endless loop; of indirect jumps too. */
static void *run_once(void *p)
{
    struct job *j = p;

    j->m->cpu[j->cpu].x.pc = j->pc;
    j->code = xl_run(&j->m->cpu[j->cpu].x);
    return NULL;
}

static void kicks(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct job j = {.m = m, .pc = CODE};

    toy_4(m, CODE, T_JAL, 6, 0, 0);
    toy_2(m, CODE + 0x100, T_ADD, 1, 2);
    toy_2(m, CODE + 0x102, T_JR, 5, 0);
    m->cpu[0].r[5] = CODE + 0x100;
    for (int i = 0; i < 40; i++) {
        j.pc = i & 1 ? CODE : CODE + 0x100;
        pthread_create(&j.thread, NULL, run_once, &j);
        usleep(i * 20);
        xl_kick(&m->cpu[0].x);
        pthread_join(j.thread, NULL);
        CU_ASSERT_EQUAL(j.code, PB_EXIT_KICK);
    }
    toy_free(m);
}

static const struct xl_test tests[] = {
    {"flush storm", flush_storm}, {"shootdown", shootdown}, {"cross-modified code", cross_modify},
    {"LL/SC counter", llsc}, {"SC fails", sc_fails}, {"tiny cache", tiny}, {"kicks", kicks},
};
XL_CHECK("engine: several CPUs", tests)
