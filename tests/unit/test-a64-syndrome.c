/* SPDX-License-Identifier: MIT */
/* What an abort to EL2 says of an instruction (ISV, SAS, SSE, SRT, SF, AR), by hand-made encodings:
 * Arm DDI 0487, D19.2.37. */
#include "except.h"

#include <CUnit/Basic.h>

#define ISV(sas, sse, srt, sf, ar) \
    (1u << 24 | (sas) << 22 | (sse) << 21 | (srt) << 16 | (sf) << 15 | (ar) << 14)

static void test_forms(void)
{
    static const struct { uint32_t insn, iss; } t[] = {
        {0x39000041, ISV(0u, 0u, 1u, 0u, 0u)}, /* strb w1, [x2] */
        {0x79400441, ISV(1u, 0u, 1u, 0u, 0u)}, /* ldrh w1, [x2, 2] */
        {0xb900045f, ISV(2u, 0u, 31u, 0u, 0u)}, /* str wzr, [x2, 4] */
        {0xf9400441, ISV(3u, 0u, 1u, 1u, 0u)}, /* ldr x1, [x2, 8] */
        {0x39800041, ISV(0u, 1u, 1u, 1u, 0u)}, /* ldrsb x1, [x2] */
        {0x39c00041, ISV(0u, 1u, 1u, 0u, 0u)}, /* ldrsb w1, [x2] */
        {0xb9800041, ISV(2u, 1u, 1u, 1u, 0u)}, /* ldrsw x1, [x2] */
        {0xb85ff041, ISV(2u, 0u, 1u, 0u, 0u)}, /* ldur w1, [x2, -1] */
        {0xf8000841, ISV(3u, 0u, 1u, 1u, 0u)}, /* sttr x1, [x2] */
        {0xb8636841, ISV(2u, 0u, 1u, 0u, 0u)}, /* ldr w1, [x2, x3] */
        {0x88dffc41, ISV(2u, 0u, 1u, 0u, 1u)}, /* ldar w1, [x2] */
        {0xc89ffc41, ISV(3u, 0u, 1u, 1u, 1u)}, /* stlr x1, [x2] */
        {0xb8bfc041, ISV(2u, 0u, 1u, 0u, 1u)}, /* ldapr w1, [x2] */
        {0x18000041, ISV(2u, 0u, 1u, 0u, 0u)}, /* ldr w1, .+8 */
        {0x58000041, ISV(3u, 0u, 1u, 1u, 0u)}, /* ldr x1, .+8 */
        {0x98000041, ISV(2u, 1u, 1u, 1u, 0u)}, /* ldrsw x1, .+8 */
        {0xb8004441, 0}, /* str w1, [x2], 4 */
        {0xb8404c41, 0}, /* ldr w1, [x2, 4]! */
        {0x29400c41, 0}, /* ldp w1, w3, [x2] */
        {0x885f7c41, 0}, /* ldxr w1, [x2] */
        {0x88a37c41, 0}, /* cas w3, w1, [x2] */
        {0xb8230041, 0}, /* ldadd w3, w1, [x2] */
        {0xf9800041, 0}, /* prfm */
        {0xd8000041, 0}, /* prfm .+8 */
        {0x3d400041, 0}, /* ldr b1, [x2] */
        {0xd50b7422, 0}, /* dc zva, x2 */
    };

    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++) {
        if (a64_access_syndrome(t[i].insn) != t[i].iss)
            printf("\n%08x: %07x\n", t[i].insn, a64_access_syndrome(t[i].insn));
        CU_ASSERT_EQUAL(a64_access_syndrome(t[i].insn), t[i].iss);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_add_test(CU_add_suite("a64-syndrome", NULL, NULL), "forms of loads and stores", test_forms);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    return CU_get_number_of_failures() != 0;
}
