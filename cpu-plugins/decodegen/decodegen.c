/* SPDX-License-Identifier: MIT */
/* decodegen.c - turns .decode tables into C (a build tool, runs on the building machine).
 *
 * decodegen ops PREFIX TABLE…      the enum of rows, PREFIX_illegal first
 * decodegen tables PREFIX TABLE…   prefix_rows[] and the matcher prefix_match()
 * decodegen list PREFIX TABLE…     one row a line, for coverage reports
 *
 * PREFIX is how the instruction set's names begin: "rv" makes enum rv_op, RV_add, struct
 * rv_row, RV_BIT(). Several tables make one set; PREFIX_FIRST_file is the first row of
 * file.decode. A table has one row an instruction, columns divided by '|':
 *   name | bits, most significant first | format | extension | operands [| expands to [| where]]
 * name      unique; what follows a '/' tells apart rows with one mnemonic.
 * bits      0, 1, or . for an operand's bit; blanks only for the eye. 32 or 16 of them.
 * format    where the operands lie: a function fmt_NAME() of decode-formats.h.
 * extension a PREFIX_X_* of isa.def; the row is illegal where that extension is off.
 * operands  the disassembler's template: operand names are replaced, all else is copied.
 * expands   of a 16-bit row: the 32-bit row whose operands the format has filled in.
 * where     conditions on the operands, all must hold or the row does not match.
 * Rows may overlap: the one with more fixed bits wins, then the earlier one.
 *
 * The matcher switches on the bits that all candidate rows fix, again and again, until none
 * are left, then compares the rest in order of the number of fixed bits.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 16 /* of the generated rows, as decode.h declares them */
#define OPERANDS_BYTES 28
#define MAX_ROWS 2048
#define MAX_COLUMNS 7

struct row {
    char *name, *format, *ext, *operands, *expands, *where;
    uint32_t match, mask;
    int bytes, line;
    const char *file;
    char id[32]; /* the name as a C identifier */
};

static struct row row[MAX_ROWS];
static int n_rows;
static const char *path;
static char low[16], up[16]; /* PREFIX in both cases */

static void die(int line, const char *what, const char *text)
{
    fprintf(stderr, "%s:%d: %s%s%s\n", path, line, what, text ? ": " : "", text ? text : "");
    exit(1);
}

static char *trim(char *s)
{
    while (isspace((unsigned char)*s))
        s++;
    char *end = s + strlen(s);
    while (end > s && isspace((unsigned char)end[-1]))
        *--end = 0;
    return s;
}

static void parse_bits(struct row *r, const char *bits)
{
    int n = 0;
    for (; *bits; bits++) {
        if (*bits == ' ')
            continue;
        if (*bits != '0' && *bits != '1' && *bits != '.')
            die(r->line, "bits are 0, 1 and '.'", bits);
        r->match = r->match << 1 | (*bits == '1');
        r->mask = r->mask << 1 | (*bits != '.');
        n++;
    }
    if (n != 32 && n != 16)
        die(r->line, "a row has 32 or 16 bits", r->name);
    r->bytes = n / 8;
}

static void parse_row(char *text, int line)
{
    char *col[MAX_COLUMNS] = {0};
    int n = 0;
    for (char *p = text; p && n < MAX_COLUMNS; n++) {
        char *bar = strchr(p, '|');
        if (bar)
            *bar++ = 0;
        col[n] = trim(p);
        p = bar;
    }
    if (n < 5)
        die(line, "a row has at least five columns", col[0]);
    if (n_rows == MAX_ROWS)
        die(line, "too many rows", NULL);
    struct row *r = &row[n_rows++];
    *r = (struct row){.name = col[0], .format = col[2], .ext = col[3], .operands = col[4],
                      .expands = col[5] && *col[5] ? col[5] : NULL,
                      .where = col[6] && *col[6] ? col[6] : NULL, .line = line, .file = path};
    parse_bits(r, col[1]);
    if (strlen(r->name) >= sizeof r->id || strlen(r->name) >= NAME_BYTES)
        die(line, "name too long", r->name);
    if (strlen(r->operands) >= OPERANDS_BYTES)
        die(line, "operands too long", r->operands);
    for (int i = 0; r->name[i]; i++)
        r->id[i] = isalnum((unsigned char)r->name[i]) ? r->name[i] : '_';
}

