/* SPDX-License-Identifier: MIT */
/* test-a64-unpriv.c - LDTR and STTR: who they are, to whom they are LDR and STR, and that what they
 * find in the TLB beside is never stale. All of it interpreted and by generated code.
 * DDI 0487: C6.2 (LDTR), B2.5.2, D8.4.1.2 (PAN, UAO).
 */
#include "cpu-host.h"

#include "except.h"

#include <CUnit/Basic.h>
#include <string.h>

#define BASE 0x400000ull
#define SIZE 0x400000ull
#define ROOT 0x500000ull
#define VECTORS 0x480000ull
#define USER 0x1000ull     /* EL0's page; the next one is EL1's */
#define RAM 0x710000ull    /* physical, of both */
#define LEAF 0x703ull      /* page, AF, inner shareable */
#define EL0 (1ull << 6)    /* AP[1] */
#define NG (1ull << 11)

#define FAULT(write) (0x9600000full | (write) << 6) /* permission, level 3, from the same level */

static const char *const engines[] = {NULL, "interp"};
static struct cpu_host *h;
static struct a64 *c;

static void put(uint64_t at, uint64_t v)
{
    memcpy(h->ram + (at - BASE), &v, 8);
}

static uint64_t word(uint64_t at)
{
    uint64_t v;
    memcpy(&v, h->ram + (at - BASE), 8);
    return v;
}

/* One page of 4 KiB, 48-bit addresses; the tables follow each other. Where its entry is. */
static uint64_t map(uint64_t va, uint64_t leaf)
{
    uint64_t table = ROOT, at = 0;
    for (uint32_t level = 0; level <= 3; level++, table += 0x10000) {
        at = table + (va >> (39 - 9 * level) & 511) * 8;
        put(at, level == 3 ? leaf : (table + 0x10000) | 3);
    }
    return at;
}

/* A CPU with code and vectors mapped for its kernel, USER for its programs. `el`: the kernel's. */
static void begin(const char *engine, uint32_t el)
{
    static const uint32_t wfi = 0xd503207f;
    h = cpu_host_new(BASE, SIZE, "max", el == 1 ? "has_el2=off,has_el3=off" : "has_el3=off",
                     engine);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    c = h->arm;
    h->cls->reset(c, BASE, NULL, 0);
    if (el == 2)
        c->sr[SR_HCR_EL2] |= HCR_E2H | HCR_TGE;
    c->sr[el == 1 ? SR_TCR_EL1 : SR_TCR_EL2] = 16 | 5ull << 32;
    c->sr[el == 1 ? SR_TTBR0_EL1 : SR_TTBR0_EL2] = ROOT | 1ull << 48;
    c->sr[el == 1 ? SR_SCTLR_EL1 : SR_SCTLR_EL2] |= SCTLR_M | SCTLR_SPAN;
    c->sr[SR_VBAR_EL1] = c->sr[SR_VBAR_EL2] = VECTORS;
    map(BASE, BASE | LEAF);
    map(VECTORS, VECTORS | LEAF);
    map(ROOT + 0x30000, (ROOT + 0x30000) | LEAF);
    map(USER, RAM | LEAF | NG | EL0);
    map(USER + 0x1000, (RAM + 0x1000) | LEAF | NG);
    for (uint32_t v = 0; v < 0x800; v += 0x80)
        memcpy(h->ram + (VECTORS - BASE) + v, &wfi, 4);
    c->gpr[1] = USER;
    c->gpr[2] = 0x1111111111111111;
}

/* Run `code`, n words, at the kernel's level until its end, a WFI, or that of the vector. */
static void run(const uint32_t *code, uint32_t n, uint64_t pstate)
{
    static const uint32_t wfi = 0xd503207f;
    memcpy(h->ram + 0x100, code, 4 * n);
    memcpy(h->ram + 0x100 + 4 * n, &wfi, 4);
    a64_set_pstate(c, pstate);
    c->x.pc = BASE + 0x100;
    c->x.halted = 0;
    h->cls->code_written(c, BASE, 4096);
    cpu_host_run(h, 20);
}
#define RUN(code, pstate) run(code, sizeof(code) / 4, pstate)

/* It ended in the vector, because of that instruction; or it came to its end. */
static void expect(uint32_t el, uint64_t esr, uint32_t insn, uint64_t far)
{
    CU_ASSERT_EQUAL(c->x.pc, VECTORS + 0x204);
    CU_ASSERT_EQUAL(c->sr[el == 1 ? SR_ESR_EL1 : SR_ESR_EL2], esr);
    CU_ASSERT_EQUAL(c->sr[el == 1 ? SR_ELR_EL1 : SR_ELR_EL2], BASE + 0x100 + 4 * insn);
    CU_ASSERT_EQUAL(c->sr[el == 1 ? SR_FAR_EL1 : SR_FAR_EL2], far);
}

