/* SPDX-License-Identifier: MIT */
/* test-x86-loop.c - a unit that loops in itself does in each turn what the interpreter does, with
 * singles in registers that it does not change: boxed ones and doubles, pinned and in memory.
 */
#include "x86-ir.h"

#include "xl-check.h"

#include <cache/cache.h>

#include <stdio.h>
#include <string.h>

#define PC (RAM_BASE + 0x100)
#define TURNS 5
#define BOX 0xffffffff00000000u

static struct xl_block block;

static uint32_t op(uint16_t code, uint32_t type, uint32_t a, uint32_t b, int64_t imm)
{
    block.op[block.n_ops] = (struct xl_op){.op = code, .type = (uint8_t)type, .a = a, .b = b,
                                           .imm = imm};
    return block.n_ops++;
}

static uint32_t single(uint32_t slot)
{
    return op(XL_OP_unbox32, XL_F32, op(XL_OP_get, XL_F64, 0, 0, slot), 0, 0);
}

static void put(uint32_t slot, uint32_t v)
{
    op(XL_OP_put, XL_F64, op(XL_OP_box32, XL_F64, v, 0, 0), 0, slot);
}

/* Two slots stay, three change: f0 and f11 (the first pinned, the other not) times f1, plus f2. */
static void make_block(uint32_t kept1, uint32_t kept2)
{
    const uint32_t from = PC & XL_PAGE_MASK;
    uint32_t a, b, n, zero;

    memset(&block, 0, sizeof(block));
    block.guest = &ir_guest;
    block.pc = PC;
    block.n_insns = 1;
    block.bytes = 4;
    block.op[op(XL_OP_insn, 0, 0, 0, from)].c = 4;
    a = op(XL_OP_fmul, XL_F32, single(kept1), single(S_FP + 1), XL_RM_DYN);
    put(S_FP + 1, a);
    b = op(XL_OP_fadd, XL_F32, single(S_FP + 2), a, XL_RM_DYN);
    put(S_FP + 2, b);
    put(S_FP + 12, op(XL_OP_fadd, XL_F32, single(S_FP + 12), single(kept2), XL_RM_DYN));
    op(XL_OP_put, XL_F64, op(XL_OP_get, XL_F64, 0, 0, kept2), 0, S_FP + 3); /* as it is */
    n = op(XL_OP_const, XL_I64, 0, 0, 1);
    n = op(XL_OP_sub, XL_I64, op(XL_OP_get, XL_I64, 0, 0, 0), n, 0);
    op(XL_OP_put, XL_I64, n, 0, 0);
    zero = op(XL_OP_const, XL_I64, 0, 0, 0);
    block.op[op(XL_OP_brc, XL_I64, n, zero, from)].flags = XL_C_NE;
    op(XL_OP_exit, 0, 0, 0, from + 4);
}

static void prepare(struct ir_machine *m, const uint64_t *kept)
{
    struct ir_cpu *c = &m->cpu;

    memset(c->f, 0, sizeof(c->f));
    c->r[0] = TURNS;
    c->f[0] = c->f[10] = kept[0];
    c->f[4] = c->f[11] = kept[1];
    c->f[1] = BOX | 0x40490fdb;
    c->f[2] = BOX | 0xbf800000;
    c->f[12] = BOX | 0x3f800000;
    c->x.pc = PC;
    c->x.pcb = PC & ~(uint64_t)XL_PAGE_MASK;
    c->x.poll = 0;
    xl_fp_set_flags(&c->x, 0);
    xl_fp_set_rm(&c->x, 0);
}

static void interpret(struct ir_machine *m)
{
    struct xl_unit u = {.ir = &block};
    struct xl_run *r = xl_r(&m->cpu.x);

    r->in_interp = 1;
    for (int i = 0; i < TURNS && m->cpu.x.pc == PC; i++)
        xl_interp(&m->cpu.x, &u);
    r->in_interp = 0;
}

static void execute(struct ir_machine *m, struct xl_unit *u)
{
    struct xl_engine *e = m->cpu.x.engine;
    struct xl_run *r = xl_r(&m->cpu.x);

    for (uint32_t i = 0; i < u->n_links; i++) {
        if (u->link[i].target == (PC & XL_PAGE_MASK))
            xl_unit_link(e, &u->link[i], u);
    }
    r->in_host = 1;
    xl_host_x86_64.enter(&m->cpu.x, u->code);
    r->in_host = 0;
}

static void compare(struct ir_machine *m, const uint64_t *kept, uint32_t kept1, uint32_t kept2)
{
    static union { /* room for the links that code may name */
        struct xl_unit unit;
        uint8_t room[sizeof(struct xl_unit) + XL_UNIT_LINKS * sizeof(struct xl_link)];
    } mem;
    uint64_t f[N_FP], pc;
    uint32_t flags;

    memset(&mem, 0, sizeof(mem));
    mem.unit.pa = PC;
    mem.unit.pa2 = UINT64_MAX;
    mem.unit.max_links = XL_UNIT_LINKS;
    make_block(kept1, kept2);
    CU_ASSERT_EQUAL_FATAL(xl_host_x86_64.compile(m->cpu.x.engine, &block, &mem.unit), PB_OK);
    CU_ASSERT_TRUE(mem.unit.head > 0);
    prepare(m, kept);
    interpret(m);
    memcpy(f, m->cpu.f, sizeof(f));
    flags = xl_fp_flags(&m->cpu.x);
    pc = m->cpu.x.pc;
    prepare(m, kept);
    execute(m, &mem.unit);
    CU_ASSERT_EQUAL(m->cpu.r[0], 0);
    CU_ASSERT_EQUAL(m->cpu.x.pc, pc);
    CU_ASSERT_EQUAL(xl_fp_flags(&m->cpu.x), flags);
    for (uint32_t i = 0; i < N_FP; i++) {
        if (m->cpu.f[i] != f[i])
            printf("  slots %u %u, f%u: interpreter 0x%llx, code 0x%llx\n", kept1, kept2, i,
                   (unsigned long long)f[i], (unsigned long long)m->cpu.f[i]);
        CU_ASSERT_EQUAL(m->cpu.f[i], f[i]);
    }
}

static void turns(void)
{
    static const uint64_t value[] = {
        BOX | 0x3fc00000, BOX | 0x80000000, BOX | 0x7fc12345, BOX | 0x7f812345, BOX | 0x7f7fffff,
        0x3ff8000000000000u, 0xfffffffe3fc00000u, 0x7ff0000000000001u, 0,
    };
    enum { N = sizeof(value) / sizeof(value[0]) };
    struct ir_machine *m = ir_new(NULL);

    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->cpu.x.engine->host_code);
    for (int i = 0; i < N * N; i++) {
        uint64_t kept[2] = {value[i / N], value[i % N]};

        compare(m, kept, S_FP, S_FP + 11);
        compare(m, kept, S_FP + 10, S_FP + 4);
    }
    ir_free(m);
}

static const struct xl_test tests[] = {{"kept singles, turn by turn", turns}};

XL_CHECK("loops of one unit", tests)
