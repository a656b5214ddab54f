/* SPDX-License-Identifier: MIT */
/* dce.c - what no one needs goes before the back end sees the block.
 *
 * One pass from the end: a value without a use goes; a put goes when the same slot is put
 * again before anything can see it. What can see slots: an op that may fault, a side exit,
 * a poll, a helper that reads state, the end. Loads stay: they may fault.
 */
#include "build.h"

#include <string.h>

static int sees_state(const struct xl_block *b, const struct xl_op *o)
{
    if (o->op == XL_OP_call)
        return (b->guest->helpers[b->call[o->imm].helper].flags & (XL_H_FAULT | XL_H_STATE)) != 0;
    return (xl_opinfo[o->op].flags & (XL_F | XL_EXIT)) != 0 || o->op == XL_OP_brc ||
           o->op == XL_OP_poll;
}

static int has_effect(const struct xl_block *b, const struct xl_op *o)
{
    if (o->op == XL_OP_call)
        return !(b->guest->helpers[b->call[o->imm].helper].flags & XL_H_PURE);
    if (o->op == XL_OP_fflags) /* an effect only as it must not move */
        return 0;
    return (xl_opinfo[o->op].flags & (XL_E | XL_F | XL_EXIT)) != 0;
}

static void use_operands(const struct xl_block *b, const struct xl_op *o, uint8_t *used)
{
    uint32_t n = xl_operands(o->op);

    if (n > 0)
        used[o->a] = 1;
    if (n > 1)
        used[o->b] = 1;
    if (n > 2)
        used[o->c] = 1;
    if (o->op == XL_OP_call) {
        const struct xl_call *c = &b->call[o->imm];

        for (uint32_t i = 0; i < c->n_args; i++)
            used[c->arg[i]] = 1;
    }
}

static void mark(const struct xl_block *b, uint8_t *used)
{
    uint32_t over[XL_MAX_SLOTS], look = 1; /* slot is put again before look number `look` */

    memset(used, 0, b->n_ops);
    memset(over, 0, b->guest->n_slots * sizeof(over[0]));
    for (uint32_t i = b->n_ops; i-- > 0;) {
        const struct xl_op *o = &b->op[i];

        if (o->op == XL_OP_put) {
            if (over[o->imm] == look)
                continue;
            over[o->imm] = look;
        } else if (sees_state(b, o)) {
            look++;
        } else if (o->op == XL_OP_get && used[i]) {
            over[o->imm] = 0;
        }
        if (used[i] || has_effect(b, o)) {
            used[i] = 1;
            use_operands(b, o, used);
        }
    }
}

void xl_dce(struct xl_block *b)
{
    uint8_t used[XL_MAX_OPS];
    uint32_t name[XL_MAX_OPS], n = 0;

    mark(b, used);
    while (n < b->n_ops && used[n] && b->op[n].op != XL_OP_nop) { /* these stay where they are */
        name[n] = n;
        n++;
    }
    for (uint32_t i = n; i < b->n_ops; i++) {
        struct xl_op *o = &b->op[n];
        uint32_t args;

        if (!used[i] || b->op[i].op == XL_OP_nop)
            continue;
        *o = b->op[i];
        name[i] = n++;
        args = xl_operands(o->op);
        if (args > 0)
            o->a = name[o->a];
        if (args > 1)
            o->b = name[o->b];
        if (args > 2)
            o->c = name[o->c];
        if (o->op == XL_OP_call) {
            struct xl_call *c = &b->call[o->imm];

            for (uint32_t j = 0; j < c->n_args; j++)
                c->arg[j] = name[c->arg[j]];
        }
    }
    b->n_ops = n;
}
