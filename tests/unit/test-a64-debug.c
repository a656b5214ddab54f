/* SPDX-License-Identifier: MIT */
/* test-a64-debug.c - breakpoints and watchpoints of the guest's own and software step: each kind of
 * access, levels, links, masks, where the exception goes and what it says; by interpreter and code.
 * DDI 0487: D2, D19.2.40 (ESR_ELx).
 */
#include "cpu-host.h"

#include "except.h"
#include "sysreg.h"

#include <CUnit/Basic.h>
#include <string.h>

#define BASE 0x400000ull
#define CODE (BASE + 0x100)
#define VECTORS (BASE + 0x1000)
#define DATA (BASE + 0x8040)
#define SET(r, v) a64_sysreg_set(c, SR_##r, v)
#define EL(n) ((uint64_t)(n) << 2 | ((n) ? PS_SP : 0))
#define ANY (3u << 1 | 1u << 13) /* EL0 to EL2, both states */
#define WATCH(bas, lsc) (ANY | (uint64_t)(bas) << 5 | (lsc) << 3 | 1)
enum { NOP = 0xd503201f, LDR = 0xf9400020, STR = 0xf9000022, WFI = 0xd503207f };

static struct cpu_host *h;
static struct a64 *c;
static const char *engine;

static void begin(const char *props)
{
    h = cpu_host_new(BASE, 0x20000, "max", props, engine);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    c = h->arm;
    h->cls->reset(c, BASE, NULL, 0);
    for (uint32_t v = 0; v < 0x800; v += 0x80)
        memcpy(h->ram + 0x1000 + v, &(uint32_t){WFI}, 4);
    c->sr[SR_VBAR_EL1] = c->sr[SR_VBAR_EL2] = c->sr[SR_VBAR_EL3] = VECTORS;
    SET(OSLAR_EL1, 0);
    SET(MDSCR_EL1, MDSCR_MDE | MDSCR_KDE);
}

/* The code from CODE on until a WFI, of a vector or behind it; the syndrome, 0: none. */
static uint64_t run(const uint32_t *code, uint32_t n, uint64_t pstate)
{
    for (uint32_t i = 0; i < 64; i++)
        memcpy(h->ram + 0x100 + 4 * i, i < n ? &code[i] : &(uint32_t){WFI}, 4);
    h->cls->code_written(c, BASE, 4096);
    c->sr[SR_ESR_EL1] = c->sr[SR_ESR_EL2] = 0;
    c->sr[SR_SCTLR_EL1] |= SCTLR_NTWI;
    a64_set_pstate(c, pstate);
    c->x.pc = CODE;
    c->x.halted = 0;
    cpu_host_run(h, 20);
    return c->sr[a64_el(c) == 2 ? SR_ESR_EL2 : SR_ESR_EL1];
}

static uint64_t one(uint32_t insn, uint64_t pstate)
{
    c->gpr[1] = DATA;
    return run(&insn, 1, pstate);
}

/* ---- Watchpoints ---------------------------------------------------------------------------- */

