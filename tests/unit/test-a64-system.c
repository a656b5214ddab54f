/* SPDX-License-Identifier: MIT */
/* test-a64-system.c - the system level by the book: walks of both stages, what they refuse,
 * where exceptions and interrupts go and what they leave behind.
 * DDI 0487: D1.3, D8.2 to D8.4, D19.2.40 (ESR_ELx).
 */
#include "cpu-host.h"

#include "except.h"
#include "mmu.h"
#include "sysreg.h"

#include <CUnit/Basic.h>
#include <string.h>

#define BASE 0x400000ull
#define SIZE 0x400000ull
#define ROOT 0x500000ull  /* stage 1 */
#define S2 0x600000ull    /* stage 2 */
#define VECTORS 0x480000ull
#define LEAF 0x703ull     /* page, AF, inner shareable */

static struct cpu_host *h;
static struct a64 *c;

static void begin(const char *props)
{
    h = cpu_host_new(BASE, SIZE, "max", props, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    c = h->arm;
}

static void put(uint64_t at, uint64_t v)
{
    memcpy(h->ram + (at - BASE), &v, 8);
}

/* ---- Stage 1 -------------------------------------------------------------------------------- */

static int walk(uint64_t va, uint32_t access, uint32_t el, struct a64_pa *r)
{
    struct a64_at at = {.va = va, .access = access, .el = el, .regime = 1,
                        .stage2 = (a64_hcr(c) & HCR_VM) != 0, .pan = (c->pstate & PS_PAN) != 0};
    return a64_translate_va(c, &at, r);
}

/* One page at va for granule 2^g under TTBR0, 48-bit addresses; the tables follow each other. */
static uint64_t map(uint32_t g, uint64_t va, uint64_t leaf)
{
    uint32_t stride = g - 3, level = 4 - (48 - g + stride - 1) / stride;
    uint64_t table = ROOT, at = 0;
    for (; level <= 3; level++) {
        uint32_t shift = g + (3 - level) * stride;
        at = table + (va >> shift & ((1ull << stride) - 1)) * 8;
        put(at, level == 3 ? leaf : (table + 0x10000) | 3);
        table += 0x10000;
    }
    return at;
}

static void test_granules(void)
{
    static const struct { uint32_t g, tg; } t[] = {{12, 0}, {14, 2}, {16, 1}};
    struct a64_pa r;
    for (uint32_t k = 0; k < 3; k++) {
        uint64_t va = 0x123456789ull << 12 & ((1ull << 48) - 1) & ~0xffffull, at;
        begin("has_el2=off,has_el3=off");
        h->cls->reset(c, BASE, NULL, 0);
        c->sr[SR_TCR_EL1] = 16 | t[k].tg << 14 | 5ull << 32 | 1ull << 37;
        c->sr[SR_TTBR0_EL1] = ROOT;
        c->sr[SR_SCTLR_EL1] |= SCTLR_M;
        at = map(t[k].g, va, 0x710000 | LEAF);
        CU_ASSERT_EQUAL(walk(va + 0x123, XL_R, 1, &r), 0);
        CU_ASSERT_EQUAL(r.pa, 0x710123);
        CU_ASSERT_EQUAL(r.bits, t[k].g);
        CU_ASSERT_EQUAL(walk(va | 0x5aull << 56, XL_W, 1, &r), 0); /* the tag is ignored */
        CU_ASSERT_EQUAL(walk(va + (1ull << t[k].g), XL_R, 1, &r), 0x07); /* level 3 */
        CU_ASSERT_EQUAL(walk(va ^ 1ull << 47, XL_R, 1, &r), t[k].g == 16 ? 0x05 : 0x04);
        CU_ASSERT_EQUAL(walk(1ull << 48, XL_R, 1, &r), 0x04);
        put(at, (0x710000 | LEAF) & ~(1ull << 10));
        CU_ASSERT_EQUAL(walk(va, XL_R, 1, &r), 0x0b);
        c->sr[SR_TCR_EL1] |= 1ull << 39; /* HA */
        CU_ASSERT_EQUAL(walk(va, XL_R, 1, &r), 0);
        uint64_t pte;
        memcpy(&pte, h->ram + (at - BASE), 8);
        CU_ASSERT_EQUAL(pte, 0x710000 | LEAF);
        cpu_host_free(h);
    }
}

static void test_permissions(void)
{
    static const struct { uint64_t bits; const char *el0, *el1; } t[] = {
        {0, "x", "rwx"},
        {1 << 6, "rwx", "rw"},
        {2 << 6, "x", "rx"},
        {3 << 6, "rx", "rx"},
        {1ull << 54, "", "rwx"},
        {1ull << 53 | 2 << 6, "x", "r"}};
    struct a64_pa r;
    begin("has_el2=off,has_el3=off");
    h->cls->reset(c, BASE, NULL, 0);
    c->sr[SR_TCR_EL1] = 16 | 5ull << 32;
    c->sr[SR_TTBR0_EL1] = ROOT;
    c->sr[SR_SCTLR_EL1] |= SCTLR_M;
    for (uint32_t k = 0; k < sizeof t / sizeof *t; k++) {
        map(12, 0x1000, 0x710000 | LEAF | t[k].bits);
        for (uint32_t access = XL_R; access <= XL_X; access++) {
            char a = "rwx"[access];
            CU_ASSERT_EQUAL(walk(0x1000, access, 0, &r), strchr(t[k].el0, a) ? 0 : 0x0f);
            CU_ASSERT_EQUAL(walk(0x1000, access, 1, &r), strchr(t[k].el1, a) ? 0 : 0x0f);
        }
    }
    map(12, 0x1000, 0x710000 | LEAF | 1 << 6);
    c->pstate |= PS_PAN;
    CU_ASSERT_EQUAL(walk(0x1000, XL_R, 1, &r), 0x0f);
    CU_ASSERT_EQUAL(walk(0x1000, XL_R, 0, &r), 0);
    c->pstate &= ~PS_PAN;
    c->sr[SR_SCTLR_EL1] |= SCTLR_WXN;
    CU_ASSERT_EQUAL(walk(0x1000, XL_X, 0, &r), 0x0f);
    cpu_host_free(h);
}

/* ---- Exceptions ----------------------------------------------------------------------------- */

/* Run `insn` at BASE + 0x100 until the vector's WFI. */
static void run(uint32_t insn, uint64_t pstate)
{
    static const uint32_t wfi = 0xd503207f;
    memcpy(h->ram + 0x100, &insn, 4);
    for (uint32_t v = 0; v < 0x800; v += 0x80)
        memcpy(h->ram + (VECTORS - BASE) + v, &wfi, 4);
    c->sr[SR_VBAR_EL1] = c->sr[SR_VBAR_EL2] = c->sr[SR_VBAR_EL3] = VECTORS;
    a64_set_pstate(c, pstate);
    c->x.pc = BASE + 0x100;
    c->x.halted = 0;
    h->cls->code_written(c, BASE, 4096);
    cpu_host_run(h, 20);
}

static void expect(uint32_t el, uint64_t vector, uint64_t esr, uint64_t elr, uint64_t spsr)
{
    const uint32_t e[] = {0, SR_ESR_EL1, SR_ESR_EL2, SR_ESR_EL3};
    const uint32_t l[] = {0, SR_ELR_EL1, SR_ELR_EL2, SR_ELR_EL3};
    const uint32_t s[] = {0, SR_SPSR_EL1, SR_SPSR_EL2, SR_SPSR_EL3};
    CU_ASSERT_EQUAL(a64_el(c), el);
    CU_ASSERT_EQUAL(c->x.pc, VECTORS + vector + 4);
    CU_ASSERT_EQUAL(c->sr[e[el]], esr);
    CU_ASSERT_EQUAL(c->sr[l[el]], BASE + 0x100 + elr);
    CU_ASSERT_EQUAL(c->sr[s[el]], spsr);
}

static void test_calls(void)
{
    begin("");
    h->cls->reset(c, BASE, NULL, 0);
    c->sr[SR_SCR_EL3] |= SCR_NS | SCR_HCE;
    run(0xd4000541, 0);                      /* svc #0x2a from EL0 */
    expect(1, 0x400, 0x5600002a, 4, 0);
    run(0xd4000541, 5);
    expect(1, 0x200, 0x5600002a, 4, 5);
    run(0xd4000541, 4);                      /* with SP_EL0 */
    expect(1, 0, 0x5600002a, 4, 4);
    run(0xd4000022, 5);                      /* hvc #1 */
    expect(2, 0x400, 0x5a000001, 4, 5);
    run(0xd4000043, 5);                      /* smc #2 */
    expect(3, 0x400, 0x5e000002, 4, 5);
    run(0xd4200020, 0);                      /* brk #1 */
    expect(1, 0x400, 0xf2000001, 0, 0);
    run(0, 5);                               /* udf */
    expect(1, 0x200, 0x02000000, 0, 5);
    run(0xd5381000, 0);                      /* mrs x0, sctlr_el1 from EL0 */
    expect(1, 0x400, 0x02000000, 0, 0);
    run(0x1e604020, 0);                      /* fmov d0, d1 with FP off */
    expect(1, 0x400, 0x1fe00000, 0, 0);
    c->sr[SR_HCR_EL2] |= HCR_TGE;
    run(0xd4000541, 0);
    expect(2, 0x400, 0x5600002a, 4, 0);
    c->sr[SR_HCR_EL2] = HCR_RW | HCR_TVM;
    run(0xd5182000, 5);                      /* msr ttbr0_el1, x0 */
    expect(2, 0x400, 0x62300800, 0, 5);
    cpu_host_free(h);
}

static void test_stage2(void)
{
    begin("has_el3=off");
    h->cls->reset(c, BASE, NULL, 0);
    c->sr[SR_VTCR_EL2] = 25 | 1 << 6 | 5 << 16; /* 39 bits, from level 1 */
    c->sr[SR_VTTBR_EL2] = S2;
    put(S2, (S2 + 0x1000) | 3);
    put(S2 + 0x1000 + 2 * 8, 0x400000 | 1 << 10 | 3 << 6 | 1); /* 2 MiB */
    c->sr[SR_HCR_EL2] |= HCR_VM;
    c->gpr[1] = 0x812340;
    run(0xf9400020, 5);                      /* ldr x0, [x1] */
    expect(2, 0x400, 0x93c08006, 0, 5);      /* translation fault, level 2, of that load */
    CU_ASSERT_EQUAL(c->sr[SR_FAR_EL2], 0x812340);
    CU_ASSERT_EQUAL(c->sr[SR_HPFAR_EL2], 0x812 << 4);
    cpu_host_free(h);
}

/* Is one taken now, with this PSTATE? */
static int taken(uint64_t pstate)
{
    a64_set_pstate(c, pstate);
    c->x.pc = BASE + 0x100;
    return a64_interrupt(&c->x);
}

static void test_interrupts(void)
{
    begin("has_el3=off");
    h->cls->reset(c, BASE, NULL, 0);
    h->cls->line_in(c, A64_LINE_IRQ, 1);
    CU_ASSERT_EQUAL(taken(5 | PS_I), 0);
    CU_ASSERT_EQUAL(taken(5), 1);
    CU_ASSERT_EQUAL(a64_el(c), 1);
    CU_ASSERT_EQUAL(c->x.pc, 0x280);
    CU_ASSERT_EQUAL(c->sr[SR_ELR_EL1], BASE + 0x100);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL1], 5);
    CU_ASSERT_EQUAL(taken(9), 0); /* EL2 does not take EL1's */
    c->sr[SR_HCR_EL2] |= HCR_IMO;
    CU_ASSERT_EQUAL(taken(5 | PS_DAIF), 1); /* EL1 cannot mask EL2's */
    CU_ASSERT_EQUAL(a64_el(c), 2);
    CU_ASSERT_EQUAL(c->sr[SR_SPSR_EL2], 5 | PS_DAIF);
    CU_ASSERT_EQUAL(taken(9 | PS_I), 0);
    h->cls->line_in(c, A64_LINE_IRQ, 0);
    CU_ASSERT_EQUAL(taken(5), 0);
    c->sr[SR_HCR_EL2] |= HCR_VI;
    CU_ASSERT_EQUAL(taken(5), 1);
    CU_ASSERT_EQUAL(a64_el(c), 1);
    CU_ASSERT_EQUAL(taken(5 | PS_I), 0);
    cpu_host_free(h);
}

