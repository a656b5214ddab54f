/* SPDX-License-Identifier: MIT */
/* disas.c - text of an instruction, in the notation of the Arm manual without aliases (what
 * binutils prints with -M no-aliases), but hints by their names.
 *
 * Works on the operand templates of the tables: each word of a template is looked up below and
 * printed from the decoded operands, everything else is copied. Words of a64-simd.decode are
 * disas-simd.c's.
 */
#include "disas.h"

#include "sysreg.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void a64_put(struct a64_text *o, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(o->p, o->left, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    if ((uint32_t)n >= o->left)
        n = o->left ? (int)o->left - 1 : 0;
    o->p += n;
    o->left -= (uint32_t)n;
}

static const char *const cond_name[16] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                          "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
static const char *const shift_name[4] = {"lsl", "lsr", "asr", "ror"};
static const char *const ext_name[8] = {"uxtb", "uxth", "uxtw", "uxtx",
                                        "sxtb", "sxth", "sxtw", "sxtx"};

/* ---- Registers: [wx] or by sf, [dnma] which, sp: 31 is SP ----------------------------------- */

static int put_register(struct a64_text *o, const char *word, const struct a64_insn *i)
{
    const struct { char c; uint8_t n; } of[] = {{'d', i->rd}, {'n', i->rn}, {'m', i->rm},
                                                {'a', i->ra}};
    uint32_t n = 32;
    if (!strchr("rxw", word[0]) || (word[2] && strcmp(word + 2, "sp") && strcmp(word + 2, "1")))
        return 0;
    for (uint32_t k = 0; k < 4; k++)
        if (word[1] == of[k].c)
            n = of[k].n;
    if (n == 32)
        return 0;
    char file = word[0] != 'r' ? word[0] : i->sf ? 'x' : 'w';
    if (word[2] == '1')
        n = (n + 1) & 31;
    if (n < 31)
        a64_put(o, "%c%u", file, n);
    else if (word[2] == 's')
        a64_put(o, file == 'x' ? "sp" : "wsp");
    else
        a64_put(o, "%czr", file);
    return 1;
}

static void put_reg(struct a64_text *o, int wide, uint32_t n)
{
    if (n == 31)
        a64_put(o, wide ? "xzr" : "wzr");
    else
        a64_put(o, "%c%u", wide ? 'x' : 'w', n);
}

/* ---- Operands with a form of their own ------------------------------------------------------ */

static void put_mem(struct a64_text *o, const struct a64_insn *i)
{
    int lsl = i->cond == 3;
    if (i->rn == 31)
        a64_put(o, "[sp");
    else
        a64_put(o, "[x%u", i->rn);
    switch (i->amount) {
    case A64_AT_POST: a64_put(o, "], #%" PRId64, i->imm); return;
    case A64_AT_PRE:
        if (i->imm || a64_rows[i->op].ext != A64_X_PAUTH)
            a64_put(o, ", #%" PRId64, i->imm);
        a64_put(o, "]!");
        return;
    case A64_AT_REG:
        a64_put(o, ", ");
        put_reg(o, i->cond & 1, i->rm);
        if (i->nzcv)
            a64_put(o, ", %s #%u]", lsl ? "lsl" : ext_name[i->cond], i->size);
        else if (lsl)
            a64_put(o, "]");
        else
            a64_put(o, ", %s]", ext_name[i->cond]);
        return;
    default:
        if (i->imm)
            a64_put(o, ", #%" PRId64, i->imm);
        a64_put(o, "]");
        return;
    }
}

/* An extended register; with SP, UXTX (UXTW) is LSL. */
static void put_extended(struct a64_text *o, const struct a64_insn *i)
{
    int sets = i->op == A64_adds_ext || i->op == A64_subs_ext;
    int sp = i->rn == 31 || (i->rd == 31 && !sets), lsl = sp && i->opt == (i->sf ? 3 : 2);
    put_reg(o, i->sf && (i->opt & 3) == 3, i->rm);
    if (lsl && !i->amount)
        return;
    a64_put(o, ", %s", lsl ? "lsl" : ext_name[i->opt]);
    if (i->amount)
        a64_put(o, " #%u", i->amount);
}

