/* SPDX-License-Identifier: MIT */
/* test-xl-run.c - the toy guest runs: loops, exact faults, devices, contexts, interrupts. */
#include "xl-check.h"
#include "xl-toy.h"

#define CODE TOY_RAM
#define DATA (TOY_RAM + 0x8000)

/* r2 = 10 + 9 + … + 1, and halt. Returns the end. */
static uint64_t sum_loop(struct toy_machine *m, uint64_t at)
{
    uint64_t top;

    at = toy_4(m, at, T_LI, 1, 0, 10);
    at = toy_4(m, at, T_LI, 2, 0, 0);
    at = toy_4(m, at, T_LI, 3, 0, -1);
    at = toy_4(m, at, T_LI, 4, 0, 0);
    top = at;
    at = toy_2(m, at, T_ADD, 2, 1);
    at = toy_2(m, at, T_ADD, 1, 3);
    at = toy_4(m, at, T_BNE, 1, 4, (int)(top - at));
    return toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
}

static void loop(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    uint64_t end = sum_loop(m, CODE);

    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(m->cpu[0].r[2], 55);
    CU_ASSERT_EQUAL(m->cpu[0].x.pc, end);
    CU_ASSERT_TRUE(m->cpu[0].x.engine->n_units >= 3);
    toy_free(m);
}

/* A fault in the middle of a block: what went before is done, nothing behind. */
static void precise_fault(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE, bad;

    at = toy_4(m, at, T_LI, 1, 0, 7);
    at = toy_4(m, at, T_LI, 2, 0, 8);
    bad = at;
    at = toy_4(m, at, T_LD, 1, 5, 16);
    at = toy_4(m, at, T_LI, 2, 0, 9);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, CODE + 0x100, T_SYS, 0, 0, SYS_HALT);
    t->vector = CODE + 0x100;
    t->r[5] = 0x5000;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->cause, XL_FAULT_BUS);
    CU_ASSERT_EQUAL(t->cause_va, 0x5010);
    CU_ASSERT_EQUAL(t->cause_pc, bad);
    CU_ASSERT_EQUAL(t->r[1], 7);
    CU_ASSERT_EQUAL(t->r[2], 8);
    toy_free(m);
}

static void device(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    at = toy_4(m, at, T_LD, 1, 5, 0x20);
    at = toy_4(m, at, T_LD, 2, 5, 0x28);
    at = toy_4(m, at, T_ST, 1, 5, 0x30);
    at = toy_4(m, at, T_LD, 3, 5, 0x800);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = TOY_IO;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[1], 0x1020);
    CU_ASSERT_EQUAL(t->r[2], 0x1028);
    CU_ASSERT_EQUAL(m->io_last, 0x1020);
    CU_ASSERT_EQUAL(m->n_io_reads, 2);
    CU_ASSERT_EQUAL(t->cause, XL_FAULT_BUS); /* the load at 0x800 */
    CU_ASSERT_EQUAL(t->cause_pc, CODE + 12);
    toy_free(m);
}

/* Accesses over a page end, to pages that are not neighbours in physical memory; a fault in
 * the second page changes nothing in the first. */
static void crossing(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE, v = 0x1122334455667788u;

    toy_remap(m, 0, 0, 0x40000000, DATA, 7);
    toy_remap(m, 1, 0, 0x40001000, DATA + 0x3000, 7);
    at = toy_4(m, at, T_ST, 1, 5, 0xffd);
    at = toy_4(m, at, T_LD, 2, 5, 0xffd);
    at = toy_4(m, at, T_ST, 3, 6, 0xffd);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = 0x40000000;
    t->r[6] = 0x40001000; /* the page behind it is not mapped to anything */
    t->r[1] = v;
    t->r[3] = ~(uint64_t)0;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[2], v);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA + 0xff8) >> 40, 0x667788);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA + 0x3000), 0x1122334455);
    CU_ASSERT_EQUAL(t->n_faults, 1);
    CU_ASSERT_EQUAL(t->cause_va, 0x40002000);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA + 0x3ff8), 0);
    toy_free(m);
}

/* A permission fault, and a read-only page stays readable without more walks. */
static void permissions(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    toy_remap(m, 0, 0, 0x40000000, DATA, XL_PROT_R);
    toy_poke64(m, DATA, 77);
    at = toy_4(m, at, T_LD, 1, 5, 0);
    at = toy_4(m, at, T_ST, 1, 5, 8);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = 0x40000000;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[1], 77);
    CU_ASSERT_EQUAL(t->cause, 13);
    CU_ASSERT_EQUAL(t->cause_access, XL_W);
    CU_ASSERT_EQUAL(toy_peek64(m, DATA + 8), 0);
    toy_free(m);
}

