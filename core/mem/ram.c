/* SPDX-License-Identifier: MIT */
/* ram.c - where guest RAM comes from: private anonymous memory, advised for huge pages.
 *
 * NORESERVE: a guest's RAM may be larger than what it will ever touch. The advice comes once
 * the small images are written (a device tree, a ROM's few kilobytes): a huge page for each of
 * them would be cleared in vain, which takes longer than all the rest of a short run.
 */
#include "mem.h"

#include <sys/mman.h>

#define HUGE ((uint64_t)2 << 20)

struct block {
    uint8_t *at;
    uint64_t size;
};
static GArray *waiting; /* struct block: not advised yet; NULL: none */
static gboolean advised;

static void later(uint8_t *at, uint64_t size)
{
    struct block b = {at, size};

    if (!waiting)
        waiting = g_array_new(FALSE, FALSE, sizeof b);
    g_array_append_val(waiting, b);
}

static uint64_t rounded(uint64_t len)
{
    return (len + PB_PAGE - 1) & ~(PB_PAGE - 1);
}

/* Large pages; and a core dump of this process is about the emulator, not its guest. */
static void advise(uint8_t *p, uint64_t size)
{
    madvise(p, size, MADV_HUGEPAGE);
    madvise(p, size, MADV_DONTDUMP);
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
    if (advised)
        advise(p + skip, size);
    else
        later(p + skip, size);
    return p + skip;
}

void pb_ram_free(uint8_t *p, uint64_t len)
{
    if (!p)
        return;
    for (guint i = 0; waiting && i < waiting->len; i++)
        if (g_array_index(waiting, struct block, i).at == p)
            g_array_remove_index_fast(waiting, i--);
    munmap(p, rounded(len));
}

void pb_ram_advise(void)
{
    advised = TRUE;
    for (guint i = 0; waiting && i < waiting->len; i++) {
        const struct block *b = &g_array_index(waiting, struct block, i);
        advise(b->at, b->size);
    }
    if (waiting)
        g_array_unref(g_steal_pointer(&waiting));
}
