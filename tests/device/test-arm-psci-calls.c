/* SPDX-License-Identifier: MIT */
/* arm-psci: versions and features, CPU_ON and its errors, CPU_OFF, AFFINITY_INFO, power off and
 * reset, random numbers, the conduit; firmware at EL3. Results as in DEN 0022, 5.2.2. */
#include "suite.h"

#include <plugboard/arm.h>

enum { CPU_OFF = 0x84000002, AFFINITY = 0x84000004, FEATURES = 0x8400000a };
#define CPU_ON64 0xc4000003u

static pbt *b;
static pb_dev *d, *cpu[18];
static const struct pb_smccc *smccc;

static void bench(const char *props)
{
    b = pbt_new();
    for (uint32_t i = 0; i < 18; i++)
        cpu[i] = pbt_cpu(b, i == 17 ? "mpidr=0x80000300" : "x=y");
    pbt_load(b, "arm-psci");
    d = pbt_add(b, "arm-psci", "psci", props);
    smccc = pbt_provides(d, PB_SMCCC);
}

static int64_t call(uint32_t f, uint64_t a, uint64_t c, uint64_t e)
{
    uint64_t x[18] = {f, a, c, e};

    CU_ASSERT_EQUAL(smccc->call(pbt_self(d), 0, PB_SMCCC_HVC, x), 1);
    return (int64_t)x[0];
}

static void test_versions(void)
{
    uint64_t x[18] = {0x84000000};

    bench(NULL);
    CU_ASSERT_EQUAL(call(0x84000000, 0, 0, 0), 0x10001);
    CU_ASSERT_EQUAL(call(0xc4000000, 0, 0, 0), -1); /* has no 64-bit form */
    CU_ASSERT_EQUAL(call(0x80000000, 0, 0, 0), 0x10001);
    CU_ASSERT_EQUAL(call(0x84000006, 0, 0, 0), 2);
    CU_ASSERT_EQUAL(call(FEATURES, CPU_ON64, 0, 0), 0);
    CU_ASSERT_EQUAL(call(FEATURES, 0x80000000, 0, 0), 0);
    CU_ASSERT_EQUAL(call(FEATURES, 0x8400000e, 0, 0), -1);
    CU_ASSERT_EQUAL(call(0x80000001, 0x80008000, 0, 0), 1);
    CU_ASSERT_EQUAL(call(0x8400ffff, 0, 0, 0), -1);
    CU_ASSERT_EQUAL(smccc->call(pbt_self(d), 0, PB_SMCCC_SMC, x), 0);
    CU_ASSERT_EQUAL(x[0], 0x84000000);
    pbt_free(b);
}

static void test_cpu_on(void)
{
    uint64_t pc = 0, args[8] = {0};

    bench(NULL);
    CU_ASSERT_EQUAL(call(CPU_ON64, 1, 0x40000000, 9), -4); /* is on */
    pbt_cpu_power(cpu[16], PB_CPU_OFF);
    CU_ASSERT_EQUAL(call(0xc4000004, 0x100, 0, 0), 1); /* the first of the second cluster */
    CU_ASSERT_EQUAL(call(CPU_ON64, 0x100, 0x40000001, 9), -9);
    CU_ASSERT_EQUAL(call(CPU_ON64, 0x10, 0x40000000, 9), -2);
    CU_ASSERT_EQUAL(call(CPU_ON64, 0x100, 0x1234567890, 0xabcdef0123456789), 0);
    CU_ASSERT_EQUAL(call(CPU_ON64, 0x100, 0x1234567890, 9), -5);
    CU_ASSERT_EQUAL(call(AFFINITY, 0x100, 0, 0), 2);
    CU_ASSERT_EQUAL(pbt_cpu_started(cpu[16], &pc, args, 8), 4);
    CU_ASSERT_EQUAL(pc, 0x1234567890);
    CU_ASSERT_EQUAL(args[0], 0xabcdef0123456789);
    CU_ASSERT_EQUAL(call(AFFINITY, 0x100, 0, 0), 0);
    CU_ASSERT_EQUAL(call(AFFINITY, 0x100, 1, 0), -2);
    pbt_cpu_power(cpu[17], PB_CPU_OFF); /* found by its fact; 32-bit arguments */
    CU_ASSERT_EQUAL(call(0x84000003, 0xffffffff00000300, 0xffffffff00008000, ~0ull), 0);
    CU_ASSERT_EQUAL(pbt_cpu_started(cpu[17], &pc, args, 8), 4);
    CU_ASSERT_EQUAL(pc, 0x8000);
    CU_ASSERT_EQUAL(args[0], 0xffffffff);
    call(CPU_OFF, 0, 0, 0);
    CU_ASSERT_EQUAL(call(AFFINITY, 0, 0, 0), 1);
    pbt_free(b);
}