/* One virtual page, two contexts: each sees its own, coming back costs no walk. */
static void contexts(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE, walks;

    toy_remap(m, 0, 0, 0x40000000, DATA, 7);
    toy_remap(m, 1, 1, 0x40000000, DATA + 0x1000, 7);
    toy_poke64(m, DATA, 100);
    toy_poke64(m, DATA + 0x1000, 200);
    at = toy_4(m, at, T_LI, 1, 0, 0);
    at = toy_4(m, at, T_SYS, 0, 0, SYS_CTX);
    at = toy_4(m, at, T_LD, 2, 5, 0);
    at = toy_4(m, at, T_LI, 1, 0, 1);
    at = toy_4(m, at, T_SYS, 0, 0, SYS_CTX);
    at = toy_4(m, at, T_LD, 3, 5, 0);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = 0x40000000;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    CU_ASSERT_EQUAL(t->r[3], 200);
    walks = m->n_walks;
    t->r[2] = t->r[3] = 0;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    CU_ASSERT_EQUAL(t->r[3], 200);
    CU_ASSERT_EQUAL(m->n_walks, walks);
    toy_free(m);
}

/* A changed mapping is seen after the flush of its page, and of its context only. */
static void flushes(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    toy_remap(m, 0, 0, 0x40000000, DATA, 7);
    toy_poke64(m, DATA, 100);
    toy_poke64(m, DATA + 0x1000, 200);
    at = toy_4(m, at, T_LD, 2, 5, 0);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, CODE + 0x100, T_SYS, 0, 0, SYS_FLUSH_PAGE);
    toy_4(m, CODE + 0x104, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, CODE + 0x200, T_SYS, 0, 0, SYS_FLUSH_CTX);
    toy_4(m, CODE + 0x204, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = 0x40000000;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    toy_remap(m, 0, 0, 0x40000000, DATA + 0x1000, 7);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100); /* the TLB may keep it, and does */
    t->r[1] = 0x40001000;
    toy_run(m, 0, CODE + 0x100); /* another page */
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    t->r[1] = 0x40000000;
    toy_run(m, 0, CODE + 0x100);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 200);
    toy_remap(m, 0, 0, 0x40000000, DATA, 7);
    t->r[1] = 1;
    toy_run(m, 0, CODE + 0x200); /* another context */
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 200);
    t->r[1] = 0;
    toy_run(m, 0, CODE + 0x200);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    toy_free(m);
}

/* A flush by one address of a large mapping forgets all of it; a small page that lies
 * between two large mappings is flushed alone. */
static void large(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE, walks;

    m->big[0] = 0x40000000;
    m->big[1] = 0xffffffff80000000;
    m->big_pa = TOY_RAM;
    toy_remap(m, 0, 0, 0x6000000000, DATA, 7);
    toy_poke64(m, DATA, 100);
    toy_poke64(m, DATA + 0x40000, 200);
    toy_poke64(m, DATA + 0x41000, 300);
    at = toy_4(m, at, T_LD, 2, 5, 0);
    at = toy_4(m, at, T_LD, 3, 6, 0);
    at = toy_4(m, at, T_LD, 4, 7, 0);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, CODE + 0x100, T_SYS, 0, 0, SYS_FLUSH_PAGE);
    toy_4(m, CODE + 0x104, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = m->big[0] + 0x8000;
    t->r[6] = m->big[1] + 0x9000; /* another TLB entry */
    t->r[7] = 0x6000000000;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    t->r[1] = 0x6000000000;
    toy_run(m, 0, CODE + 0x100);
    walks = m->n_walks;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(m->n_walks, walks + 1); /* the small page's, no more */
    m->big_pa = TOY_RAM + 0x40000;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 100);
    t->r[1] = m->big[0] + 0x123000; /* elsewhere in it */
    toy_run(m, 0, CODE + 0x100);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 200);
    t->r[1] = m->big[1] + 0x1ff000;
    toy_run(m, 0, CODE + 0x100);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[3], 300);
    toy_free(m);
}

/* The mode word is part of a unit's key: the same bytes mean something else under each. */
static void modes(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_4(m, CODE, T_LI, 2, 0, 5);
    toy_4(m, CODE + 4, T_SYS, 0, 0, SYS_HALT);
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 5);
    t->mode = 3;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 0x300000005);
    t->mode = 0;
    toy_run(m, 0, CODE);
    CU_ASSERT_EQUAL(t->r[2], 5);
    toy_free(m);
}

