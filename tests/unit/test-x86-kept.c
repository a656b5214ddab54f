/* SPDX-License-Identifier: MIT */
/* test-x86-kept.c - a translation kept for the next access off the same base does not outlive
 * a flush: a device that is read between two stores moves the page that they go to.
 */
#include "xl-check.h"
#include "xl-toy.h"

#define CODE TOY_RAM
#define VA 0x40000000u
#define OLD (TOY_RAM + 0x10000)
#define NEW (TOY_RAM + 0x20000)

static void move_page(struct toy_machine *m, struct pb_txn *t)
{
    if (t->is_write)
        return;
    toy_remap(m, 0, 0, VA, NEW, XL_PROT_R | XL_PROT_W);
    xl_tlb_flush(&m->cpu[0].x, NULL, NULL, VA, 0);
}

/* st r1, [r5]; ld r2, [r5 + device]; st r1, [r5 + 8]; ld r3, [r5 + 8] */
static uint64_t program(struct toy_machine *m, int to_device)
{
    uint64_t at = CODE;

    at = toy_4(m, at, T_ST, 1, 5, 0);
    at = toy_4(m, at, T_LD, 2, 5, to_device);
    at = toy_4(m, at, T_ST, 1, 5, 8);
    at = toy_4(m, at, T_LD, 3, 5, 8);
    return toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
}

static struct toy_machine *machine(void)
{
    struct toy_machine *m = toy_new(1, NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    toy_remap(m, 0, 0, VA, OLD, XL_PROT_R | XL_PROT_W);
    toy_remap(m, 1, 0, VA + 0x1000, TOY_IO, XL_PROT_R | XL_PROT_W);
    m->cpu[0].r[1] = 0x1234567890u;
    m->cpu[0].r[5] = VA + 0x800;
    return m;
}

/* The device's page is another than the kept one: cold path, lookup, slow path. */
static void flushed_by_device(void)
{
    struct toy_machine *m = machine();

    program(m, 0x900);
    for (int i = 0; i < 3; i++) { /* the first runs fill the TLB */
        CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
        CU_ASSERT_EQUAL(m->cpu[0].r[2], 0x1100);
    }
    toy_poke64(m, OLD + 0x808, 0);
    m->on_io = move_page;
    CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
    CU_ASSERT_EQUAL(toy_peek64(m, OLD + 0x800), 0x1234567890u);
    CU_ASSERT_EQUAL(toy_peek64(m, OLD + 0x808), 0);
    CU_ASSERT_EQUAL(toy_peek64(m, NEW + 0x808), 0x1234567890u);
    CU_ASSERT_EQUAL(m->cpu[0].r[3], 0x1234567890u);
    toy_free(m);
}

/* Two pages in turn off one base: each access goes to its own. */
static void two_pages(void)
{
    struct toy_machine *m = machine();
    uint64_t at = CODE;

    toy_remap(m, 2, 0, VA + 0x2000, NEW, XL_PROT_R | XL_PROT_W);
    at = toy_4(m, at, T_ST, 1, 5, 0);
    at = toy_4(m, at, T_ST, 5, 5, 0x2000);
    at = toy_4(m, at, T_ST, 5, 5, 8);
    at = toy_4(m, at, T_LD, 2, 5, 0x2000);
    at = toy_4(m, at, T_LD, 3, 5, 0);
    toy_4(m, at, T_SYS, 0, 0, SYS_HALT);
    for (int i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(toy_run(m, 0, CODE), PB_EXIT_HALT);
        CU_ASSERT_EQUAL(m->cpu[0].r[2], VA + 0x800);
        CU_ASSERT_EQUAL(m->cpu[0].r[3], 0x1234567890u);
        CU_ASSERT_EQUAL(toy_peek64(m, OLD + 0x808), VA + 0x800);
        CU_ASSERT_EQUAL(toy_peek64(m, NEW + 0x808), 0);
    }
    toy_free(m);
}

static const struct xl_test tests[] = {
    {"flushed by a device in between", flushed_by_device},
    {"two pages in turn", two_pages},
};

XL_CHECK("kept translations", tests)
