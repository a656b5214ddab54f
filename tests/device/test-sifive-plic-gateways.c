/* SPDX-License-Identifier: MIT */
/* sifive-plic: claim and complete with level gateways, priorities and thresholds, contexts
 * of harts with and without S mode, save and load between claim and completion. */
#include "suite.h"

enum { PENDING = 0x1000, ENABLE = 0x2000, CTX = 0x200000 };

static uint64_t rd(pb_dev *p, uint64_t off)
{
    return pbt_read(p, 0, off, 4);
}

static void wr(pb_dev *p, uint64_t off, uint32_t v)
{
    pbt_write(p, 0, off, v, 4);
}

/* Two harts, M and S; context 1 is hart 0's S. */
static pbt *bench(pb_dev **p, const char *props)
{
    pbt *b = pbt_new();

    pbt_load(b, "sifive-plic");
    *p = pbt_create(b, NULL, 0, "sifive-plic", "plic", props);
    CU_ASSERT_PTR_NOT_NULL_FATAL(*p);
    pbt_outputs(*p, "m", 2);
    pbt_outputs(*p, "s", 2);
    CU_ASSERT_EQUAL_FATAL(pbt_realize(*p), PB_OK);
    pbt_reset(*p, PB_RESET_COLD);
    return b;
}

static void enable(pb_dev *p, uint32_t ctx, uint32_t src, uint32_t prio)
{
    uint64_t at = ENABLE + 0x80 * ctx + src / 32 * 4;

    wr(p, 4 * src, prio);
    wr(p, at, (uint32_t)rd(p, at) | 1u << src % 32);
}

static uint64_t claim(pb_dev *p, uint32_t ctx)
{
    return rd(p, CTX + 0x1000 * ctx + 4);
}

static void complete(pb_dev *p, uint32_t ctx, uint32_t src)
{
    wr(p, CTX + 0x1000 * ctx + 4, src);
}

static void test_level_gateway(void)
{
    pb_dev *p;
    pbt *b = bench(&p, NULL);

    enable(p, 1, 10, 1);
    pbt_line(p, 10, 1);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 1);
    CU_ASSERT_EQUAL(pbt_level(p, "m", 0), 0);
    CU_ASSERT_EQUAL(rd(p, PENDING), 1 << 10);
    CU_ASSERT_EQUAL(claim(p, 1), 10);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 0);
    CU_ASSERT_EQUAL(rd(p, PENDING), 0);
    CU_ASSERT_EQUAL(claim(p, 1), 0);
    pbt_line(p, 10, 0); /* another edge in service is not a second request */
    pbt_line(p, 10, 1);
    CU_ASSERT_EQUAL(rd(p, PENDING), 0);
    pbt_reload(b);
    complete(p, 1, 10); /* still high: pends again */
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 1);
    CU_ASSERT_EQUAL(claim(p, 1), 10);
    pbt_line(p, 10, 0);
    complete(p, 1, 10);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 0);
    pbt_line(p, 10, 1);
    pbt_line(p, 10, 0); /* forwarded already: stays until claimed */
    CU_ASSERT_EQUAL(claim(p, 1), 10);
    complete(p, 1, 10);
    CU_ASSERT_EQUAL(claim(p, 1), 0);
    pbt_free(b);
}

static void test_priority_and_threshold(void)
{
    pb_dev *p;
    pbt *b = bench(&p, NULL);

    enable(p, 0, 40, 3);
    enable(p, 0, 5, 3);
    enable(p, 0, 6, 7);
    enable(p, 0, 7, 0); /* priority 0 never interrupts */
    pbt_line(p, 40, 1);
    pbt_line(p, 5, 1);
    pbt_line(p, 6, 1);
    pbt_line(p, 7, 1);
    CU_ASSERT_EQUAL(claim(p, 0), 6);
    CU_ASSERT_EQUAL(claim(p, 0), 5);
    wr(p, CTX, 3);
    CU_ASSERT_EQUAL(pbt_level(p, "m", 0), 0);
    wr(p, CTX, 2);
    CU_ASSERT_EQUAL(pbt_level(p, "m", 0), 1);
    wr(p, CTX, 7);
    CU_ASSERT_EQUAL(claim(p, 0), 40); /* the threshold does not bind the claim */
    CU_ASSERT_EQUAL(claim(p, 0), 0);
    CU_ASSERT_EQUAL(rd(p, PENDING), 1 << 7);
    pbt_free(b);
}

static void test_bad_completions(void)
{
    pb_dev *p;
    pbt *b = bench(&p, NULL);

    enable(p, 0, 3, 1);
    enable(p, 1, 4, 1);
    pbt_line(p, 3, 1);
    CU_ASSERT_EQUAL(claim(p, 0), 3);
    complete(p, 1, 3); /* not enabled there: ignored */
    complete(p, 0, 4);
    complete(p, 0, 0xffffffff);
    CU_ASSERT_EQUAL(rd(p, PENDING), 0);
    complete(p, 0, 3);
    CU_ASSERT_EQUAL(rd(p, PENDING), 8);
    pbt_free(b);
}

static void test_limits(void)
{
    pb_dev *p;
    pbt *b = bench(&p, "sources=40");

    wr(p, 4 * 40, 0xffffffff);
    CU_ASSERT_EQUAL(rd(p, 4 * 40), 7);
    wr(p, 4 * 41, 7);
    CU_ASSERT_EQUAL(rd(p, 4 * 41), 0);
    wr(p, 0, 7);
    CU_ASSERT_EQUAL(rd(p, 0), 0);
    wr(p, ENABLE, 0xffffffff);
    wr(p, ENABLE + 4, 0xffffffff);
    wr(p, ENABLE + 8, 0xffffffff);
    CU_ASSERT_EQUAL(rd(p, ENABLE), 0xfffffffe);
    CU_ASSERT_EQUAL(rd(p, ENABLE + 4), 0x1ff);
    CU_ASSERT_EQUAL(rd(p, ENABLE + 8), 0);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    rd(p, CTX + 0x4000); /* context 4 of 4 */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    pbt_line(p, 1000, 1);
    pbt_free(b);
}

static void test_mixed_harts(void)
{
    pb_dev *p;
    pbt *b = bench(&p, "contexts=M,,MS"); /* a doubled comma is one */

    enable(p, 2, 9, 1); /* contexts: M0 M1 S1 */
    pbt_line(p, 9, 1);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 1), 1);
    CU_ASSERT_EQUAL(pbt_level(p, "m", 1), 0);
    pbt_free(b);
    b = pbt_new();
    pbt_load(b, "sifive-plic");
    p = pbt_create(b, NULL, 0, "sifive-plic", "plic", "contexts=MU");
    pbt_outputs(p, "m", 1);
    CU_ASSERT_EQUAL(pbt_realize(p), PB_EINVAL);
    pbt_free(b);
}

static void test_line_high_through_reset(void)
{
    pb_dev *p;
    pbt *b = bench(&p, NULL);

    enable(p, 1, 10, 1);
    pbt_line(p, 10, 1);
    pbt_reset(p, PB_RESET_WARM);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 0);
    CU_ASSERT_EQUAL(rd(p, PENDING), 1 << 10);
    enable(p, 1, 10, 1);
    CU_ASSERT_EQUAL(pbt_level(p, "s", 0), 1);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"level gateway", test_level_gateway},
        {"priority and threshold", test_priority_and_threshold},
        {"bad completions", test_bad_completions},
        {"limits", test_limits},
        {"mixed harts", test_mixed_harts},
        {"a line that is high through reset", test_line_high_through_reset},
    };

    return SUITE_RUN("sifive-plic", tests);
}
