/* SPDX-License-Identifier: MIT */
/* stream-faults.c - notes of the faults that the engine was told to inject (chaos-fault), and
 * whether interpreter and generated code had the same ones in the same state. */
#include "stream.h"

#include <stdio.h>
#include <string.h>

uint64_t stream_hash(uint64_t hash, const void *p, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes; at += 8) {
        uint64_t v;
        memcpy(&v, (const char *)p + at, 8);
        hash = (hash ^ v) * 0x9e3779b97f4a7c15ull;
        hash ^= hash >> 29;
    }
    return hash;
}

void stream_fault(struct stream_faults *f, uint64_t pc, uint64_t addr, uint64_t state)
{
    if (f->n < STREAM_FAULTS)
        f->at[f->n] = (struct stream_fault){pc, addr, state};
    f->n++;
}

int stream_faults_differ(const struct stream_faults *interp, const struct stream_faults *code,
                         uint64_t seed)
{
    if (interp->n != code->n)
        printf("seed %llu: %u faults in the interpreter, %u in generated code\n",
               (unsigned long long)seed, interp->n, code->n);
    for (uint32_t i = 0; i < interp->n && i < code->n && i < STREAM_FAULTS; i++) {
        const struct stream_fault *a = &interp->at[i], *b = &code->at[i];
        if (!memcmp(a, b, sizeof *a))
            continue;
        printf("seed %llu: fault %u: interpreter at %llx for %llx, generated code at %llx for "
               "%llx%s\n", (unsigned long long)seed, i, (unsigned long long)a->pc,
               (unsigned long long)a->addr, (unsigned long long)b->pc, (unsigned long long)b->addr,
               a->state == b->state ? "" : ", with other registers");
        return 1;
    }
    return interp->n != code->n;
}