static void put_shifted(struct a64_text *o, const struct a64_insn *i)
{
    put_reg(o, i->sf, i->rm);
    if (i->amount || i->opt)
        a64_put(o, ", %s #%u", shift_name[i->opt], i->amount);
}

static void put_prefetch(struct a64_text *o, uint32_t v)
{
    static const char *const kind[3] = {"pld", "pli", "pst"};
    if (v >> 3 == 3 || (v >> 1 & 3) == 3)
        a64_put(o, "#0x%02x", v);
    else
        a64_put(o, "%sl%u%s", kind[v >> 3], (v >> 1 & 3) + 1, v & 1 ? "strm" : "keep");
}

static void put_barrier(struct a64_text *o, uint32_t v)
{
    static const char *const name[16] = {NULL, "oshld", "oshst", "osh", NULL, "nshld", "nshst",
                                         "nsh", NULL, "ishld", "ishst", "ish", NULL, "ld", "st",
                                         "sy"};
    if (name[v & 15])
        a64_put(o, "%s", name[v & 15]);
    else
        a64_put(o, "#0x%02x", v & 15);
}

static void put_sysreg(struct a64_text *o, uint32_t no)
{
    const struct a64_sysreg *r = a64_sysreg(no);
    if (!r) {
        a64_put(o, "s%u_%u_c%u_c%u_%u", A64_NO_OP0(no), A64_NO_OP1(no), A64_NO_CRN(no),
                A64_NO_CRM(no), A64_NO_OP2(no));
        return;
    }
    for (const char *s = r->name; *s; s++)
        a64_put(o, "%c", tolower((unsigned char)*s));
}

static void put_pstate(struct a64_text *o, uint32_t field)
{
    switch (field) {
    case A64_PST_UAO: a64_put(o, "uao"); break;
    case A64_PST_PAN: a64_put(o, "pan"); break;
    case A64_PST_SPSEL: a64_put(o, "spsel"); break;
    case A64_PST_SSBS: a64_put(o, "ssbs"); break;
    case A64_PST_DIT: a64_put(o, "dit"); break;
    case A64_PST_TCO: a64_put(o, "tco"); break;
    case A64_PST_DAIFSET: a64_put(o, "daifset"); break;
    case A64_PST_DAIFCLR: a64_put(o, "daifclr"); break;
    default: a64_put(o, "s0_%u_c4_c0_%u", field >> 3, field & 7); break;
    }
}

static void put_sys(struct a64_text *o, const struct a64_insn *i)
{
    uint32_t no = (uint32_t)i->imm;
    a64_put(o, "#%u, C%u, C%u, #%u", A64_NO_OP1(no), A64_NO_CRN(no), A64_NO_CRM(no),
            A64_NO_OP2(no));
    if (i->op == A64_sys && i->rd != 31)
        a64_put(o, ", x%u", i->rd);
}

/* ---- Words ---------------------------------------------------------------------------------- */

static int put_number(struct a64_text *o, const char *w, const struct a64_insn *i, uint64_t pc)
{
    uint64_t target = pc + (uint64_t)i->imm;
    if (!strcmp(w, "target") || !strcmp(w, "adr"))
        a64_put(o, "0x%" PRIx64, target);
    else if (!strcmp(w, "adrp"))
        a64_put(o, "0x%" PRIx64, (pc & ~(uint64_t)4095) + (uint64_t)i->imm * 4096);
    else if (!strcmp(w, "addi"))
        a64_put(o, i->opt ? "#0x%" PRIx64 ", lsl #12" : "#0x%" PRIx64, i->imm >> (i->opt * 12));
    else if (!strcmp(w, "bitmask") || !strcmp(w, "imm5") || !strcmp(w, "uimm16"))
        a64_put(o, "#0x%" PRIx64, i->imm);
    else if (!strcmp(w, "movw"))
        a64_put(o, i->amount ? "#0x%" PRIx64 ", lsl #%u" : "#0x%" PRIx64, i->imm, i->amount);
    else if (!strcmp(w, "immr") || !strcmp(w, "lsb") || !strcmp(w, "bit") || !strcmp(w, "amount"))
        a64_put(o, "#%u", i->amount);
    else if (!strcmp(w, "imms"))
        a64_put(o, "#%" PRId64, i->imm);
    else if (!strcmp(w, "nzcv"))
        a64_put(o, "#0x%x", i->nzcv);
    else if (!strcmp(w, "mask"))
        a64_put(o, "#%u", i->nzcv);
    else if (!strcmp(w, "crm"))
        a64_put(o, "#0x%" PRIx64, i->imm);
    else if (!strcmp(w, "hint"))
        a64_put(o, "#0x%x", i->amount);
    else
        return 0;
    return 1;
}