static void expect_end(uint32_t n)
{
    CU_ASSERT_EQUAL(c->x.pc, BASE + 0x100 + 4 * n + 4);
}

/* After another ASID, after a TLBI, and for a page that has become EL1's. */
static void stale(const char *engine)
{
    static const uint32_t code[] = {
        0xf8000822, 0xf8400823, 0xf8000824, /* sttr x2, [x1]; ldtr x3, [x1]; sttr x4, [x1] */
        0xf800b822, 0xf840b82e,             /* sttr x2, [x1, 11]; ldtr x14, [x1, 11] */
        0xf9000149, 0xd5182005, 0xd5033fdf, /* str x9, [x10]; msr ttbr0_el1, x5; isb */
        0xf8400826, 0xf8400827,             /* ldtr x6, [x1]; ldtr x7, [x1] */
        0xf900014b, 0xd508871f, 0xd5033f9f, /* str x11, [x10]; tlbi vmalle1; dsb sy */
        0xd5033fdf, 0xf940002c, 0xf840082d, /* isb; ldr x12, [x1]; ldtr x13, [x1] */
    };
    begin(engine, 1);
    put(RAM + 0x2000, 0x5ec);
    c->gpr[4] = 0x222;
    c->gpr[5] = ROOT | 2ull << 48;
    c->gpr[9] = (RAM + 0x2000) | LEAF | NG | EL0;
    c->gpr[10] = map(USER, RAM | LEAF | NG | EL0);
    c->gpr[11] = c->gpr[9] & ~EL0;
    RUN(code, 5);
    expect(1, FAULT(0ull), 15, USER);
    CU_ASSERT_EQUAL(c->gpr[3], c->gpr[2]);
    CU_ASSERT_EQUAL(word(RAM), 0x222);
    CU_ASSERT_EQUAL(word(RAM + 11), c->gpr[2]);
    CU_ASSERT_EQUAL(c->gpr[14], c->gpr[2]);
    CU_ASSERT_EQUAL(c->gpr[6], 0x5ec);
    CU_ASSERT_EQUAL(c->gpr[7], 0x5ec);
    CU_ASSERT_EQUAL(c->gpr[12], 0x5ec);
    CU_ASSERT_EQUAL(c->gpr[13], 0);
    cpu_host_free(h);
}

/* LDR and LDTR off one base in one block, again and again: neither has the other's page. */
static void mixed(const char *engine, uint32_t el)
{
    static const uint32_t code[] = {
        0x91400421,                         /* add x1, x1, 1, lsl 12: EL1's */
        0xf8410823, 0xf9400824,             /* ldtr x3, [x1, 16]; ldr x4, [x1, 16] */
    };
    static const uint32_t swapped[] = {
        0xf9400824, 0xf9400c25, 0xf8410823, /* ldr x4, [x1, 16]; ldr x5, [x1, 24]; ldtr x3, … */
        0xf9400c26, 0xf8418827,             /* ldr x6, [x1, 24]; ldtr x7, [x1, 24] */
        0xf9000c22,                         /* str x2, [x1, 24] */
        0xf8010822, 0xf8018822,             /* sttr x2, [x1, 16]; sttr x2, [x1, 24] */
    };
    begin(engine, el);
    put(RAM + 16, 0x16);
    put(RAM + 24, 0x24);
    RUN(code, el << 2 | 1);
    expect(el, FAULT(0ull), 1, USER + 0x1010);
    c->gpr[1] = USER;
    for (uint32_t k = 0; k < 2; k++)
        RUN(swapped, el << 2 | 1);
    expect_end(8);
    CU_ASSERT_EQUAL(c->gpr[3], c->gpr[2]); /* stored in the first round */
    CU_ASSERT_EQUAL(c->gpr[7], c->gpr[2]);
    CU_ASSERT_EQUAL(word(RAM + 16), c->gpr[2]);
    c->gpr[1] = USER + 0x1000;
    RUN(swapped, el << 2 | 1);
    expect(el, FAULT(0ull), 2, USER + 0x1010);
    cpu_host_free(h);
}