/* A straddling instruction is found again by both of its pages' mappings. */
static void straddle(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t p0 = TOY_RAM + 0x10000, p1 = p0 + 0x5000, p2 = p0 + 0x6000;

    toy_remap(m, 0, 0, 0x40000000, p0, 7);
    toy_remap(m, 1, 0, 0x40001000, p1, 7);
    toy_remap(m, 2, 1, 0x40000000, p0, 7);
    toy_remap(m, 3, 1, 0x40001000, p2, 7);
    toy_2(m, p0 + 0xffe, T_LI, 2, 0); /* its immediate is in the next page */
    m->ram[p1 - TOY_RAM] = 11;
    m->ram[p2 - TOY_RAM] = 22;
    toy_4(m, p1 + 2, T_SYS, 0, 0, SYS_HALT);
    toy_4(m, p2 + 2, T_SYS, 0, 0, SYS_HALT);
    for (int i = 0; i < 3; i++) {
        t->ctx = 0;
        toy_run(m, 0, 0x40000ffe);
        CU_ASSERT_EQUAL(t->r[2], 11);
        t->ctx = 1;
        toy_run(m, 0, 0x40000ffe);
        CU_ASSERT_EQUAL(t->r[2], 22);
    }
    toy_dma64(m, p1, (toy_peek64(m, p1) & ~(uint64_t)0xffff) | 33);
    t->ctx = 0;
    toy_run(m, 0, 0x40000ffe);
    CU_ASSERT_EQUAL(t->r[2], 33);
    /* A missing second page faults at its own address, on the instruction. */
    toy_remap(m, 1, 0, 0x40001000, p1, XL_PROT_R);
    xl_tlb_flush(&t->x, NULL, NULL, 0, 1);
    toy_run(m, 0, 0x40000ffe);
    CU_ASSERT_EQUAL(t->cause, 13);
    CU_ASSERT_EQUAL(t->cause_va, 0x40001000);
    CU_ASSERT_EQUAL(t->cause_pc, 0x40000ffe);
    toy_free(m);
}

/* An interrupt from another place is taken at a poll of an endless loop. */
static void io_irq(struct toy_machine *m, struct pb_txn *t)
{
    (void)t;
    __atomic_store_n(&m->cpu[0].x.pending, 1, __ATOMIC_SEQ_CST);
    xl_wake(&m->cpu[0].x);
}

static void interrupt(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];

    toy_4(m, CODE, T_ST, 1, 5, 0);       /* the device raises it */
    toy_4(m, CODE + 4, T_JAL, 6, 0, 0);  /* for ever */
    toy_4(m, CODE + 0x100, T_SYS, 0, 0, SYS_HALT);
    t->r[5] = TOY_IO;
    t->irq_vector = CODE + 0x100;
    m->on_io = io_irq;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->n_irqs, 1);
    CU_ASSERT_EQUAL(t->r[15], CODE + 4);
    toy_free(m);
}

/* Two halves of a loop: when the second is made the first is there, and the way back is a jump. */
static void links(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    uint64_t at = CODE;

    at = toy_2(m, at, T_ADD, 1, 3);
    at = toy_4(m, at, T_BNE, 4, 4, 64);
    at = toy_2(m, at, T_ADD, 2, 1);
    at = toy_4(m, at, T_BNE, 1, 4, (int)(CODE - at));
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    t->r[1] = 10;
    t->r[3] = UINT64_MAX;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(t->r[2], 45);
    if (t->x.engine->host_code)
        CU_ASSERT_EQUAL(xl_r(&t->x)->n_lookups, 3);
    toy_free(m);
}

/* More units than the table begins with buckets; all are found again. */
static void many(void)
{
    struct toy_machine *m = toy_new(1, NULL);
    struct toy *t = &m->cpu[0];
    struct xl_engine *e = t->x.engine;
    uint32_t bits = e->hash_bits;
    uint64_t at = CODE, n;

    for (uint32_t i = 0; i < (1u << bits) + 100; i++)
        at = toy_4(m, at, T_BNE, 1, 1, 64);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    n = e->n_translated;
    CU_ASSERT_TRUE(n > 1u << bits);
    CU_ASSERT_TRUE(e->hash_bits > bits);
    xl_tlb_flush(&t->x, NULL, NULL, 0, 1); /* the jump cache, too */
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(e->n_translated, n);
    toy_free(m);
}

static const struct xl_test tests[] = {
    {"a loop", loop}, {"links to what is there", links}, {"many units", many}, {"a fault in a block", precise_fault}, {"device accesses", device},
    {"accesses over a page end", crossing}, {"permissions", permissions},
    {"contexts", contexts}, {"flushes", flushes}, {"large mappings", large}, {"modes", modes},
    {"straddling instruction", straddle}, {"interrupt by poll", interrupt},
};
XL_CHECK("engine run", tests)
