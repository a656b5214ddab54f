/* SPDX-License-Identifier: MIT */
/* helpers-sha-x86.c - the rounds of SHA1 and SHA256 by the host's own instructions.
 * Arm Architecture Reference Manual, DDI 0487: C7.2 (SHA1C, SHA256H, ...); Intel SDM volume 2,
 * SHA1RNDS4, SHA256RNDS2.
 *
 * The host keeps words in the opposite order, pairs A B with E F, and adds SHA1's constants
 * itself.
 */
#include "helpers-sha.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

int a64_sha_host(void)
{
    static uint32_t known; /* 1 no, 2 yes */
    uint32_t k = __atomic_load_n(&known, __ATOMIC_RELAXED), a, b, c, d;
    if (!k) {
        k = __get_cpuid_count(7, 0, &a, &b, &c, &d) && b >> 29 & 1 ? 2 : 1;
        __atomic_store_n(&known, k, __ATOMIC_RELAXED);
    }
    return k == 2;
}

#define SHA __attribute__((target("sha,sse4.1")))
#define SWAP_PAIRS 0xb1
#define REVERSE 0x1b

static inline __m128i get(const struct xl_v128 *v)
{
    return _mm_loadu_si128((const __m128i *)(const void *)v);
}

static inline void set(struct xl_v128 *v, __m128i x)
{
    _mm_storeu_si128((__m128i *)(void *)v, x);
}

SHA void a64_sha256_host(struct xl_v128 *out, const struct xl_v128 *abcd,
                         const struct xl_v128 *efgh, const struct xl_v128 *w, int first)
{
    __m128i x = get(abcd), y = get(efgh), k = get(w);
    __m128i abef = _mm_shuffle_epi32(_mm_unpacklo_epi64(y, x), SWAP_PAIRS);
    __m128i cdgh = _mm_shuffle_epi32(_mm_unpackhi_epi64(y, x), SWAP_PAIRS);
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_unpackhi_epi64(k, k));
    abef = _mm_shuffle_epi32(abef, SWAP_PAIRS);
    cdgh = _mm_shuffle_epi32(cdgh, SWAP_PAIRS);
    set(out, first ? _mm_unpackhi_epi64(abef, cdgh) : _mm_unpacklo_epi64(abef, cdgh));
}

SHA void a64_sha1_host(struct xl_v128 *out, uint32_t kind, const struct xl_v128 *abcd, uint32_t e,
                       const struct xl_v128 *w)
{
    static const uint32_t constant[3] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc};
    __m128i x = _mm_shuffle_epi32(get(abcd), REVERSE), k = get(w);
    k = _mm_sub_epi32(k, _mm_set1_epi32((int)constant[kind]));
    k = _mm_shuffle_epi32(_mm_add_epi32(k, _mm_cvtsi32_si128((int)e)), REVERSE);
    x = kind == 0   ? _mm_sha1rnds4_epu32(x, k, 0)
        : kind == 1 ? _mm_sha1rnds4_epu32(x, k, 1)
                    : _mm_sha1rnds4_epu32(x, k, 2);
    set(out, _mm_shuffle_epi32(x, REVERSE));
}

#else

int a64_sha_host(void)
{
    return 0;
}

void a64_sha256_host(struct xl_v128 *out, const struct xl_v128 *abcd, const struct xl_v128 *efgh,
                     const struct xl_v128 *w, int first)
{
    (void)out, (void)abcd, (void)efgh, (void)w, (void)first;
}

void a64_sha1_host(struct xl_v128 *out, uint32_t kind, const struct xl_v128 *abcd, uint32_t e,
                   const struct xl_v128 *w)
{
    (void)out, (void)kind, (void)abcd, (void)e, (void)w;
}

#endif
