/* SPDX-License-Identifier: MIT */
/* bench.h - the guest's benchmark programs: each computes something known from its scale alone
 * and returns a checksum, so that two emulators are compared on the same, checked work.
 * Not modelled: nothing; these are a guest's programs. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* Work grows in proportion to scale (1 or more). */
uint64_t int_sieve(unsigned scale);
uint64_t int_sort(unsigned scale);
uint64_t int_sha256(unsigned scale);
uint64_t int_matrix(unsigned scale);
uint64_t int_hash(unsigned scale);
uint64_t int_queens(unsigned scale);
uint64_t int_vm(unsigned scale);
uint64_t int_text(unsigned scale);
uint64_t int_mix(unsigned scale);
uint64_t int_aes(unsigned scale);
uint64_t int_goto(unsigned scale);
uint64_t int_big(unsigned scale);
uint64_t fp_nbody(unsigned scale);
uint64_t fp_mandel(unsigned scale);
uint64_t fp_spectral(unsigned scale);
uint64_t fp_fft(unsigned scale);
uint64_t fp_lu(unsigned scale);
uint64_t fp_single(unsigned scale);
uint64_t fp_fused(unsigned scale);
uint64_t fp_matmul(unsigned scale);
uint64_t fp_vector(unsigned scale);
uint64_t os_call(unsigned scale);
uint64_t os_munmap(unsigned scale);
uint64_t smp_one(unsigned scale);
uint64_t smp_four(unsigned scale);

static inline uint64_t bench_mix(uint64_t sum, uint64_t word)
{
    return (sum ^ word) * 0x100000001b3 + (sum >> 29);
}

#endif