static void parse(const char *file)
{
    path = file;
    FILE *f = fopen(file, "r");
    if (!f)
        die(0, "cannot open", NULL);
    char buf[512];
    for (int line = 1; fgets(buf, sizeof buf, f); line++) {
        char *s = trim(buf);
        if (!*s || *s == '#')
            continue;
        char *copy = malloc(strlen(s) + 1);
        if (!copy)
            die(line, "out of memory", NULL);
        strcpy(copy, s);
        parse_row(copy, line);
    }
    fclose(f);
}

static struct row *find(const char *name)
{
    for (int i = 0; i < n_rows; i++)
        if (!strcmp(row[i].name, name))
            return &row[i];
    return NULL;
}

static void check(void)
{
    for (int i = 0; i < n_rows; i++) {
        struct row *r = &row[i];
        path = r->file;
        if (find(r->name) != r)
            die(r->line, "this name exists already", r->name);
        if (r->expands && !find(r->expands))
            die(r->line, "no such row to expand to", r->expands);
        if (!r->expands != (r->bytes == 4))
            die(r->line, "16-bit rows, and only they, expand to another", r->name);
    }
}

/* ---- Output -------------------------------------------------------------------------- */

/* The enumerator that names the first row of the row's file. */
static void put_first(const struct row *r)
{
    const char *stem = strrchr(r->file, '/') ? strrchr(r->file, '/') + 1 : r->file;
    printf("%s_FIRST_", up);
    for (; *stem && *stem != '.'; stem++)
        putchar(isalnum((unsigned char)*stem) ? *stem : '_');
}

static void put_ops(void)
{
    printf("/* Generated from the decode table. */\n#ifndef %s_OPS_H\n#define %s_OPS_H\n\n"
           "enum %s_op {\n    %s_illegal,\n", up, up, low, up);
    for (int i = 0; i < n_rows; i++) {
        printf("    %s_%s", up, row[i].id);
        if (i == 0 || row[i].file != row[i - 1].file) {
            printf(",\n    ");
            put_first(&row[i]);
            printf(" = %s_%s", up, row[i].id);
        }
        printf(",\n");
    }
    printf("    %s_OP_COUNT\n};\n\n#endif\n", up);
}

static int bits_in(uint32_t v)
{
    int n = 0;
    for (; v; v &= v - 1)
        n++;
    return n;
}

static int by_fixed_bits(const void *a, const void *b)
{
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    int d = bits_in(y->mask) - bits_in(x->mask);
    return d ? d : x->line - y->line;
}

/* Try one row; falls through when it does not match. */
static void put_row(const struct row *r, uint32_t known, int in)
{
    uint32_t rest = r->mask & ~known;
    printf("%*sif (", in, "");
    if (rest)
        printf("(w & 0x%xu) == 0x%xu && ", rest, r->match & rest);
    printf("(isa & %s_BIT(%s))", up, r->ext);
    if (r->expands)
        printf(" && (isa & %s_BIT(%s))", up, find(r->expands)->ext);
    printf(") {\n%*sfmt_%s(w, i);\n", in + 4, "", r->format);
    if (!r->where) {
        printf("%*sreturn %s_%s;\n%*s}\n", in + 4, "", up, r->id, in, "");
        return;
    }
    printf("%*sif (", in + 4, "");
    char *where = malloc(strlen(r->where) + 1);
    if (!where)
        die(r->line, "out of memory", NULL);
    strcpy(where, r->where);
    const char *and = "";
    for (char *c = strtok(where, " "); c; c = strtok(NULL, " ")) {
        printf("%si->%s", and, c);
        and = " && ";
    }
    free(where);
    printf(")\n%*sreturn %s_%s;\n%*s*i = (struct %s_insn){0};\n%*s}\n", in + 8, "", up, r->id,
           in + 4, "", low, in, "");
}