/* With PAN, LDTR is how EL1 gets at EL0's page; with UAO it is LDR. */
static void overrides(const char *engine)
{
    static const uint32_t pan[] = {0xf8400823, 0xf9400024}; /* ldtr x3, [x1]; ldr x4, [x1] */
    static const uint32_t uao[] = {
        0xd500417f,                         /* msr uao, 1 */
        0xf8400823, 0xf8001822,             /* ldtr x3, [x1]; sttr x2, [x1, 1] */
        0xd500407f, 0xf8400824,             /* msr uao, 0; ldtr x4, [x1] */
    };
    begin(engine, 1);
    put(RAM, 0x700);
    RUN(pan, 5 | PS_PAN);
    expect(1, FAULT(0ull), 1, USER);
    CU_ASSERT_EQUAL(c->gpr[3], 0x700);
    c->gpr[1] = USER + 0x1000;
    put(RAM + 0x1000, 0x701);
    for (uint32_t k = 0; k < 2; k++) {
        RUN(uao, 5);
        expect(1, FAULT(0ull), 4, USER + 0x1000);
        CU_ASSERT_EQUAL(c->gpr[4], 0);
    }
    CU_ASSERT_EQUAL(c->gpr[3], 0x1111111111111101);
    CU_ASSERT_EQUAL(word(RAM + 0x1001), c->gpr[2]);
    cpu_host_free(h);
}

/* Across the end of EL0's page: refused before anything is changed. */
static void crossing(const char *engine)
{
    static const uint32_t code[] = {
        0xf81f0822, 0xf85fc823, 0xf81fc822, /* sttr x2, [x1, -16]; ldtr x3, [x1, -4]; sttr … */
    };
    begin(engine, 1);
    map(USER + 0x1000, (RAM + 0x1000) | LEAF | NG | EL0 | 2 << 6); /* to be read only */
    c->gpr[1] = USER + 0x1000;
    put(RAM + 0xff8, 8ull << 32);
    put(RAM + 0x1000, 9);
    RUN(code, 5);
    expect(1, FAULT(1ull), 2, USER + 0x1000);
    CU_ASSERT_EQUAL(c->gpr[3], 9ull << 32 | 8);
    CU_ASSERT_EQUAL(word(RAM + 0xff0), c->gpr[2]);
    CU_ASSERT_EQUAL(word(RAM + 0xff8), 8ull << 32);
    cpu_host_free(h);
}

/* Stores to code, and one that a debugger waits for. */
static void watched(const char *engine)
{
    static const uint32_t code[] = {
        0xb8000822,                         /* sttr w2, [x1]: below */
        0xd5033f9f, 0xd5033fdf,             /* dsb sy; isb */
        0xd2800025, 0xf8410823,             /* mov x5, 1; ldtr x3, [x1, 16] */
        0xf9400824,                         /* ldr x4, [x1, 16] */
    };
    begin(engine, 1);
    map(USER, BASE | LEAF | NG | EL0);      /* the code's page once more */
    c->gpr[1] = USER + 0x10c;
    c->gpr[2] = 0xd2800025;
    RUN(code, 5);
    c->gpr[2] = 0xd2800045;                 /* mov x5, 2 */
    RUN(code, 5);
    expect_end(6);
    CU_ASSERT_EQUAL(c->gpr[5], 2);
    map(USER, RAM | LEAF | NG | EL0);
    map(USER + 0x1000, (RAM + 0x1000) | LEAF | NG);
    a64_flush(c);
    put(RAM + 0x11c, 0x11c);
    h->cls->breakpoint(c, 3, USER + 0x11c, 8, 1);
    RUN(code, 5);
    CU_ASSERT_EQUAL(c->x.pc, BASE + 0x114); /* behind the LDTR, which is done */
    CU_ASSERT_EQUAL(c->gpr[3], 0x11c);
    h->cls->breakpoint(c, 3, USER + 0x11c, 8, 0);
    c->gpr[1] = USER + 0x1000 - 16;         /* and the CPU is EL1 again, not EL0 */
    cpu_host_run(h, 20);
    expect_end(6);
    cpu_host_free(h);
}

static void test_stale(void)
{
    for (uint32_t i = 0; i < 2; i++)
        stale(engines[i]);
}

static void test_mixed(void)
{
    for (uint32_t i = 0; i < 4; i++)
        mixed(engines[i & 1], 1 + i / 2);
}

static void test_overrides(void)
{
    for (uint32_t i = 0; i < 2; i++)
        overrides(engines[i]);
}

static void test_crossing(void)
{
    for (uint32_t i = 0; i < 2; i++)
        crossing(engines[i]);
}

static void test_watched(void)
{
    for (uint32_t i = 0; i < 2; i++)
        watched(engines[i]);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("a64-unpriv", NULL, NULL);
    CU_add_test(s, "stale translations", test_stale);
    CU_add_test(s, "beside plain accesses", test_mixed);
    CU_add_test(s, "PAN and UAO", test_overrides);
    CU_add_test(s, "page crossing", test_crossing);
    CU_add_test(s, "watched pages", test_watched);
    CU_basic_run_tests();
    uint32_t failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
