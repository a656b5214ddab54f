/* SPDX-License-Identifier: MIT */
/* build.h - the builder's inside, shared by the files of ir/. */
#ifndef XL_BUILD_H
#define XL_BUILD_H

#include "../run/run.h"
#include "op.h"

#define XL_NONE UINT32_MAX
#define XL_MAX_SLOTS 512
#define XL_OPS_PER_INSN 160 /* xl_b_full() keeps room for one instruction of this length */

/* Where the bytes of a block come from: the page it starts in and the one behind it. */
struct xl_fetch {
    const uint8_t *page, *page2; /* host addresses of whole guest pages; NULL: not there */
    /* Resolve the second page, or raise the guest's exception and not return. */
    const uint8_t *(*second)(struct xl_vcpu *x, uint64_t va);
    uint32_t limit, limit2; /* bytes of them, at most a page: tests have less */
    uint8_t *seen; /* NULL, or where to put the bytes read, from the block's pc on */
    uint32_t seen_max;
};

struct xl_builder {
    struct xl_vcpu *x; /* NULL in tests without one */
    struct xl_block *b;
    struct xl_fetch f;
    uint64_t page;         /* page of b->pc: what pcb will be */
    uint32_t max_insns;
    uint32_t insn, insn_len; /* the current instruction: its `insn` op, its length */
    uint32_t polled;       /* instructions counted at the last poll */
    uint32_t overflow;     /* the current instruction did not fit */
    uint32_t n_consts;
    uint32_t consts[32];   /* recent constants, to use them again */
    uint32_t slot[XL_MAX_SLOTS]; /* the slot's value now, XL_NONE: only in memory */
    uint32_t direct;       /* user mode: addresses are the process's own */
    uint8_t in_slot[XL_MAX_OPS]; /* the value was put to a slot */
    uint8_t zbits[XL_MAX_OPS];   /* value < 2^zbits */
    uint8_t sbits[XL_MAX_OPS];   /* value is the sign extension of its low sbits */
    /* Must a block end before this pc (low 12 bits count)? NULL: never. */
    int (*stop)(struct xl_vcpu *x, uint64_t pc);
};

void xl_b_init(struct xl_builder *b, const struct xl_guest *g, uint64_t pc, uint64_t mode,
               struct xl_block *into);
/* End the block if its front end did not, drop what is dead, verify in debug builds. */
void xl_b_finish(struct xl_builder *b);
xl_val xl_b_emit(struct xl_builder *b, const struct xl_op *o);
/* Remove dead ops and puts, renumber. */
void xl_dce(struct xl_block *b);

/* fold.c: the value that `o` would have, or XL_NONE; may simplify `o` itself. */
xl_val xl_fold(struct xl_builder *b, struct xl_op *o);
void xl_known(struct xl_builder *b, uint32_t at); /* set zbits and sbits of a new op */

/* forward.c: what the load would give, if the block knows; or XL_NONE. */
xl_val xl_forward(struct xl_builder *b, uint32_t type, xl_val addr, int32_t disp, uint32_t memop);

static inline int xl_is_const(const struct xl_builder *b, xl_val v)
{
    return b->b->op[v].op == XL_OP_const;
}

#endif
