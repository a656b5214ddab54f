/* SPDX-License-Identifier: MIT */
/* test-a64-pmu.c - performance monitors: what counts at which level, overflows of each kind of
 * counter, their flags, the output and the timer that finds them, who may use the registers.
 * DDI 0487: D13, D19.5. The host's clock moves a microsecond at each look.
 */
#include "cpu-host.h"

#include "except.h"
#include "sysreg.h"

#include <CUnit/Basic.h>
#include <string.h>

#define BASE 0x400000ull
#define SECOND 1000000000ll
#define GET(r) a64_sysreg_get(c, SR_##r)
#define SET(r, v) a64_sysreg_set(c, SR_##r, v)
#define NEAR(a, b) CU_ASSERT((uint64_t)(a) - (uint64_t)(b) < 200000)
#define CYCLE (1ull << 31)
#define E_LC 0x41
enum { CYCLES = 0x11, CHAIN = 0x1e };

static struct cpu_host *h;
static struct a64 *c;

static void begin(const char *props)
{
    h = cpu_host_new(BASE, 0x10000, "max", props, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    c = h->arm;
    h->cls->reset(c, BASE, NULL, 0);
}

static struct cpu_host_timer *timer(void)
{
    return cpu_host_timer(h, "pmu");
}

/* Virtual time passes; the timer expires if it is armed. */
static void pass(int64_t ns)
{
    struct cpu_host_timer *t = timer();
    int64_t end = h->now + ns;
    while (t->when >= 0 && t->when <= end) {
        h->now = t->when;
        t->when = -1;
        t->fn(t->opaque);
    }
    h->now = h->now < end ? end : h->now;
}

static void test_cycles(void)
{
    begin("has_el2=off,has_el3=off");
    SET(PMCR_EL0, E_LC);
    SET(PMCCNTR_EL0, 1000);
    pass(SECOND);
    CU_ASSERT_EQUAL(GET(PMCCNTR_EL0), 1000);
    SET(PMCNTENSET_EL0, CYCLE | 2);
    SET(PMEVTYPER1_EL0, CYCLES);
    pass(6 * SECOND);
    NEAR(GET(PMCCNTR_EL0), 1000 + 6 * SECOND);
    NEAR(GET(PMEVCNTR1_EL0), 6 * SECOND - (1ll << 32));
    SET(PMSELR_EL0, 1);
    CU_ASSERT_EQUAL(GET(PMXEVTYPER_EL0), CYCLES);
    uint64_t before = GET(PMEVCNTR1_EL0);
    NEAR(GET(PMXEVCNTR_EL0), before);
    CU_ASSERT_EQUAL(GET(PMOVSSET_EL0), 2);
    SET(PMOVSCLR_EL0, 2);
    CU_ASSERT_EQUAL(GET(PMOVSSET_EL0), 0);
    SET(PMCNTENCLR_EL0, CYCLE);
    uint64_t still = GET(PMCCNTR_EL0);
    pass(SECOND);
    CU_ASSERT_EQUAL(GET(PMCCNTR_EL0), still);
    SET(PMCR_EL0, 9); /* E and D: every 64th, overflows at 32 bits */
    SET(PMCNTENSET_EL0, CYCLE);
    SET(PMCCNTR_EL0, 0xffffffffull - SECOND / 64);
    pass(2 * SECOND);
    NEAR(GET(PMCCNTR_EL0), (1ull << 32) + SECOND / 64 - 1);
    CU_ASSERT_EQUAL(GET(PMOVSSET_EL0), CYCLE | 2); /* counter 1 came around again */
    SET(PMCR_EL0, 9 | 4 | 2);
    NEAR(GET(PMCCNTR_EL0), 0);
    NEAR(GET(PMEVCNTR1_EL0), 0);
    CU_ASSERT_EQUAL(GET(PMCR_EL0), 9 | A64_PMU_COUNTERS << 11);
    cpu_host_free(h);
}

static void test_interrupt(void)
{
    begin("has_el2=off,has_el3=off");
    SET(PMCR_EL0, E_LC);
    SET(PMEVTYPER2_EL0, CYCLES);
    SET(PMEVCNTR2_EL0, 0 - (uint64_t)SECOND);
    SET(PMCNTENSET_EL0, 4);
    CU_ASSERT_EQUAL(timer()->when, -1); /* nobody wants to hear of it */
    SET(PMINTENSET_EL1, 4);
    NEAR(timer()->when, h->now + SECOND - 100000);
    pass(SECOND / 2);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    pass(SECOND);
    CU_ASSERT_EQUAL(c->pm_level, 1);
    CU_ASSERT_EQUAL(GET(PMOVSCLR_EL0), 4);
    NEAR(GET(PMEVCNTR2_EL0), SECOND / 2);
    SET(PMINTENCLR_EL1, 4);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    SET(PMINTENSET_EL1, 4);
    CU_ASSERT_EQUAL(c->pm_level, 1);
    SET(PMCR_EL0, 0);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    SET(PMCR_EL0, E_LC);
    SET(PMOVSCLR_EL0, 4);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    pass(5 * SECOND); /* once around */
    CU_ASSERT_EQUAL(c->pm_level, 1);
    SET(PMCNTENCLR_EL0, 4);
    CU_ASSERT_EQUAL(timer()->when, -1);
    SET(PMOVSCLR_EL0, 4);
    SET(PMINTENSET_EL1, CYCLE);
    SET(PMCCNTR_EL0, 0 - (uint64_t)SECOND * 10); /* 64 bits */
    SET(PMCNTENSET_EL0, CYCLE);
    pass(9 * SECOND);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    pass(2 * SECOND);
    CU_ASSERT_EQUAL(c->pm_level, 1);
    SET(PMOVSSET_EL0, 8);
    CU_ASSERT_EQUAL(GET(PMOVSSET_EL0), CYCLE | 8);
    h->cls->reset(c, BASE, NULL, 0);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    CU_ASSERT_EQUAL(timer()->when, -1);
    cpu_host_free(h);
}

static void test_software(void)
{
    begin("has_el2=off,has_el3=off");
    SET(PMCR_EL0, E_LC);
    SET(PMEVTYPER4_EL0, 0);
    SET(PMEVTYPER5_EL0, CHAIN);
    SET(PMEVCNTR4_EL0, 0xfffffffe);
    SET(PMEVCNTR5_EL0, 0xffffffff);
    SET(PMSWINC_EL0, 0x10);
    CU_ASSERT_EQUAL(GET(PMEVCNTR4_EL0), 0xfffffffe); /* not enabled */
    SET(PMCNTENSET_EL0, 0x30);
    SET(PMINTENSET_EL1, 0x20);
    SET(PMSWINC_EL0, 0x3f);
    CU_ASSERT_EQUAL(GET(PMEVCNTR4_EL0), 0xffffffff);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    SET(PMSWINC_EL0, 0x10);
    CU_ASSERT_EQUAL(GET(PMEVCNTR4_EL0) | GET(PMEVCNTR5_EL0), 0);
    CU_ASSERT_EQUAL(GET(PMOVSSET_EL0), 0x30);
    CU_ASSERT_EQUAL(c->pm_level, 1);
    SET(PMOVSCLR_EL0, 0x3f); /* a pair of 64 bits that counts time */
    SET(PMEVTYPER4_EL0, CYCLES);
    SET(PMEVCNTR4_EL0, 0);
    SET(PMEVCNTR5_EL0, 0xfffffffe);
    pass(5 * SECOND);
    CU_ASSERT_EQUAL(c->pm_level, 0);
    CU_ASSERT_EQUAL(GET(PMEVCNTR5_EL0), 0xffffffff);
    pass(5 * SECOND);
    CU_ASSERT_EQUAL(c->pm_level, 1);
    CU_ASSERT_EQUAL(GET(PMEVCNTR5_EL0), 0);
    cpu_host_free(h);
}

/* Does counter 0 count with this filter at this level? */
static int counts(uint64_t filter, uint32_t el)
{
    a64_set_pstate(c, PS_DAIF | el << 2 | (el ? PS_SP : 0));
    SET(PMEVTYPER0_EL0, CYCLES | filter);
    SET(PMCNTENSET_EL0, 1);
    a64_set_pstate(c, PS_DAIF | 3 << 2 | PS_SP);
    SET(PMEVCNTR0_EL0, 0);
    a64_set_pstate(c, PS_DAIF | el << 2 | (el ? PS_SP : 0));
    h->now += 3 * SECOND;
    a64_set_pstate(c, PS_DAIF | 3 << 2 | PS_SP);
    h->now += SECOND;
    uint64_t v = GET(PMEVCNTR0_EL0);
    return v > 2 * SECOND;
}

static void test_filters(void)
{
    static const struct { uint64_t filter; const char *ns, *secure; } t[] = {
        {0, "013", "013"},          {1ull << 27, "0123", "013"}, {1ull << 31, "0", "0"},
        {1ull << 30, "13", "13"},   {1ull << 29, "0", "013"},    {1ull << 28, "13", "013"},
        {1ull << 26, "01", "01"},   {5ull << 29, "013", "0"},    {5ull << 28, "01", "1"},
        {3ull << 30, "", ""}};
    begin("");
    SET(PMCR_EL0, E_LC);
    SET(MDCR_EL3, 1 << 17); /* SPME */
    for (uint32_t k = 0; k < sizeof t / sizeof *t; k++)
        for (uint32_t secure = 0; secure < 2; secure++)
            for (uint32_t el = 0; el < (secure ? 2 : 3); el++) {
                const char *which = secure ? t[k].secure : t[k].ns;
                c->sr[SR_SCR_EL3] = SCR_RW | (secure ? 0 : SCR_NS);
                int want = strchr(which, (char)('0' + el)) != NULL, got;
                got = counts(t[k].filter, el);
                if (want != got)
                    printf("filter %llx el %u secure %u\n", (unsigned long long)t[k].filter, el,
                           secure);
                CU_ASSERT_EQUAL(want, got);
            }
    c->sr[SR_SCR_EL3] = SCR_RW;
    SET(MDCR_EL3, 0);
    CU_ASSERT_EQUAL(counts(0, 1), 0); /* prohibited */
    cpu_host_free(h);
}

/* What EL2 keeps for itself. */
static void test_partition(void)
{
    begin("has_el3=off");
    SET(MDCR_EL2, 2);
    for (uint32_t n = 0; n < A64_PMU_COUNTERS; n++)
        a64_sysreg_set(c, SR_PMEVTYPER0_EL0 + n, CYCLES | 1ull << 27);
    SET(PMCNTENSET_EL0, CYCLE | 0x3f);
    SET(PMCR_EL0, E_LC);
    pass(SECOND);
    CU_ASSERT(GET(PMEVCNTR1_EL0) > 0);
    CU_ASSERT_EQUAL(GET(PMEVCNTR2_EL0), 0);
    SET(MDCR_EL2, 2 | 1 << 7); /* HPME */
    pass(SECOND);
    CU_ASSERT(GET(PMEVCNTR2_EL0) > 0);
    a64_set_pstate(c, PS_DAIF | 1 << 2 | PS_SP);
    CU_ASSERT_EQUAL(GET(PMCR_EL0) >> 11 & 31, 2);
    CU_ASSERT_EQUAL(GET(PMCNTENSET_EL0), CYCLE | 3);
    CU_ASSERT_EQUAL(GET(PMEVCNTR2_EL0), 0);
    SET(PMCNTENCLR_EL0, 0x3f);
    SET(PMCR_EL0, E_LC | 2);
    a64_set_pstate(c, PS_DAIF | 2 << 2 | PS_SP);
    CU_ASSERT_EQUAL(GET(PMCNTENSET_EL0), CYCLE | 0x3c);
    CU_ASSERT_EQUAL(GET(PMEVCNTR1_EL0), 0);
    CU_ASSERT(GET(PMEVCNTR2_EL0) > 0);
    cpu_host_free(h);
}

/* ---- Who may -------------------------------------------------------------------------------- */

/* The syndrome of an instruction at EL0, 0 when it went well. */
static uint64_t tried(uint32_t insn, uint32_t at)
{
    const uint32_t code[] = {insn, 0xd4000001}; /* svc #0 */
    static const uint32_t wfi = 0xd503207f;
    memcpy(h->ram + 0x100, code, sizeof code);
    for (uint32_t v = 0; v < 0x800; v += 0x80)
        memcpy(h->ram + 0x1000 + v, &wfi, 4);
    c->sr[SR_VBAR_EL1] = c->sr[SR_VBAR_EL2] = BASE + 0x1000;
    a64_set_pstate(c, PS_DAIF | at << 2 | (at ? PS_SP : 0));
    c->x.pc = BASE + 0x100;
    c->x.halted = 0;
    h->cls->code_written(c, BASE, 4096);
    cpu_host_run(h, 20);
    uint64_t esr = c->sr[a64_el(c) == 2 ? SR_ESR_EL2 : SR_ESR_EL1];
    return esr >> 26 == A64_EC_SVC ? 0 : esr >> 26 ? esr >> 26 : 64;
}

static void test_access(void)
{
    enum { MRS_PMEVCNTR3 = 0xd53be860, MRS_PMCR = 0xd53b9c00, MRS_PMUSERENR = 0xd53b9e00,
           MRS_PMINTEN = 0xd5389e20, MSR_PMSWINC = 0xd51b9c80, MRS_PMCCNTR = 0xd53b9d00,
           MSR_PMEVCNTR3 = 0xd51be860, MRS_PMEVTYPER3 = 0xd53bec60, UNDEF = 64 };
    static const struct { uint32_t insn; uint64_t user, want; } t[] = {
        {MRS_PMEVCNTR3, 0, A64_EC_SYSREG}, {MRS_PMEVCNTR3, 1, 0}, {MRS_PMEVCNTR3, 8, 0},
        {MSR_PMEVCNTR3, 8, A64_EC_SYSREG}, {MSR_PMEVCNTR3, 1, 0},
        {MRS_PMEVTYPER3, 8, A64_EC_SYSREG}, {MRS_PMEVTYPER3, 1, 0},
        {MRS_PMCCNTR, 8, A64_EC_SYSREG}, {MRS_PMCCNTR, 4, 0},
        {MSR_PMSWINC, 4, A64_EC_SYSREG}, {MSR_PMSWINC, 2, 0},
        {MRS_PMUSERENR, 0, 0}, {MRS_PMINTEN, 15, UNDEF}};
    begin("has_el3=off");
    for (uint32_t k = 0; k < sizeof t / sizeof *t; k++) {
        SET(PMUSERENR_EL0, t[k].user);
        CU_ASSERT_EQUAL(tried(t[k].insn, 0), t[k].want);
    }
    SET(MDCR_EL2, 6 | MDCR_TPMCR);
    CU_ASSERT_EQUAL(tried(MRS_PMCR, 1), A64_EC_SYSREG);
    CU_ASSERT_EQUAL(a64_el(c), 2);
    CU_ASSERT_EQUAL(tried(MRS_PMINTEN, 1), 0);
    SET(MDCR_EL2, 6 | MDCR_TPM);
    CU_ASSERT_EQUAL(tried(MRS_PMINTEN, 1), A64_EC_SYSREG);
    cpu_host_free(h);
    begin("pmu=off,has_el2=off,has_el3=off");
    CU_ASSERT_EQUAL(tried(MRS_PMCR, 1), UNDEF);
    CU_ASSERT_EQUAL(GET(ID_AA64DFR0_EL1) >> 8 & 15, 0);
    CU_ASSERT_PTR_NULL(h->cls->fact(c, "pmu"));
    cpu_host_free(h);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("a64-pmu", NULL, NULL);
    CU_add_test(s, "cycles", test_cycles);
    CU_add_test(s, "overflow interrupts", test_interrupt);
    CU_add_test(s, "software increments, chains", test_software);
    CU_add_test(s, "filters", test_filters);
    CU_add_test(s, "counters of EL2", test_partition);
    CU_add_test(s, "traps", test_access);
    CU_basic_run_tests();
    uint32_t failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
