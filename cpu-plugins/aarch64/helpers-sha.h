/* SPDX-License-Identifier: MIT */
/* helpers-sha.h - rounds of SHA1 and SHA256 on hosts that have instructions for them. */
#ifndef A64_HELPERS_SHA_H
#define A64_HELPERS_SHA_H

#include "helpers.h"

int a64_sha_host(void); /* may the others be called? */
/* SHA256H (first) and SHA256H2. */
void a64_sha256_host(struct xl_v128 *out, const struct xl_v128 *abcd, const struct xl_v128 *efgh,
                     const struct xl_v128 *w, int first);
/* SHA1C, SHA1P, SHA1M: kind 0, 1, 2. */
void a64_sha1_host(struct xl_v128 *out, uint32_t kind, const struct xl_v128 *abcd, uint32_t e,
                   const struct xl_v128 *w);

#endif
