/* SPDX-License-Identifier: MIT */
/* arena.c - memory for units and what belongs to them. All are freed together, when the code
 * memory is forgotten: so they lie one behind the other, in chunks that are made present in one
 * call each, which costs half of a fault for each page.
 *
 * What is larger than a chunk has one of its own. Large programs get the host's huge pages: where
 * it is itself a guest, the first touch of a page costs 15 us, populated or not, which was a tenth
 * of the start of an interpreter.
 */
#include "cache.h"

#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE /* Linux 5.14; older ones refuse it */
#define MADV_POPULATE_WRITE 23
#endif

#define CHUNK (64u << 10)
#define HUGE_PAGE (2u << 20)
#define MANY (1u << 20) /* bytes of units from which on there will be more */

struct xl_chunk {
    struct xl_chunk *next;
    size_t size, used;
};
#define HEAD ((sizeof(struct xl_chunk) + 15) & ~(size_t)15)

/* Aligned, out of twice as much. */
static void *huge(void)
{
    uint8_t *p = mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    size_t before;

    if (p == MAP_FAILED)
        return p;
    before = -(uintptr_t)p & (HUGE_PAGE - 1);
    if (before)
        munmap(p, before);
    munmap(p + before + HUGE_PAGE, HUGE_PAGE - before);
    madvise(p + before, HUGE_PAGE, MADV_HUGEPAGE);
    madvise(p + before, HUGE_PAGE, MADV_POPULATE_WRITE);
    return p + before;
}

static struct xl_chunk *new_chunk(const struct xl_engine *e, size_t n)
{
    int large = e->unit_bytes >= MANY && n + HEAD <= HUGE_PAGE;
    size_t size = large ? HUGE_PAGE : n + HEAD <= CHUNK ? CHUNK : n + HEAD;
    struct xl_chunk *c = large ? huge()
                               : mmap(NULL, size, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (c == MAP_FAILED)
        return NULL;
    c->size = size;
    c->used = HEAD;
    return c;
}

void *xl_arena(struct xl_engine *e, size_t n)
{
    struct xl_chunk *c = e->arena;
    void *p;

    n = (n + 15) & ~(size_t)15;
    if (!c || c->size - c->used < n) {
        c = new_chunk(e, n);
        if (!c)
            return NULL;
        c->next = e->arena;
        e->arena = c;
    }
    p = (uint8_t *)c + c->used;
    c->used += n;
    return p;
}

/* One chunk is kept, for the units to come; `all`: none. */
void xl_arena_clear(struct xl_engine *e, int all)
{
    struct xl_chunk *c = e->arena, *next, *kept = NULL;

    for (; c; c = next) {
        next = c->next;
        if (!all && !kept && c->size == CHUNK) {
            kept = c;
            continue;
        }
        munmap(c, c->size);
    }
    if (kept) {
        memset(kept + 1, 0, kept->used - sizeof(*kept));
        kept->used = HEAD;
        kept->next = NULL;
    }
    e->arena = kept;
}
