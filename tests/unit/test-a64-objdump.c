/* SPDX-License-Identifier: MIT */
/* test-a64-objdump.c - decoder and disassembler name every instruction as binutils does.
 *
 * Each row of the tables with many random operands and a million random words (fewer by default:
 * the argument says how many) go through both. Words that only one side takes for an instruction
 * count as differences too, unless the other side's name is not in our table at all.
 * Skipped (77) without aarch64-linux-gnu-objdump.
 */
#include "decode.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_ROW 100u

void a64_sysreg_init(void);

static uint32_t n_random = 20000;
static char dir[] = "/tmp/a64-objdump-XXXXXX";
static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static int is_simd(uint32_t w)
{
    return (w >> 25 & 7) == 7 || (w & 0x0e000000) == 0x0c000000;
}

/* Among the rows for words like w: newer integer instructions have names of SIMD's. */
static int known_name(const char *text, uint32_t w)
{
    uint32_t first = is_simd(w) ? A64_FIRST_a64_simd : 1;
    uint32_t end = is_simd(w) ? A64_OP_COUNT : A64_FIRST_a64_simd;
    size_t n = strcspn(text, "\t .");
    for (uint32_t r = first; r < end; r++)
        if (strcspn(a64_rows[r].name, "/") == n && !strncmp(a64_rows[r].name, text, n))
            return 1;
    return 0;
}

static int begins(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

/* Names that binutils gives, or refuses, differently from us on purpose. */
static int tolerated(const char *ours, const char *theirs, uint32_t w)
{
    if (begins(theirs, "hint\t")) /* hints have names here */
        return (w & 0xfffff01f) == 0xd503201f;
    if ((begins(ours, "mrs") && begins(theirs, "mrs")) ||
        (begins(ours, "msr") && begins(theirs, "msr"))) /* more or fewer names of registers */
        return 1;
    if (begins(theirs, "smst") || strstr(theirs, "\tza[")) /* SME */
        return 1;
    if ((w & 0xffd80000) == 0xd5000000) /* op0 0 */
        return 1;
    if (ours[0] == '.' && (begins(theirs, "fmlal") || begins(theirs, "fmlsl")))
        return (w >> 22 & 1) != 0; /* size x1 is not looked at */
    if ((w & 0x3fa00000) == 0x08800000) /* fields that should be ones: it looks at LDAR's only */
        return ours[0] == '.';
    /* Registers that are loaded twice or written back over: unpredictable. */
    return theirs[0] == '.' && begins(ours, "ld") && !strncmp(theirs + 1, "inst", 4) &&
           (strchr(ours, '!') || strstr(ours, "], #") || begins(ours, "ldp") ||
            begins(ours, "ldnp"));
}

/* One line of objdump: address, bytes, mnemonic, operands between tabs. */
static int parse_line(char *line, uint64_t *pc, char *text, size_t size)
{
    char *hex = strchr(line, '\t'), *end, *name;
    size_t n;
    if (!hex)
        return 0;
    *pc = strtoull(line, &end, 16);
    if (*end != ':' || !(name = strchr(hex + 1, '\t')))
        return 0;
    name[strcspn(name, "\n<")] = 0;
    if (strstr(name, "  //"))
        *strstr(name, "  //") = 0;
    if (strstr(name, "\t//"))
        *strstr(name, "\t//") = 0;
    n = (size_t)snprintf(text, size, "%s", name + 1);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        text[--n] = 0;
    return 1;
}

static uint32_t compare(const uint8_t *code, size_t bytes)
{
    char path[64], cmd[256], line[256], theirs[256], ours[256];
    uint32_t wrong = 0, seen = 0;
    snprintf(path, sizeof path, "%s/code", dir);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL_FATAL(fwrite(code, 1, bytes, f), bytes);
    fclose(f);
    snprintf(cmd, sizeof cmd, "aarch64-linux-gnu-objdump -D -z -b binary -m aarch64 "
             "-M no-aliases %s", path);
    f = popen(cmd, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while (fgets(line, sizeof line, f)) {
        uint64_t pc;
        uint32_t w;
        if (!parse_line(line, &pc, theirs, sizeof theirs) || pc >= bytes)
            continue;
        seen++;
        memcpy(&w, code + pc, 4);
        a64_disassemble(pc, code + pc, 4, ours, sizeof ours);
        struct a64_insn i;
        a64_decode(w, ~0ull, &i);
        if (!strcmp(ours, theirs) || tolerated(ours, theirs, w))
            continue;
        if (ours[0] == '.' && (theirs[0] == '.' || !known_name(theirs, w)))
            continue;
        if (wrong++ < 40)
            printf("\n  %08x: %s, objdump says %s", w, ours, theirs);
    }
    CU_ASSERT_EQUAL(pclose(f), 0);
    CU_ASSERT_EQUAL(seen, bytes / 4);
    return wrong;
}

static void test_rows(void)
{
    uint8_t *code = calloc(A64_OP_COUNT * PER_ROW, 4);
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    for (uint32_t r = 1; r < A64_OP_COUNT; r++) {
        uint32_t hits = 0;
        for (uint32_t k = 0; k < PER_ROW; k++, n += 4) {
            uint32_t w = a64_rows[r].match | (rnd() & ~a64_rows[r].mask);
            struct a64_insn i;
            a64_decode(w, ~0ull, &i);
            hits += i.op == r;
            memcpy(code + n, &w, 4);
        }
        if (!hits)
            printf("\n  row %s is never chosen", a64_rows[r].name);
        CU_ASSERT(hits > 0);
    }
    CU_ASSERT_EQUAL(compare(code, n), 0);
    free(code);
}

static void test_random(void)
{
    uint8_t *code = malloc(n_random * 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    for (uint32_t k = 0; k < n_random; k++) {
        uint32_t w;
        do /* not SVE */
            w = rnd();
        while ((w >> 25 & 15) == 2 || (w >> 25 & 15) == 0);
        memcpy(code + 4 * k, &w, 4);
    }
    CU_ASSERT_EQUAL(compare(code, n_random * 4), 0);
    free(code);
}

int main(int argc, char **argv)
{
    char cmd[128];
    uint32_t failed;
    if (argc > 1)
        n_random = (uint32_t)strtoul(argv[1], NULL, 0);
    if (system("command -v aarch64-linux-gnu-objdump >/dev/null") != 0)
        return 77;
    if (!mkdtemp(dir))
        return 1;
    a64_sysreg_init();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("a64-objdump", NULL, NULL);
    CU_add_test(s, "every row", test_rows);
    CU_add_test(s, "random words", test_random);
    CU_basic_run_tests();
    failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd) != 0 || failed != 0;
}
