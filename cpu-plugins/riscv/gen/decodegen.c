/* SPDX-License-Identifier: MIT */
/* decodegen.c - turns a .decode table into C (a build tool, runs on the building machine).
 *
 * decodegen ops TABLE      the enum of rows, RV_illegal first
 * decodegen tables TABLE   rv_rows[] and the matcher rv_match()
 * decodegen list TABLE     one row a line, for coverage reports
 * The table's form is described at the top of rv64.decode. The matcher switches on the bits
 * that all candidate rows fix, again and again, until none are left, then compares the rest
 * in order of the number of fixed bits.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 512
#define MAX_COLUMNS 7

struct row {
    char *name, *format, *ext, *operands, *expands, *where;
    uint32_t match, mask;
    int bytes, line;
    char id[32]; /* the name as a C identifier */
};

static struct row row[MAX_ROWS];
static int n_rows;
static const char *path;

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
                      .where = col[6] && *col[6] ? col[6] : NULL, .line = line};
    parse_bits(r, col[1]);
    if (strlen(r->name) >= sizeof r->id)
        die(line, "name too long", r->name);
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
        if (find(r->name) != r)
            die(r->line, "this name exists already", r->name);
        if (r->expands && !find(r->expands))
            die(r->line, "no such row to expand to", r->expands);
        if (!r->expands != (r->bytes == 4))
            die(r->line, "16-bit rows, and only they, expand to another", r->name);
    }
}

/* ---- Output -------------------------------------------------------------------------- */

static void put_ops(void)
{
    printf("/* Generated from the decode table. */\n#ifndef RV64_OPS_H\n#define RV64_OPS_H\n\n"
           "enum rv_op {\n    RV_illegal,\n");
    for (int i = 0; i < n_rows; i++)
        printf("    RV_%s,\n", row[i].id);
    printf("    RV_OP_COUNT\n};\n\n#endif\n");
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
    printf("(isa & RV_BIT(%s))", r->ext);
    if (r->expands)
        printf(" && (isa & RV_BIT(%s))", find(r->expands)->ext);
    printf(") {\n%*sfmt_%s(w, i);\n", in + 4, "", r->format);
    if (!r->where) {
        printf("%*sreturn RV_%s;\n%*s}\n", in + 4, "", r->id, in, "");
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
    printf(")\n%*sreturn RV_%s;\n%*s*i = (struct rv_insn){0};\n%*s}\n", in + 8, "", r->id,
           in + 4, "", in, "");
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

static void put_tables(void)
{
    printf("/* Generated from the decode table. */\n#include \"decode-formats.h\"\n\n"
           "const struct rv_row rv_rows[RV_OP_COUNT] = {\n"
           "    [RV_illegal] = {.name = \"illegal\", .operands = \"\"},\n");
    for (int i = 0; i < n_rows; i++) {
        const struct row *r = &row[i];
        printf("    [RV_%s] = {\"%s\", \"%s\", 0x%xu, 0x%xu, %d, RV_X_%s, ", r->id, r->name,
               r->operands, r->match, r->mask, r->bytes, r->ext);
        printf(r->expands ? "RV_%s},\n" : "0},\n", r->expands ? find(r->expands)->id : "");
    }
    printf("};\n\nuint32_t rv_match(uint32_t w, uint64_t isa, struct rv_insn *i)\n{\n"
           "    if (rv_length(w) == 2) {\n");
    put_length(2, 8);
    printf("    } else {\n");
    put_length(4, 8);
    printf("    }\n    return RV_illegal;\n}\n");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: decodegen ops|tables|list TABLE\n");
        return 1;
    }
    parse(argv[2]);
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
