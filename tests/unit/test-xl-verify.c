/* SPDX-License-Identifier: MIT */
/* test-xl-verify.c - the verifier finds a violation of each rule, and names the op. */
#include "xl-check.h"
#include "xl-toy.h"

#include <string.h>

static struct xl_block b;
static char why[160];

static uint32_t op(uint32_t code, uint32_t type, uint32_t x, uint32_t y, uint32_t z, int64_t imm)
{
    b.op[b.n_ops] = (struct xl_op){.op = (uint16_t)code, .type = (uint8_t)type, .a = x, .b = y,
                                   .c = z, .imm = imm};
    return b.n_ops++;
}

/* insn; r1; r2: values 1 and 2. */
static void begin(void)
{
    memset(&b, 0, sizeof(b));
    b.guest = &toy_guest;
    b.n_insns = 1;
    op(XL_OP_insn, 0, 0, 0, 4, 0);
    op(XL_OP_get, XL_I64, 0, 0, 0, 1);
    op(XL_OP_get, XL_I64, 0, 0, 0, 2);
}

static int check(void)
{
    why[0] = 0;
    return xl_verify(&b, why, sizeof(why));
}

/* The block so far, closed, must be refused with `text`. */
static void refused(const char *text)
{
    op(XL_OP_exit, 0, 0, 0, 0, 4);
    CU_ASSERT_EQUAL(check(), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, text));
    if (!strstr(why, text))
        printf("wanted '%s', got '%s'\n", text, why);
}

static void good(void)
{
    begin();
    op(XL_OP_add, XL_I64, 1, 2, 0, 0);
    op(XL_OP_put, XL_I64, 3, 0, 0, 3);
    op(XL_OP_exit, 0, 0, 0, 0, 4);
    CU_ASSERT_EQUAL(check(), 0);
}

static void definitions(void)
{
    begin();
    op(XL_OP_add, XL_I64, 1, 3, 0, 0); /* itself */
    refused("not defined before");
    begin();
    op(XL_OP_add, XL_I64, 1, 77, 0, 0);
    refused("not defined before");
    begin();
    op(XL_OP_add, XL_I64, 1, 0, 0, 0); /* insn has no result */
    refused("no result");
    begin();
    op(XL_OP_add, XL_I32, 1, 2, 0, 0);
    refused("has type");
    begin();
    op(XL_OP_trunc, XL_I32, 1, 0, 0, 0);
    op(XL_OP_ld, XL_I64, 3, 0, 0, XL_MEM(3, 0));
    refused("wanted I64");
    begin();
    op(XL_OP_fadd, XL_I64, 1, 2, 0, 0);
    refused("not floating");
    begin();
    op(XL_OP_f2i, XL_F64, 1, 0, 0, 0);
    refused("operand of type");
    begin();
    op(XL_OP_const, XL_I32, 0, 0, 0, (int64_t)1 << 32);
    refused("wider");
    begin();
    op(XL_OP_st, XL_I32, 1, 2, 0, XL_MEM(2, 0));
    refused("stores");
}

static void names(void)
{
    begin();
    op(XL_OP_put, XL_I64, 1, 0, 0, 16);
    refused("no slot");
    begin();
    op(XL_OP_COUNT, 0, 0, 0, 0, 0);
    refused("unknown opcode");
    begin();
    op(XL_OP_call, XL_I64, 0, 0, 0, 0);
    refused("no call record");
    begin();
    b.n_calls = 1;
    b.call[0] = (struct xl_call){.helper = 9};
    op(XL_OP_call, XL_I64, 0, 0, 0, 0);
    refused("no helper");
    begin();
    b.n_calls = 1;
    b.call[0] = (struct xl_call){.helper = 1, .n_args = 1, .arg = {1}};
    op(XL_OP_call, XL_I64, 0, 0, 0, 0);
    refused("does not match");
}

static void order(void)
{
    begin();
    op(XL_OP_put, XL_I64, 1, 0, 0, 3);
    op(XL_OP_ld, XL_I64, 2, 0, 0, XL_MEM(3, 0));
    refused("may fault after a put");
    begin();
    op(XL_OP_put, XL_I64, 1, 0, 0, 3);
    op(XL_OP_poll, 0, 0, 0, 0, 0);
    refused("polls after a put");
    begin(); /* another instruction: allowed */
    op(XL_OP_put, XL_I64, 1, 0, 0, 3);
    op(XL_OP_insn, 0, 0, 0, 4, 4);
    op(XL_OP_ld, XL_I64, 2, 0, 0, XL_MEM(3, 0));
    op(XL_OP_exit, 0, 0, 0, 0, 8);
    CU_ASSERT_EQUAL(check(), 0);
    begin();
    b.op[0].op = XL_OP_nop;
    op(XL_OP_put, XL_I64, 1, 0, 0, 3);
    refused("before the first insn");
}

static void exits(void)
{
    begin();
    CU_ASSERT_EQUAL(check(), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(why, "not an exit"));
    begin();
    op(XL_OP_exit, 0, 0, 0, 0, 4);
    refused("not last");
    memset(&b, 0, sizeof(b));
    b.guest = &toy_guest;
    CU_ASSERT_EQUAL(check(), PB_EINVAL);
}

static void count_line(void *user, const char *s)
{
    *(int *)user += strlen(s) > 4;
}

static void printer(void)
{
    int lines = 0;

    begin();
    b.n_calls = 1;
    b.call[0] = (struct xl_call){.helper = 1, .n_args = 2, .arg = {1, 2}};
    op(XL_OP_call, XL_I64, 0, 0, 0, 0);
    op(XL_OP_ld, XL_I64, 2, 0, 0, XL_MEM(3 | XL_M_SEQ, -8));
    op(XL_OP_exit, 0, 0, 0, 0, 4);
    xl_print(&b, count_line, &lines);
    CU_ASSERT_EQUAL(lines, 7);
}

static const struct xl_test tests[] = {
    {"a good block", good}, {"definitions and types", definitions}, {"names", names},
    {"order", order}, {"exits", exits}, {"printer", printer},
};
XL_CHECK("engine: verifier", tests)
