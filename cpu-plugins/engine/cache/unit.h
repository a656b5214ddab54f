/* SPDX-License-Identifier: MIT */
/* unit.h - a translated block, how it is found, linked and dropped.
 *
 * Found by (physical pc, mode). A direct exit to the same page may be linked: its jump
 * patched to the target's entry. A direct exit to another page, and every indirect one,
 * goes through the current context's jump cache, so a changed mapping needs no unlinking.
 * Writes to guest bytes under a unit drop it: see cache.c.
 */
#ifndef XL_UNIT_H
#define XL_UNIT_H

#include "../ir/ir.h"

struct xl_link {          /* one linkable direct exit of a unit */
    struct xl_unit *from; /* the unit it leaves */
    struct xl_unit *to;   /* linked target, or NULL */
    struct xl_link *next; /* in the target's list of incoming links */
    int64_t target;       /* guest pc - pcb */
    uint8_t *site;        /* the back end's patch place (writable view) */
    uint8_t *cold;        /* where it goes while unlinked (executable view) */
};

#define XL_UNIT_LINKS 8 /* at most; further exits go through the jump cache */

/* May a direct exit to pcb + delta be linked? It stays in the page, and the instruction there
 * cannot straddle into the next one (such units depend on a second mapping: they are found
 * through the jump cache only). In user mode, `direct`, mappings are what they are: when one
 * changes its units are dropped. */
static inline int xl_linkable(const struct xl_guest *g, uint32_t direct, int64_t delta)
{
    return direct || (delta >= 0 && delta <= (int64_t)(XL_PAGE_SIZE - g->max_insn));
}

struct xl_unit { /* what finds it first */
    uint64_t next_hash;  /* in its bucket, a word as there: cache.c */
    uint64_t pa, mode;   /* physical pc; mode word */
    uint64_t pa2;        /* physical page of the rest when it straddles, else all ones */
    void *code;          /* entry, executable view; NULL without a back end */
    uint32_t dead;       /* dropped: not found any more, not entered by new links */
    uint32_t bytes, n_insns, n_links, code_size;
    uint32_t head;       /* of its loop in the code: where its own links to itself lead */
    struct xl_unit *next_page;  /* in the list of pa's page */
    struct xl_unit *next_page2; /* in the list of pa2's page */
    struct xl_block *ir; /* kept for the interpreter, else NULL */
    uint8_t *map;        /* the back end's table: host pc to guest pc */
    uint8_t *src;        /* user mode, in memory that may change unseen: the bytes translated */
    uint32_t map_size, max_links;
    struct xl_link *in;  /* links into this unit */
    struct xl_link link[]; /* link[max_links], the first n_links in use: code names them by
                              address, so they are allocated before it is made */
};

#endif