/* Does a WFE after `first` wait? Else the WFI behind it does. */
static int waits(uint32_t first)
{
    const uint32_t code[] = {first, 0xd503205f, 0xd503207f}; /* wfe, wfi */

    memcpy(h->ram + 0x100, code, sizeof code);
    c->pstate = 5 | PS_DAIF;
    c->x.pc = BASE + 0x100;
    c->x.halted = 0;
    c->x.ll_addr = ~0ull;
    c->gpr[1] = BASE + 0x800;
    h->cls->code_written(c, BASE, 4096);
    cpu_host_run(h, 20);
    return c->x.pc == BASE + 0x108;
}

/* A WFE waits only if nothing but SEV or an interrupt will end it. */
static void test_events(void)
{
    begin("has_el3=off");
    h->cls->reset(c, BASE, NULL, 0);
    CU_ASSERT_TRUE(waits(0xd503201f));       /* nop */
    CU_ASSERT_FALSE(h->cls->can_run(c));
    c->event = 1;
    CU_ASSERT_TRUE(h->cls->can_run(c));
    CU_ASSERT_FALSE(waits(0xd503201f));
    CU_ASSERT_EQUAL(c->event, 0);
    CU_ASSERT_FALSE(waits(0xd50320bf));      /* sevl */
    CU_ASSERT_FALSE(waits(0xd503209f));      /* sev */
    CU_ASSERT_FALSE(waits(0xc85f7c20));      /* ldxr x0, [x1]: for a store */
    c->sr[SR_CNTKCTL_EL1] |= CNTKCTL_EVNTEN; /* for the next of a stream */
    CU_ASSERT_FALSE(waits(0xd503201f));
    c->sr[SR_CNTKCTL_EL1] = 0;
    CU_ASSERT_TRUE(waits(0xd503201f));
    h->cls->line_in(c, A64_LINE_IRQ, 1);     /* masked, but it ends the wait */
    CU_ASSERT_TRUE(h->cls->can_run(c));
    cpu_host_free(h);
}

