/* SPDX-License-Identifier: MIT */
/* prefault.c - touch in a few calls what start-up would touch page by page.
 *
 * A page fault costs far more than the page: most of all on a host that is itself a guest,
 * where it is some 20 us against 1 us for a page of a range that is asked for at once
 * (madvise(2), MADV_POPULATE_READ and _WRITE, Linux 5.14; older kernels refuse, which costs
 * nothing). The heap is what parsing and building fill; the code is that of the libraries
 * which every run goes through.
 */
#include "main.h"

#include <link.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define HEAP_BYTES (832 << 10) /* what `-M virt` has taken when its guest starts */

static void heap(void)
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

static int code(struct dl_phdr_info *o, size_t size, void *user)
{
    (void)size;
    (void)user;
    for (int i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &o->dlpi_phdr[i];
        uintptr_t from = (o->dlpi_addr + p->p_vaddr) & ~(uintptr_t)4095;
        if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
            madvise((void *)from, o->dlpi_addr + p->p_vaddr + p->p_filesz - from,
                    MADV_POPULATE_READ);
    }
    return 0;
}

void pb_prefault(void)
{
    heap();
    dl_iterate_phdr(code, NULL);
}
