/* SPDX-License-Identifier: MIT */
/* disas-simd.c - text of floating point and Advanced SIMD, as binutils prints it with
 * -M no-aliases.
 *
 * Works on the operand templates of a64-simd.decode. A template that begins with "2 " makes the
 * name end in 2 when Q is set. Words: v[dnma].FORM a vector, below; [fgbhsdq][dnma] a scalar
 * register of the row's size (f), of twice that (g), or as named; gr[dn] a general register;
 * t, t2 the registers of a load; the others stand in put_word().
 */
#include "disas.h"

#include "decode-formats.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char size_name[] = "bhsdq";

static uint32_t which(char c, const struct a64_insn *i)
{
    return c == 'd' ? i->rd : c == 'n' ? i->rn : c == 'm' ? i->rm : i->ra;
}

/* ---- Vectors -------------------------------------------------------------------------------- */

static void put_vector(struct a64_text *o, uint32_t v, uint32_t size, uint32_t q)
{
    a64_put(o, "v%u.%u%c", v, (q ? 16u : 8u) >> size, size_name[size]);
}

/* v0.4s and so on: what stands behind the dot. */
static void put_form(struct a64_text *o, uint32_t v, const char *form, const struct a64_insn *i)
{
    static const struct {
        const char *form;
        int8_t fixed, more, q; /* size: fixed if not negative, else the row's and more; q: 2 Q */
    } forms[] = {
        {"t", -1, 0, 2}, {"l", -1, 1, 1}, {"p", -1, 1, 2}, {"n", -1, -1, 2}, {"t2", -1, 0, 1},
        {"b", 0, 0, 2}, {"h", 1, 0, 2}, {"s", 2, 0, 2}, {"f", 2, 0, 2}, {"16b", 0, 0, 1},
        {"4s", 2, 0, 1}, {"2d", 3, 0, 1}, {"1q", 4, 0, 1}};
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
        if (!strcmp(form, forms[k].form)) {
            int size = forms[k].fixed < 0 ? i->size + forms[k].more : forms[k].fixed;
            put_vector(o, v, (uint32_t)size, forms[k].q == 2 ? i->sf : 1);
            return;
        }
    if (!strcmp(form, "e"))
        a64_put(o, "v%u.%c[%u]", v, size_name[i->size], i->amount);
    else if (!strcmp(form, "e2"))
        a64_put(o, "v%u.%c[%u]", v, size_name[i->size], (uint32_t)i->imm);
    else if (!strcmp(form, "he"))
        a64_put(o, "v%u.h[%u]", v, i->amount);
    else if (!strcmp(form, "4be"))
        a64_put(o, "v%u.4b[%u]", v, i->amount);
    else if (!strcmp(form, "sidx"))
        a64_put(o, "v%u.s[%u]", v, i->amount);
    else if (!strcmp(form, "d1"))
        a64_put(o, "v%u.d[1]", v);
    else if (!strcmp(form, "g")) /* the halves that FMLAL takes */
        a64_put(o, "v%u.%uh", v, i->sf ? 4 : 2);
    else if (!strcmp(form, "pair"))
        a64_put(o, "v%u.2%c", v, size_name[i->size]);
    else
        a64_put(o, "v%u.?%s?", v, form);
}

static void put_list(struct a64_text *o, uint32_t first, uint32_t n, const char *form)
{
    uint32_t last = (first + n - 1) & 31;
    a64_put(o, "{v%u.%s", first, form);
    if (n > 2 && last > first) {
        a64_put(o, "-v%u.%s", last, form);
    } else {
        for (uint32_t k = 1; k < n; k++)
            a64_put(o, ", v%u.%s", (first + k) & 31, form);
    }
    a64_put(o, "}");
}

static void put_structure(struct a64_text *o, const struct a64_insn *i, int one_lane)
{
    struct a64_text form;
    char text[8] = {size_name[i->size], 0};
    form = (struct a64_text){text, sizeof text};
    if (!one_lane)
        a64_put(&form, "%u%c", (i->sf ? 16u : 8u) >> i->size, size_name[i->size]);
    put_list(o, i->rd, i->amount, text);
    if (one_lane)
        a64_put(o, "[%u]", i->nzcv);
}

/* ---- Numbers and addresses ------------------------------------------------------------------ */

/* VFPExpandImm's eight bits as a number: 1.efgh times a power of two. */
static void put_float(struct a64_text *o, uint32_t imm8)
{
    double v = 16 + (imm8 & 15);
    int exponent = (int)((imm8 >> 4 & 7) ^ 4) - 3 - 4;
    for (; exponent > 0; exponent--)
        v *= 2;
    for (; exponent < 0; exponent++)
        v /= 2;
    a64_put(o, "#%.18e", imm8 >> 7 ? -v : v);
}

static void put_bytemask(struct a64_text *o, uint32_t imm8)
{
    uint64_t v = 0;
    for (uint32_t k = 0; k < 8; k++)
        v |= imm8 >> k & 1 ? 0xffull << (8 * k) : 0;
    a64_put(o, "#0x%" PRIx64, v);
}

static void put_general(struct a64_text *o, uint32_t n, int wide)
{
    a64_put(o, n == 31 ? "%czr" : "%c%u", wide ? 'x' : 'w', n);
}