static void test_target_el(void)
{
    uint64_t pc, args[8] = {0};

    bench("target-el=2");
    pbt_cpu_power(cpu[1], PB_CPU_OFF);
    CU_ASSERT_EQUAL(call(CPU_ON64, 1, 0x1000, 7), 0);
    CU_ASSERT_EQUAL(pbt_cpu_started(cpu[1], &pc, args, 8), 5);
    CU_ASSERT_EQUAL(args[4], 2);
    pbt_free(b);
}

static void test_system(void)
{
    uint32_t what;
    int32_t code;

    bench(NULL);
    CU_ASSERT_EQUAL(call(0x84000012, 0x80000000, 0, 0), -2); /* a vendor's reset */
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 0);
    call(0x84000008, 0, 0, 0);
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 1);
    CU_ASSERT_EQUAL(what, 1);
    call(0x84000009, 0, 0, 0);
    CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 2);
    CU_ASSERT_EQUAL(what, 0);
    pbt_free(b);
}

static void test_trng(void)
{
    uint64_t x[18] = {0xc4000053, 65, ~0ull, ~0ull};

    bench(NULL);
    CU_ASSERT_EQUAL(call(0x84000050, 0, 0, 0), 0x10000);
    CU_ASSERT_EQUAL(call(0x84000051, 0xc4000053, 0, 0), 0);
    CU_ASSERT_EQUAL(call(0xc4000053, 193, 0, 0), -2);
    CU_ASSERT_EQUAL(call(0x84000053, 97, 0, 0), -2);
    CU_ASSERT_EQUAL(call(0x84000053, 0, 0, 0), -2);
    CU_ASSERT_EQUAL(smccc->call(pbt_self(d), 0, PB_SMCCC_HVC, x), 1);
    CU_ASSERT_EQUAL(x[0], 0);
    CU_ASSERT_EQUAL(x[1], 0);
    CU_ASSERT(x[2] <= 1);
    x[0] = 0x84000052;
    CU_ASSERT_EQUAL(smccc->call(pbt_self(d), 0, PB_SMCCC_HVC, x), 1);
    CU_ASSERT_NOT_EQUAL(x[0], 0xffffffff);
    pbt_free(b);
}

/* Such firmware has no calls here, and every CPU from the start; a kernel's others wait. */
static void test_firmware(void)
{
    uint64_t x[18] = {0x84000000}, pc = 0;

    for (uint32_t state = PB_ARM_START_SECURE; state <= PB_ARM_START_NONSECURE; state++) {
        bench(NULL);
        const struct pb_arm_start *start = pbt_provides(d, PB_ARM_START);
        start->start(pbt_self(d), state);
        for (uint32_t i = 1; i < 18; i++)
            pbt_cpu_power(cpu[i], PB_CPU_OFF);
        pbt_reset(d, PB_RESET_SNAPSHOT); /* which CPUs run is in the saved state */
        CU_ASSERT(pbt_cpu_started(cpu[1], &pc, NULL, 0) < 0);
        pbt_reset(d, PB_RESET_COLD);
        for (uint32_t i = 1; i < 18; i++) {
            pc = 0;
            int n = pbt_cpu_started(cpu[i], &pc, NULL, 0);
            CU_ASSERT_EQUAL(n >= 0, state == PB_ARM_START_SECURE);
            CU_ASSERT_EQUAL(pc, state == PB_ARM_START_SECURE ? UINT64_MAX : 0);
        }
        CU_ASSERT(pbt_cpu_started(cpu[0], &pc, NULL, 0) < 0);
        CU_ASSERT_EQUAL(smccc->call(pbt_self(d), 0, PB_SMCCC_HVC, x), state);
        pbt_free(b);
    }
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"versions, features, conduit", test_versions},
        {"CPU_ON, CPU_OFF, AFFINITY_INFO", test_cpu_on},
        {"the exception level of started CPUs", test_target_el},
        {"power off and reset", test_system},
        {"random numbers", test_trng},
        {"firmware at EL3 has all CPUs", test_firmware},
    };

    return SUITE_RUN("arm-psci", tests);
}
