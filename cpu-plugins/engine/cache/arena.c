/* SPDX-License-Identifier: MIT */
/* arena.c - memory for units and what belongs to them. All are freed together, when the code
 * memory is forgotten: so they lie one behind the other, in chunks that are made present in one
 * call each, which costs half of a fault for each page.
 *
 * What is larger than a chunk has one of its own.
 */
#include "cache.h"

#include <string.h>
#include <sys/mman.h>

#define CHUNK (64u << 10)

struct xl_chunk {
    struct xl_chunk *next;
    size_t size, used;
};
#define HEAD ((sizeof(struct xl_chunk) + 15) & ~(size_t)15)

static struct xl_chunk *new_chunk(size_t n)
{
    size_t size = n + HEAD <= CHUNK ? CHUNK : n + HEAD;
    struct xl_chunk *c = mmap(NULL, size, PROT_READ | PROT_WRITE,
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
        c = new_chunk(n);
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
