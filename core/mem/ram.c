/* SPDX-License-Identifier: MIT */
/* ram.c - where guest RAM comes from: private anonymous memory, advised for huge pages.
 *
 * NORESERVE: a guest's RAM may be larger than what it will ever touch.
 */
#include "mem.h"

#include <sys/mman.h>

#define HUGE ((uint64_t)2 << 20)

static uint64_t rounded(uint64_t len)
{
    return (len + PB_PAGE - 1) & ~(PB_PAGE - 1);
}

uint8_t *pb_ram_alloc(uint64_t len)
{
    if (len == 0 || len > ((uint64_t)1 << 46))
        return NULL;
    uint64_t size = rounded(len), extra = size >= HUGE ? HUGE : 0;
    uint8_t *p = mmap(NULL, size + extra, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    if (!extra)
        return p;
    uint64_t skip = -(uintptr_t)p & (HUGE - 1); /* to the next huge page boundary */
    if (skip)
        munmap(p, skip);
    if (extra - skip)
        munmap(p + skip + size, extra - skip);
    madvise(p + skip, size, MADV_HUGEPAGE);
    return p + skip;
}

void pb_ram_free(uint8_t *p, uint64_t len)
{
    if (p)
        munmap(p, rounded(len));
}
