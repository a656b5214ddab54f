/* SPDX-License-Identifier: MIT */
/* link.c - direct exits are jumps whose 32-bit displacement lies within an aligned quadword.
 * It is replaced by one store of that quadword (Intel SDM volume 3, 9.1.1: atomic), so other
 * threads that run the code see the old target or the new one. Writers hold e->lock.
 * A unit's link to itself leads to the head of its loop: hoist.c.
 */
#include "x86.h"

void x86_set_link(struct xl_engine *e, struct xl_link *l)
{
    struct x86_code *c = e->code;
    const uint8_t *next = l->site + 4 + (c->mem.rx - c->mem.rw);
    const uint8_t *to = !l->to ? l->cold
                                : (uint8_t *)l->to->code + (l->to == l->from ? l->to->head : 0);
    uint64_t *word = (uint64_t *)((uintptr_t)l->site & ~(uintptr_t)7);
    uint32_t shift = 8 * (uint32_t)((uintptr_t)l->site & 7);
    uint64_t v;

    x86_mem_own(&c->mem, &e->code_borrowed);
    v = __atomic_load_n(word, __ATOMIC_RELAXED);
    v &= ~((uint64_t)0xffffffffu << shift);
    v |= (uint64_t)(uint32_t)(to - next) << shift;
    __atomic_store_n(word, v, __ATOMIC_RELEASE);
}
