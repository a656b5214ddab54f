/* SPDX-License-Identifier: MIT */
/* prefault.c - touch in one call the heap that start-up would touch page by page.
 *
 * A page fault costs far more than the page: most of all on a host that is itself a guest
 * (madvise(2), MADV_POPULATE_WRITE, Linux 5.14; older kernels refuse, which costs nothing).
 */
#include "main.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HEAP_BYTES (320 << 10) /* what `-M virt` has taken when its guest starts */

void pb_prefault(void)
{
    /* Setting one of the two stops glibc from raising the other as it sees larger blocks
     * freed, so both are set to where it would have come to soon. */
    mallopt(M_TRIM_THRESHOLD, 4 << 20);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TOP_PAD, HEAP_BYTES);
    char *block = malloc(160 << 10); /* more than the first heap has left */
    char *from = block, *to = sbrk(0);
    mallopt(M_TOP_PAD, 128 << 10);
    if (to > from && to - from < 2 * HEAP_BYTES) { /* the heap is where malloc takes from */
        from = (char *)((uintptr_t)from & ~(uintptr_t)4095);
        madvise(from, (size_t)(to - from), MADV_POPULATE_WRITE);
    }
    free(block);
}