static void test_accesses(void)
{
    static const struct {
        const char *what;
        uint32_t insn;
        int32_t off;
        uint32_t bas, lsc, esr;
    } t[] = {
        {"ldr", LDR, 0, 1, 1, 0x22},         {"ldr, store watched", LDR, 0, 255, 2, 0},
        {"str", STR, 0, 0x80, 2, 0x62},      {"str, load watched", STR, 0, 255, 1, 0},
        {"strb beside", 0x39000422, 0, 1, 3, 0}, {"strb", 0x39000422, 0, 2, 3, 0x62},
        {"before", 0xb9000022, 4, 15, 3, 0}, {"ldp, second", 0xa9400c22, 8, 255, 3, 0x22},
        {"stp, second", 0xa9000c22, 8, 1, 3, 0x62}, {"across", STR, 4, 0x1f, 3, 0x62},
        {"ldr q", 0x3dc00020, 8, 0x80, 3, 0x22}, {"str q", 0x3d800020, 8, 0x80, 3, 0x62},
        {"ldaddal", 0xf8e20023, 0, 255, 3, 0x22}, {"ldaddal, stores", 0xf8e20023, 0, 255, 2, 0x62},
        {"casal", 0xc8e2fc23, 0, 255, 1, 0x22}, {"ldxr", 0xc85f7c20, 0, 255, 1, 0x22},
        {"dc zva", 0xd50b7421, 48, 255, 2, 0x62}, {"ldar", 0xc8dffc20, 0, 255, 1, 0x22},
        {"dc civac", 0xd50b7e21, 0, 255, 3, 0}};
    begin("has_el2=off,has_el3=off");
    c->sr[SR_CPACR_EL1] = 3 << 20;
    for (uint32_t k = 0; k < sizeof t / sizeof *t; k++) {
        uint64_t at = DATA + (uint64_t)(int64_t)t[k].off;
        SET(DBGWVR2_EL1, at & ~3ull);
        SET(DBGWCR2_EL1, WATCH(at & 4 ? t[k].bas & 15 : t[k].bas, t[k].lsc));
        memset(h->ram + 0x8000, 0x5a, 256);
        uint64_t esr = one(t[k].insn, EL(1));
        uint64_t want = t[k].esr ? 0xd6000000 | t[k].esr : 0;
        if (esr != want)
            printf("%s: %llx\n", t[k].what, (unsigned long long)esr);
        CU_ASSERT_EQUAL(esr, want);
        CU_ASSERT(!want || c->sr[SR_ELR_EL1] == CODE);
        CU_ASSERT(!want || c->sr[SR_FAR_EL1] - DATA < 64);
    }
    SET(DBGWVR2_EL1, DATA & ~0xfffull); /* 4 KiB */
    SET(DBGWCR2_EL1, WATCH(255, 3) | 12 << 24);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0xd6000022);
    c->sr[SR_TCR_EL1] |= 1ull << 37; /* a tag */
    c->gpr[1] = DATA | 0x5aull << 56;
    uint32_t insn = LDR;
    CU_ASSERT_EQUAL(run(&insn, 1, EL(1)), 0xd6000022);
    SET(MDSCR_EL1, 0);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    cpu_host_free(h);
}

static void test_levels(void)
{
    begin("has_el3=off");
    SET(DBGWVR0_EL1, DATA);
    SET(DBGWCR0_EL1, WATCH(255, 3) & ~6ull & ~(1ull << 13));
    CU_ASSERT_EQUAL(one(LDR, EL(0)), 0);
    SET(DBGWCR0_EL1, (WATCH(255, 3) & ~6ull & ~(1ull << 13)) | 2 << 1); /* EL0 */
    CU_ASSERT_EQUAL(one(LDR, EL(0) | PS_D), 0xd2000022);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    CU_ASSERT_EQUAL(one(0xf8400820, EL(1)), 0xd6000022); /* ldtr */
    SET(DBGWCR0_EL1, WATCH(255, 3));
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0xd6000022);
    CU_ASSERT_EQUAL(one(LDR, EL(1) | PS_D), 0);
    CU_ASSERT_EQUAL(one(LDR, EL(2)), 0);
    SET(MDCR_EL2, MDCR_TDE | 6);
    CU_ASSERT_EQUAL(one(LDR, EL(2)), 0xd6000022);
    CU_ASSERT_EQUAL(one(LDR, EL(1) | PS_D), 0xd2000022);
    CU_ASSERT_EQUAL(a64_el(c), 2);
    CU_ASSERT_EQUAL(c->sr[SR_FAR_EL2], DATA);
    SET(MDCR_EL2, 6);
    SET(MDSCR_EL1, MDSCR_MDE);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    SET(MDSCR_EL1, MDSCR_MDE | MDSCR_KDE);
    SET(OSLAR_EL1, 1);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    SET(OSLAR_EL1, 0);
    SET(DBGWCR0_EL1, WATCH(255, 3) | 1 << 20 | 5 << 16); /* linked */
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    SET(DBGBVR5_EL1, 0x1234);
    SET(DBGBCR5_EL1, 3 << 20 | 1);
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0);
    c->sr[SR_CONTEXTIDR_EL1] = 0x1234;
    CU_ASSERT_EQUAL(one(LDR, EL(1)), 0xd6000022);
    cpu_host_free(h);
}

/* ---- Breakpoints ---------------------------------------------------------------------------- */