static int put_special(struct a64_text *o, const char *w, const struct a64_insn *i)
{
    if (!strcmp(w, "mem"))
        put_mem(o, i);
    else if (!strcmp(w, "rmshift"))
        put_shifted(o, i);
    else if (!strcmp(w, "rmext"))
        put_extended(o, i);
    else if (!strcmp(w, "cond"))
        a64_put(o, "%s", cond_name[i->cond]);
    else if (!strcmp(w, "prfop"))
        put_prefetch(o, i->rd);
    else if (!strcmp(w, "barrier"))
        put_barrier(o, (uint32_t)i->imm);
    else if (!strcmp(w, "sysreg"))
        put_sysreg(o, (uint32_t)i->imm);
    else if (!strcmp(w, "pstate"))
        put_pstate(o, i->opt);
    else if (!strcmp(w, "sys"))
        put_sys(o, i);
    else
        return 0;
    return 1;
}

static void put_template(struct a64_text *o, const char *t, const struct a64_insn *i, uint64_t pc)
{
    while (*t) {
        char word[16] = {0};
        uint32_t n = 0;
        while (n < sizeof word - 1 && strchr("abcdefghijklmnopqrstuvwxyz0123456789", t[n]) && t[n])
            n++;
        if (!n) {
            a64_put(o, "%c", *t++);
            continue;
        }
        memcpy(word, t, n);
        t += n;
        if (!put_number(o, word, i, pc) && !put_special(o, word, i) && !put_register(o, word, i))
            a64_put(o, "?%s?", word);
    }
}

/* Operands that may be missing as a whole. 1: this was one of them. */
static int put_optional(struct a64_text *o, const struct a64_row *r, const struct a64_insn *i)
{
    static const char *const bti[4] = {"", "\tc", "\tj", "\tjc"};
    int barrier = !strcmp(r->operands, "isb") || !strcmp(r->operands, "clrex");
    if (!strcmp(r->operands, "bti")) {
        a64_put(o, "%s", bti[i->amount >> 1 & 3]);
    } else if (barrier || !strcmp(r->operands, "dcps")) {
        if (i->imm != (barrier ? 15u : 0u))
            a64_put(o, "\t#0x%" PRIx64, i->imm);
    } else if (i->op == A64_ret) {
        if (i->rn == 31)
            a64_put(o, "\txzr");
        else if (i->rn != 30)
            a64_put(o, "\tx%u", i->rn);
    } else {
        return !*r->operands;
    }
    return 1;
}

static void put_integer(struct a64_text *o, const struct a64_insn *i, uint64_t pc)
{
    const struct a64_row *r = &a64_rows[i->op];
    size_t n = strcspn(r->name, "/");
    a64_put(o, "%.*s", (int)n, r->name);
    if (i->op == A64_b_cond) {
        a64_put(o, ".%s\t0x%" PRIx64, cond_name[i->cond], pc + (uint64_t)i->imm);
        return;
    }
    if (put_optional(o, r, i))
        return;
    a64_put(o, "\t");
    put_template(o, r->operands, i, pc);
}

int a64_disassemble(uint64_t pc, const uint8_t *b, uint32_t n, char *out, uint32_t len)
{
    struct a64_text o = {out, len};
    struct a64_insn i;
    uint32_t w = 0;
    if (n < 4) {
        a64_put(&o, "?");
        return (int)n;
    }
    for (uint32_t k = 0; k < 4; k++)
        w |= (uint32_t)b[k] << (8 * k);
    a64_decode(w, ~0ull, &i);
    if (!i.op)
        a64_put(&o, ".inst\t0x%08" PRIx32 " ; undefined", w);
    else if (i.op >= A64_FIRST_a64_simd)
        a64_disas_simd(&o, &i, pc);
    else
        put_integer(&o, &i, pc);
    return 4;
}
