/* SPDX-License-Identifier: MIT */
/* armv83.c - a program built for Armv8.3, and its return addresses by PACIASP and RETAA.
 * DDI 0487: C6.2 (LDADD, RETAA, PACIA), C7.2 (SDOT, FADD of half-precision).
 *
 * usage: armv83 [keys]: the keys of pointer authentication are enabled (-cpu max,pauth-keys=on).
 */
#include "check.h"

#include <arm_neon.h>
#include <string.h>
#include <sys/auxv.h>

#define HWCAP_PACA_PACG (3ul << 30)

static uint64_t count; /* LDADD */

__attribute__((noinline)) static int deep(int n) /* PACIASP … RETAA */
{
    __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);
    return n ? deep(n - 1) + 1 : 0;
}

static uint64_t sign(uint64_t v, uint64_t modifier)
{
    __asm__("pacia %0, %1" : "+r"(v) : "r"(modifier));
    return v;
}

static uint64_t authenticate(uint64_t v, uint64_t modifier)
{
    __asm__("autia %0, %1" : "+r"(v) : "r"(modifier));
    return v;
}

static void test_keys(int keys)
{
    uint64_t v = (uint64_t)(uintptr_t)&count, bare, generic;
    uint64_t with = sign(v, 1);

    CHECK((getauxval(AT_HWCAP) & HWCAP_PACA_PACG) == (keys ? HWCAP_PACA_PACG : 0));
    CHECK((with != v) == keys);
    CHECK(authenticate(with, 1) == v);
    CHECK((authenticate(with, 2) != v) == keys);
    bare = with;
    __asm__("xpaci %0" : "+r"(bare));
    CHECK(bare == v);
    __asm__("pacga %0, %1, %2" : "=r"(generic) : "r"(v), "r"(v)); /* no key disables it */
    CHECK((generic & 0xffffffff) == 0);
}

static void test_vectors(void)
{
    int8x16_t a = vdupq_n_s8(-3), b = vdupq_n_s8(5);
    int32x4_t dot = vdotq_s32(vdupq_n_s32(7), a, b);
    float16x8_t half = vaddq_f16(vdupq_n_f16(1.5f), vdupq_n_f16(0.25f));

    CHECK(vgetq_lane_s32(dot, 3) == 7 - 60);
    CHECK(vgetq_lane_f16(half, 7) == 1.75f);
}

int main(int argc, char **argv)
{
    test_keys(argc > 1 && !strcmp(argv[1], "keys"));
    CHECK(deep(1000) == 1000);
    CHECK(count == 1001);
    test_vectors();
    return 0;
}