static void test_breakpoints(void)
{
    /* A loop that runs before there is a breakpoint: its units are linked by then. */
    static const uint32_t loop[] = {0xd2800000, 0x91000400, 0xf1002c1f, 0x54ffffc1, NOP};
    begin("has_el3=off");
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0);
    CU_ASSERT_EQUAL(c->gpr[0], 11);
    SET(DBGBVR1_EL1, CODE + 8);
    SET(DBGBCR1_EL1, ANY | 1);
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0xc6000022);
    CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], CODE + 8);
    CU_ASSERT_EQUAL(c->gpr[0], 1);
    CU_ASSERT_EQUAL(run(loop, 5, EL(0)), 0xc2000022);
    CU_ASSERT_EQUAL(run(loop, 5, EL(1) | PS_D), 0);
    SET(DBGBCR1_EL1, 2 << 1 | 1); /* EL0 alone */
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0);
    SET(DBGBCR1_EL1, ANY | 1 << 20 | 4 << 16 | 1); /* linked */
    SET(DBGBCR4_EL1, 3 << 20 | 1);
    SET(DBGBVR4_EL1, 7);
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0);
    c->sr[SR_CONTEXTIDR_EL1] = 7;
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0xc6000022);
    SET(DBGBCR1_EL1, 0);
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0);
    SET(DBGBCR4_EL1, ANY | 2 << 20 | 1); /* whatever runs in this context */
    CU_ASSERT_EQUAL(run(loop, 5, EL(0)), 0xc2000022);
    CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], CODE);
    SET(MDCR_EL2, MDCR_TDE | 6);
    CU_ASSERT_EQUAL(run(loop, 5, EL(1)), 0xc2000022);
    CU_ASSERT_EQUAL(a64_el(c), 2);
    cpu_host_free(h);
}

/* Who returns from where debug exceptions are on is stepped in front of the next instruction; from
 * where they are off, behind it. */
static void test_step_return(void)
{
    static const uint32_t code[] = {0xd69f03e0, NOP, 0xd2800020, 0xd2800040}; /* eret */
    for (uint32_t off = 0; off < 2; off++) {
        begin("has_el2=off,has_el3=off");
        SET(MDSCR_EL1, MDSCR_SS | MDSCR_KDE);
        c->sr[SR_ELR_EL1] = CODE + 8;
        c->sr[SR_SPSR_EL1] = EL(1) | PS_SS;
        CU_ASSERT_EQUAL(run(code, 4, EL(1) | (off ? PS_D : PS_SS)), 0xce000022);
        CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], CODE + 8 + 4 * off);
        CU_ASSERT_EQUAL(c->gpr[0], off);
        cpu_host_free(h);
    }
}

static void test_step(void)
{
    static const uint32_t two[] = {0xd2800020, 0xd2800040}, svc = 0xd4000001, ldr = LDR;
    begin("has_el2=off,has_el3=off");
    SET(MDSCR_EL1, MDSCR_SS | MDSCR_MDE);
    CU_ASSERT_EQUAL(run(two, 2, EL(0) | PS_SS), 0xca000022);
    CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], CODE + 4);
    CU_ASSERT_EQUAL(c->gpr[0], 1);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL1] & PS_SS, 0);
    CU_ASSERT_EQUAL(run(two, 2, EL(0)), 0xca000022);
    CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], CODE);
    CU_ASSERT_EQUAL(run(&svc, 1, EL(0) | PS_SS) >> 26, A64_EC_SVC);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL1] & PS_SS, 0);
    CU_ASSERT_EQUAL(run(&(uint32_t){0}, 1, EL(0) | PS_SS) >> 26, A64_EC_UNKNOWN);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL1] & PS_SS, PS_SS);
    SET(DBGWVR3_EL1, DATA);
    SET(DBGWCR3_EL1, WATCH(255, 3));
    c->gpr[1] = DATA;
    CU_ASSERT_EQUAL(run(&ldr, 1, EL(0) | PS_SS), 0xd2000022);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL1] & PS_SS, PS_SS);
    cpu_host_free(h);
}

int main(void)
{
    uint32_t failed = 0;
    CU_initialize_registry();
    for (uint32_t i = 0; i < 2; i++) {
        CU_pSuite s = CU_add_suite(i ? "interpreter" : "code", NULL, NULL);
        CU_add_test(s, "watched accesses", test_accesses);
        CU_add_test(s, "levels, links, locks", test_levels);
        CU_add_test(s, "breakpoints", test_breakpoints);
        CU_add_test(s, "software step", test_step);
        CU_add_test(s, "a step's return", test_step_return);
        engine = i ? "interp" : NULL;
        CU_basic_run_suite(s);
        failed += CU_get_number_of_failures();
    }
    CU_cleanup_registry();
    return failed != 0;
}