static void put_address(struct a64_text *o, const char *w, const struct a64_insn *i)
{
    static const char *const extend[8] = {"", "", "uxtw", "lsl", "", "", "sxtw", "sxtx"};
    a64_put(o, i->rn == 31 ? "[sp" : "[x%u", i->rn);
    if (!strcmp(w, "base")) {
        a64_put(o, "]");
    } else if (!strcmp(w, "basep")) {
        a64_put(o, i->rm == 31 ? "], #%" PRId64 : "], ", i->imm);
        if (i->rm != 31)
            put_general(o, i->rm, 1);
    } else if (!strcmp(w, "reg")) {
        a64_put(o, ", ");
        put_general(o, i->rm, i->cond & 1);
        if (i->nzcv)
            a64_put(o, ", %s #%u", extend[i->cond & 7], i->size);
        else if (i->cond != 3)
            a64_put(o, ", %s", extend[i->cond & 7]);
        a64_put(o, "]");
    } else if (strstr(w, "post")) {
        a64_put(o, "], #%" PRId64, i->imm);
    } else {
        if (i->imm || strstr(w, "pre"))
            a64_put(o, ", #%" PRId64, i->imm);
        a64_put(o, strstr(w, "pre") ? "]!" : "]");
    }
}

/* ---- Words ---------------------------------------------------------------------------------- */

static void put_shift(struct a64_text *o, const char *w, const struct a64_insn *i)
{
    uint32_t by = *w == 'm' ? 8 << (i->amount & 1) : i->amount & 8 ? (i->amount >> 1 & 1) * 8
                                                                   : (i->amount >> 1 & 3) * 8;
    if (by)
        a64_put(o, ", %s #%u", w, by);
}

static int put_number(struct a64_text *o, const char *w, const struct a64_insn *i, uint64_t pc)
{
    static const char *const cond[16] = {"eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc",
                                         "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
    if (!strcmp(w, "imm"))
        a64_put(o, "%" PRId64, i->imm);
    else if (!strcmp(w, "esize"))
        a64_put(o, "%u", 8u << i->size);
    else if (!strcmp(w, "rot") || !strcmp(w, "rot2"))
        a64_put(o, "#%" PRId64, i->imm);
    else if (!strcmp(w, "nzcv"))
        a64_put(o, "0x%x", i->nzcv);
    else if (!strcmp(w, "cond"))
        a64_put(o, "%s", cond[i->cond]);
    else if (!strcmp(w, "imm8"))
        a64_put(o, "#0x%" PRIx64, i->imm);
    else if (!strcmp(w, "imm64"))
        put_bytemask(o, (uint32_t)i->imm);
    else if (!strcmp(w, "fimm"))
        put_float(o, (uint32_t)i->imm);
    else if (!strcmp(w, "lit"))
        a64_put(o, "0x%" PRIx64, pc + (uint64_t)i->imm);
    else if (isdigit((unsigned char)*w))
        a64_put(o, "%s", w);
    else
        return 0;
    return 1;
}

static void put_register(struct a64_text *o, const char *w, const struct a64_insn *i)
{
    const char *size = strchr(size_name, *w);
    uint32_t copy = (i->raw & 0x9fe08400) == 0x0e000400; /* the size is the lane's */
    if (!strcmp(w, "grd") || !strcmp(w, "grn"))
        put_general(o, which(w[2], i), copy ? i->size == 3 : i->sf);
    else if (!strcmp(w, "qrd"))
        put_general(o, i->rd, i->sf);
    else if (!strcmp(w, "t") || !strcmp(w, "t2"))
        a64_put(o, "%c%u", size_name[i->size], w[1] ? i->ra : i->rd);
    else if (*w == 'f' || *w == 'g')
        a64_put(o, "%c%u", size_name[i->size + (*w == 'g')], which(w[1], i));
    else if (size)
        a64_put(o, "%c%u", *size, which(w[1], i));
    else
        a64_put(o, "?%s?", w);
}

static void put_word(struct a64_text *o, const char *w, const struct a64_insn *i, uint64_t pc)
{
    static const char *const addresses[] = {"base", "basep", "pimm", "ppre", "ppost", "uimm",
                                            "simm", "pre", "post", "reg"};
    for (size_t k = 0; k < sizeof addresses / sizeof *addresses; k++)
        if (!strcmp(w, addresses[k])) {
            put_address(o, w, i);
            return;
        }
    if (*w == 'v' && w[2] == '.')
        put_form(o, which(w[1], i), w + 3, i);
    else if (!strcmp(w, "list") || !strcmp(w, "rlist") || !strcmp(w, "elist"))
        put_structure(o, i, *w == 'e');
    else if (!strcmp(w, "table"))
        put_list(o, i->rn, i->amount, "16b");
    else if (!put_number(o, w, i, pc))
        put_register(o, w, i);
}

void a64_disas_simd(struct a64_text *o, const struct a64_insn *i, uint64_t pc)
{
    const char *name = a64_rows[i->op].name, *t = a64_rows[i->op].operands;
    int twice = !strncmp(t, "2 ", 2);
    a64_put(o, "%.*s%s\t", (int)strcspn(name, "/"), name, twice && i->sf ? "2" : "");
    for (t += twice ? 2 : 0; *t;) {
        char word[16] = {0};
        size_t n = 0;
        while (n < sizeof word - 1 && (isalnum((unsigned char)t[n]) || t[n] == '.'))
            n++;
        if (!n) {
            if (!strncmp(t, ",lsl", 4) || !strncmp(t, ",msl", 4)) {
                put_shift(o, t + 1, i);
                return;
            }
            a64_put(o, *t == ',' ? ", " : "%c", *t);
            t++;
            continue;
        }
        memcpy(word, t, n);
        t += n;
        put_word(o, word, i, pc);
    }
}