/* With an offset the compare value is reached before or after the 64 bits of the sum wrap. */
static void test_timer_offset(void)
{
    begin("has_el3=off");
    struct cpu_host_timer *cntv = cpu_host_timer(h, "cntv");
    CU_ASSERT_PTR_NOT_NULL_FATAL(cntv);
    h->cls->reset(c, BASE, NULL, 0);
    a64_sysreg_set(c, SR_CNTV_CTL_EL0, 1);
    a64_sysreg_set(c, SR_CNTVOFF_EL2, 1ull << 40); /* which the counter has not reached */
    a64_sysreg_set(c, SR_CNTV_CVAL_EL0, 1ull << 63);
    CU_ASSERT_EQUAL(a64_sysreg_get(c, SR_CNTV_CTL_EL0), 1 | 4);
    h->now = 1000000000;
    a64_sysreg_set(c, SR_CNTVOFF_EL2, 5);
    a64_sysreg_set(c, SR_CNTV_CVAL_EL0, ~0ull); /* as good as never, not at once */
    CU_ASSERT_EQUAL(a64_sysreg_get(c, SR_CNTV_CTL_EL0), 1);
    CU_ASSERT_EQUAL(cntv->when, -1);
    a64_sysreg_set(c, SR_CNTVOFF_EL2, 0ull - 1000); /* the virtual counter is ahead */
    a64_sysreg_set(c, SR_CNTV_CVAL_EL0, a64_count(c) + 1000 + c->cntfrq);
    CU_ASSERT(cntv->when > h->now + 900000000 && cntv->when < h->now + 1100000000);
    a64_sysreg_set(c, SR_CNTV_CVAL_EL0, 1000 + c->cntfrq);
    CU_ASSERT_EQUAL(a64_sysreg_get(c, SR_CNTV_CTL_EL0), 1 | 4);
    CU_ASSERT_EQUAL(cntv->when, -1);
    cpu_host_free(h);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("a64-system", NULL, NULL);
    CU_add_test(s, "granules", test_granules);
    CU_add_test(s, "permissions", test_permissions);
    CU_add_test(s, "calls", test_calls);
    CU_add_test(s, "stage 2", test_stage2);
    CU_add_test(s, "interrupts", test_interrupts);
    CU_add_test(s, "events", test_events);
    CU_add_test(s, "a timer's offset", test_timer_offset);
    CU_basic_run_tests();
    uint32_t failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
