/* SPDX-License-Identifier: MIT */
/* test-x86-place.c - a loop of one unit begins where few of its instructions share its first line
 * of 64 bytes, wherever the unit before it ended; other units are not moved.
 */
#include "x86-ir.h"

#include "xl-check.h"

#include <cache/cache.h>

#include <string.h>

#define PC (RAM_BASE + 0x100)
#define LENGTH 20 /* of 3 bytes each: only from 32 on are between 7 and 12 in the line */

static struct xl_block block;

static uint32_t op(struct xl_op o)
{
    block.op[block.n_ops] = o;
    return block.n_ops++;
}

/* r0 ^= r1, n times, then back to pcb + `target`. */
static void make_block(uint32_t n, int64_t target)
{
    uint32_t a, b;

    memset(&block, 0, sizeof(block));
    block.guest = &ir_guest;
    block.pc = PC;
    block.n_insns = 1;
    block.bytes = 4;
    op((struct xl_op){.op = XL_OP_insn, .imm = PC & XL_PAGE_MASK, .c = 4});
    a = op((struct xl_op){.op = XL_OP_get, .type = XL_I64, .imm = 0});
    b = op((struct xl_op){.op = XL_OP_get, .type = XL_I64, .imm = 1});
    for (uint32_t i = 0; i < n; i++)
        a = op((struct xl_op){.op = XL_OP_xor, .type = XL_I64, .a = a, .b = b});
    op((struct xl_op){.op = XL_OP_put, .type = XL_I64, .imm = 0, .a = a});
    op((struct xl_op){.op = XL_OP_brc, .type = XL_I64, .flags = XL_C_NE, .a = a, .b = b,
                      .imm = target});
    op((struct xl_op){.op = XL_OP_exit, .flags = XL_K_JUMP, .imm = (PC & XL_PAGE_MASK) + 4});
}

/* Where its code begins, modulo 64; `before`: what was made before it ends there. */
static uint32_t place(struct ir_machine *m, uint32_t n, int64_t target, uint32_t *before)
{
    static union { /* room for the links that code may name */
        struct xl_unit unit;
        uint8_t room[sizeof(struct xl_unit) + XL_UNIT_LINKS * sizeof(struct xl_link)];
    } mem;
    static uintptr_t end;
    struct xl_unit *u = &mem.unit;

    memset(&mem, 0, sizeof(mem));
    u->pa = PC;
    u->pa2 = UINT64_MAX;
    u->max_links = XL_UNIT_LINKS;
    make_block(n, target);
    CU_ASSERT_EQUAL_FATAL(xl_host_x86_64.compile(m->cpu.x.engine, &block, u), PB_OK);
    *before = (uint32_t)((end + 15) & ~(uintptr_t)15) % 64;
    end = (uintptr_t)u->code + u->code_size;
    return (uint32_t)((uintptr_t)u->code % 64);
}

static void loops(void)
{
    struct ir_machine *m = ir_new(NULL);
    uint32_t seen = 0, before;

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    place(m, 1, 0, &before);
    for (uint32_t i = 1; i < 64; i++) {
        place(m, i % 23, 0, &before); /* of other lengths */
        CU_ASSERT_EQUAL(place(m, LENGTH, PC & XL_PAGE_MASK, &before), 32);
        seen |= 1u << before / 16;
    }
    CU_ASSERT_EQUAL(seen, 15); /* from wherever it would have been */
    ir_free(m);
}

static void others(void)
{
    struct ir_machine *m = ir_new(NULL);
    uint32_t before;

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    place(m, 1, 0, &before);
    for (uint32_t i = 1; i < 64; i++) {
        uint32_t at = place(m, i % 23 + LENGTH, 0, &before);

        CU_ASSERT_EQUAL(at, before);
    }
    ir_free(m);
}

static const struct xl_test tests[] = {
    {"loops begin where few instructions share the line", loops},
    {"other units follow the one before", others},
};

XL_CHECK("placement", tests)
