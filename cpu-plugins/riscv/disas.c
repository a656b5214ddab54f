/* SPDX-License-Identifier: MIT */
/* disas.c - text of an instruction, in the notation of the RISC-V Assembly Programmer's
 * Manual without aliases (what binutils prints with -M no-aliases).
 *
 * Works on the operand templates of rv64.decode: each name in a template is looked up below
 * and printed from the decoded operands, everything else is copied.
 */
#include "decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const xname[32] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6"};
static const char *const fname[32] = {
    "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1", "fa0", "fa1", "fa2",
    "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9",
    "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};
static const char *const rmname[8] = {"rne", "rtz", "rdn", "rup", "rmm", "unknown", "unknown",
                                      "dyn"};

struct out {
    char *p;
    uint32_t left;
};

static void put(struct out *o, const char *s)
{
    size_t n = strlen(s);
    if (n >= o->left)
        n = o->left ? o->left - 1 : 0;
    memcpy(o->p, s, n);
    o->p += n;
    o->left -= (uint32_t)n;
    if (o->left)
        *o->p = 0;
}

static void put_fence(struct out *o, uint32_t set)
{
    if (!set)
        put(o, "unknown");
    for (int i = 3; i >= 0; i--)
        if (set >> i & 1)
            put(o, (const char *[]){"w", "r", "o", "i"}[i]);
}

static void put_number(struct out *o, const char *operand, const struct rv_insn *i, uint64_t pc)
{
    char s[32];
    if (!strcmp(operand, "imm"))
        snprintf(s, sizeof s, "%" PRId32, i->imm);
    else if (!strcmp(operand, "zimm"))
        snprintf(s, sizeof s, "%u", i->rs1);
    else if (!strcmp(operand, "shamt"))
        snprintf(s, sizeof s, "0x%" PRIx32, (uint32_t)i->imm);
    else if (!strcmp(operand, "uimm20"))
        snprintf(s, sizeof s, "0x%" PRIx32, (uint32_t)i->imm >> 12);
    else if (!strcmp(operand, "target"))
        snprintf(s, sizeof s, "0x%" PRIx64, pc + (uint64_t)(int64_t)i->imm);
    else
        snprintf(s, sizeof s, "?%s?", operand);
    put(o, s);
}

static void put_operand(struct out *o, const char *operand, const struct rv_insn *i, uint64_t pc)
{
    const struct { const char *name, *text; } reg[] = {
        {"rd", xname[i->rd]}, {"rs1", xname[i->rs1]}, {"rs2", xname[i->rs2]},
        {"frd", fname[i->rd]}, {"frs1", fname[i->rs1]}, {"frs2", fname[i->rs2]},
        {"frs3", fname[i->rs3]}};
    for (size_t k = 0; k < sizeof reg / sizeof *reg; k++)
        if (!strcmp(operand, reg[k].name)) {
            put(o, reg[k].text);
            return;
        }
    if (!strcmp(operand, "pred")) {
        put_fence(o, (uint32_t)i->imm >> 4 & 15);
    } else if (!strcmp(operand, "succ")) {
        put_fence(o, (uint32_t)i->imm & 15);
    } else if (!strcmp(operand, "csr")) {
        const char *name = rv_csr_name((uint32_t)i->imm);
        char hex[16];
        snprintf(hex, sizeof hex, "0x%" PRIx32, (uint32_t)i->imm);
        put(o, name ? name : hex);
    } else {
        put_number(o, operand, i, pc);
    }
}

/* The comma before a rounding mode goes when the mode is the usual one. */
static int skips_rm(const char *t, const struct rv_insn *i)
{
    if (!strcmp(t, ",rm"))
        return i->rm == 7;
    return !strcmp(t, ",rmx") && i->rm == 0; /* exact conversions: their zero says nothing */
}

static int is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void put_template(struct out *o, const char *t, const struct rv_insn *i, uint64_t pc)
{
    while (*t) {
        char word[16] = {0};
        uint32_t n = 0;
        while (n < sizeof word - 1 && is_word(t[n]))
            n++;
        if (!n) {
            if (skips_rm(t, i))
                return;
            word[0] = *t++;
            put(o, word);
            continue;
        }
        memcpy(word, t, n);
        t += n;
        if (!strcmp(word, "rm") || !strcmp(word, "rmx"))
            put(o, rmname[i->rm & 7]);
        else
            put_operand(o, word, i, pc);
    }
}

int rv_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len)
{
    struct out o = {out, len};
    char data[32];
    if (n < 2) {
        put(&o, "?");
        return (int)n;
    }
    uint32_t w = b[0] | (uint32_t)b[1] << 8, bytes = rv_length(w);
    if (bytes == 4 && n >= 4)
        w |= (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    struct rv_insn i;
    rv_decode(w, ~0ull, &i);
    if (!i.row || n < bytes) {
        snprintf(data, sizeof data, bytes == 2 || n < 4 ? ".2byte\t0x%" PRIx32
                                                         : ".4byte\t0x%" PRIx32, w);
        put(&o, data);
        return n < 4 ? 2 : (int)bytes;
    }
    const struct rv_row *r = &rv_rows[i.row];
    put(&o, r->name);
    if (r->ext == RV_X_A)
        put(&o, (const char *[]){"", ".rl", ".aq", ".aqrl"}[i.rm & 3]);
    if (*r->operands) {
        put(&o, "\t");
        put_template(&o, r->operands, &i, pc);
    }
    return (int)bytes;
}