static void put_match(struct row **v, int n, uint32_t known, int in)
{
    uint32_t common = ~known;
    for (int i = 0; i < n; i++)
        common &= v[i]->mask;
    if (n == 1 || !common) {
        qsort(v, (size_t)n, sizeof *v, by_fixed_bits);
        for (int i = 0; i < n; i++)
            put_row(v[i], known, in);
        return;
    }
    printf("%*sswitch (w & 0x%xu) {\n", in, "", common);
    char done[MAX_ROWS] = {0};
    for (int i = 0; i < n; i++) {
        if (done[i])
            continue;
        struct row *sub[MAX_ROWS];
        int n_sub = 0;
        for (int k = i; k < n; k++)
            if (!done[k] && (v[k]->match & common) == (v[i]->match & common)) {
                done[k] = 1;
                sub[n_sub++] = v[k];
            }
        printf("%*scase 0x%xu:\n", in, "", v[i]->match & common);
        put_match(sub, n_sub, known | common, in + 4);
        printf("%*sbreak;\n", in + 4, "");
    }
    printf("%*s}\n", in, "");
}

static void put_length(int bytes, int in)
{
    struct row *v[MAX_ROWS];
    int n = 0;
    for (int i = 0; i < n_rows; i++)
        if (row[i].bytes == bytes)
            v[n++] = &row[i];
    if (n)
        put_match(v, n, 0, in);
}

static int has_length(int bytes)
{
    for (int i = 0; i < n_rows; i++)
        if (row[i].bytes == bytes)
            return 1;
    return 0;
}

static void put_row_table(void)
{
    printf("const struct %s_row %s_rows[%s_OP_COUNT] = {\n"
           "    [%s_illegal] = {.name = \"illegal\", .operands = \"\"},\n", low, low, up, up);
    for (int i = 0; i < n_rows; i++) {
        const struct row *r = &row[i];
        printf("    [%s_%s] = {\"%s\", \"%s\", 0x%xu, 0x%xu, %d, %s_X_%s, ", up, r->id, r->name,
               r->operands, r->match, r->mask, r->bytes, up, r->ext);
        if (r->expands)
            printf("%s_%s},\n", up, find(r->expands)->id);
        else
            printf("0},\n");
    }
    printf("};\n");
}

static void put_tables(void)
{
    printf("/* Generated from the decode table. */\n#include \"decode-formats.h\"\n\n");
    put_row_table();
    printf("\nuint32_t %s_match(uint32_t w, uint64_t isa, struct %s_insn *i)\n{\n", low, low);
    if (has_length(2)) {
        printf("    if (%s_length(w) == 2) {\n", low);
        put_length(2, 8);
        printf("    } else {\n");
        put_length(4, 8);
        printf("    }\n");
    } else {
        put_length(4, 4);
    }
    printf("    return %s_illegal;\n}\n", up);
}

static void set_prefix(const char *s)
{
    if (strlen(s) >= sizeof low)
        die(0, "the prefix is too long", s);
    for (int i = 0; s[i]; i++) {
        low[i] = (char)tolower((unsigned char)s[i]);
        up[i] = (char)toupper((unsigned char)s[i]);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: decodegen ops|tables|list PREFIX TABLE...\n");
        return 1;
    }
    set_prefix(argv[2]);
    for (int i = 3; i < argc; i++)
        parse(argv[i]);
    check();
    if (!strcmp(argv[1], "ops"))
        put_ops();
    else if (!strcmp(argv[1], "tables"))
        put_tables();
    else if (!strcmp(argv[1], "list"))
        for (int i = 0; i < n_rows; i++)
            printf("%s\t%s\n", row[i].name, row[i].ext);
    else
        die(0, "what to make is ops, tables or list", argv[1]);
    return fflush(stdout) || ferror(stdout);
}
