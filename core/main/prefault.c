/* SPDX-License-Identifier: MIT */
/* prefault.c - have the heap that start-up will touch in one huge page.
 *
 * A page fault costs far more than the page: most of all on a host that is itself a guest, where a
 * page that is there already (madvise(2), MADV_POPULATE_WRITE) still costs a fault of the outer
 * host's at its first touch. So the heap goes on from a boundary of 2 MiB, in a page of that size
 * where the kernel gives one, else in small ones that are taken in one call (Linux 5.14; older
 * kernels refuse, which costs nothing).
 */
#include "main.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE_PAGE ((size_t)2 << 20)
#define HEAP_BYTES (320 << 10) /* what `-M virt` has taken when its guest starts */
#define NEAR 256               /* the heap's top is left that far below the boundary, or less */

/* Where the heap goes on, or NULL when malloc() does not take from where it would. What lies between
 * is never touched, so that it is addresses only, and never freed. */
static void *raise_heap(void)
{
    char *block = malloc(64);
    uintptr_t end = (uintptr_t)block + (block ? malloc_usable_size(block) : 0);
    uintptr_t page = (end + NEAR + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    void *gap = block ? malloc((size_t)(page - end) - NEAR / 2) : NULL;

    free(block);
    if (gap && (uintptr_t)gap >= end && (uintptr_t)gap <= end + NEAR &&
        page + HUGE_PAGE <= (uintptr_t)sbrk(0))
        return (void *)page;
    free(gap); /* another malloc's, as a sanitizer has it */
    return NULL;
}

void pb_prefault(void)
{
    /* Setting one of the first two stops glibc from raising the other as it sees larger blocks
     * freed, so both are set to where it would have come to soon. */
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 2 * HUGE_PAGE);
    mallopt(M_TOP_PAD, HUGE_PAGE + 4096);
    /* Our threads allocate little, and each would begin with an arena of its own. */
    mallopt(M_ARENA_MAX, 1);
    void *page = raise_heap();
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TOP_PAD, 128 << 10);
    if (page) {
        madvise(page, HUGE_PAGE, MADV_HUGEPAGE);
        madvise(page, HEAP_BYTES, MADV_POPULATE_WRITE);
    }
}
