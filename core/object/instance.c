/* SPDX-License-Identifier: MIT */
/* instance.c - the zeroed memory of a device, CPU or backend.
 *
 * A large instance is mostly buffers that a run may never use, and touching a page costs far
 * more than clearing it: such memory comes from the kernel, which gives it page by page.
 */
#include "instance.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ALIGN 64u
#define MAPPED_FROM ((size_t)16 << 10)

static size_t rounded(size_t size)
{
    return ((size ? size : 1) + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void *pb_instance_new(size_t size)
{
    void *p;

    if (size >= MAPPED_FROM) {
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return p == MAP_FAILED ? NULL : p;
    }
    p = aligned_alloc(ALIGN, rounded(size));
    return p ? memset(p, 0, rounded(size)) : NULL;
}

void pb_instance_free(void *p, size_t size)
{
    if (p && size >= MAPPED_FROM)
        munmap(p, size);
    else
        free(p);
}
