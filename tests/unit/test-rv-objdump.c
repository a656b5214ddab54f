/* SPDX-License-Identifier: MIT */
/* test-rv-objdump.c - the decoder and disassembler name every instruction as binutils does.
 *
 * Each row of rv64.decode with many random operands, all 65536 short words, and a million
 * random long words (fewer by default: the argument says how many) go through both. Words
 * that only one side takes for an instruction count as differences, too,
 * unless the other side's name is not in our table at all (extensions that we do not have).
 * Skipped (77) without riscv64-linux-gnu-{as,objcopy,objdump}.
 */
#include "decode.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PER_ROW 100u
#define MARCH "rv64imafdc_zicsr_zifencei_zba_zbb_zbc_zbs_zicbom_zicboz_svinval"

static uint32_t n_random = 20000;
static char dir[] = "/tmp/rv-objdump-XXXXXX";
static uint64_t seed = 88172645463325252ull;

static uint32_t rnd(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 16);
}

static int run(const char *fmt)
{
    char cmd[512];
    snprintf(cmd, sizeof cmd, fmt, dir, dir, dir);
    return system(cmd);
}

/* Targets: ours have 0x, theirs have not when there is a symbol. */
static int same_target(const char *ours, const char *theirs)
{
    const char *a = strstr(ours, "0x");
    return a && !strncmp(ours, theirs, (size_t)(a - ours)) && !strcmp(a + 2, theirs + (a - ours));
}

/* Names that binutils gives, or refuses, differently from us on purpose. */
static int tolerated(const char *ours, const char *theirs)
{
    static const char *const pairs[][2] = {
        {"c.slli", "c.slli64"}, {"c.srli", "c.srli64"}, {"c.srai", "c.srai64"},
        {"fence", "pause"}, {".2byte", "c.addi16sp\tsp,0"}
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (!strncmp(ours, pairs[i][0], strlen(pairs[i][0])) &&
            !strncmp(theirs, pairs[i][1], strlen(pairs[i][1])))
            return 1;
    /* A CSR that we do not have is a number here. */
    if (!strncmp(ours, "csrr", 4)) {
        const char *a = strstr(ours, ",0x"), *b = strchr(theirs, ',');
        return a && b && a - ours == b - theirs && !strncmp(ours, theirs, (size_t)(a - ours));
    }
    if (theirs[0] == '.') /* reserved fields of a fence are to be ignored (volume I, 2.7) */
        return !strncmp(ours, "fence", 5) || !strncmp(ours, "fcvt.d.", 7) ||
               !strncmp(ours, "czero.", 6); /* newer than binutils 2.40 */
    return same_target(ours, theirs);
}

static int known_name(const char *text)
{
    size_t n = strcspn(text, "\t ");
    for (uint32_t r = 1; r < RV_OP_COUNT; r++)
        if (strlen(rv_rows[r].name) == n && !strncmp(rv_rows[r].name, text, n))
            return 1;
    return 0;
}

/* One line of objdump: address, bytes, mnemonic, operands between tabs. */
static int parse_line(char *line, uint64_t *pc, char *text, size_t size)
{
    char *hex = strchr(line, '\t'), *end;
    if (!hex)
        return 0;
    *pc = strtoull(line, &end, 16);
    if (*end != ':')
        return 0;
    char *name = strchr(hex + 1, '\t');
    if (!name)
        return 0;
    name[strcspn(name, "\n#<")] = 0;
    snprintf(text, size, "%s", name + 1);
    size_t n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        text[--n] = 0;
    return 1;
}

static uint32_t compare(const uint8_t *code, size_t bytes)
{
    char path[64], line[256], theirs[256], ours[256];
    snprintf(path, sizeof path, "%s/code", dir);
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL_FATAL(fwrite(code, 1, bytes, f), bytes);
    fclose(f);
    CU_ASSERT_EQUAL_FATAL(run("cd %s && riscv64-linux-gnu-objcopy --update-section .text=code "
                              "e.o c.o && riscv64-linux-gnu-objdump -dz -M no-aliases c.o "
                              "> out.txt"), 0);
    snprintf(path, sizeof path, "%s/out.txt", dir);
    f = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    uint32_t wrong = 0, seen = 0;
    while (fgets(line, sizeof line, f)) {
        uint64_t pc;
        if (!parse_line(line, &pc, theirs, sizeof theirs) || pc >= bytes)
            continue;
        seen++;
        rv_disassemble(pc, code + pc, 4, ours, sizeof ours);
        if (!strcmp(ours, theirs) || tolerated(ours, theirs))
            continue;
        if (ours[0] == '.' && (theirs[0] == '.' || !known_name(theirs)))
            continue;
        if (wrong++ < 20)
            printf("\n  %08x: %s, objdump says %s",
                   code[pc] | code[pc + 1] << 8 | code[pc + 2] << 16 | (uint32_t)code[pc + 3] << 24,
                   ours, theirs);
    }
    fclose(f);
    CU_ASSERT(seen * 4 >= bytes);
    return wrong;
}

static void put32(uint8_t *p, uint32_t w)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(w >> (8 * i));
}

static void test_rows(void)
{
    uint8_t *code = calloc(RV_OP_COUNT * PER_ROW, 4);
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    for (uint32_t r = 1; r < RV_OP_COUNT; r++) {
        uint32_t hits = 0;
        if (rv_rows[r].len != 4 || rv_rows[r].ext == RV_X_ZICOND) /* newer than binutils 2.40 */
            continue;
        for (uint32_t k = 0; k < PER_ROW; k++, n += 4) {
            uint32_t w = rv_rows[r].match | (rnd() & ~rv_rows[r].mask);
            struct rv_insn i;
            rv_decode(w, ~0ull, &i);
            hits += i.row == r;
            put32(code + n, w);
        }
        if (!hits)
            printf("\n  row %s is never chosen", rv_rows[r].name);
        CU_ASSERT(hits > 0);
    }
    CU_ASSERT_EQUAL(compare(code, n), 0);
    free(code);
}

static void test_short(void)
{
    uint8_t *code = calloc(65536, 4);
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    for (uint32_t w = 0; w < 65536; w++)
        if ((w & 3) != 3) { /* each followed by a c.nop */
            put32(code + n, w | 0x00010000);
            n += 4;
        }
    CU_ASSERT_EQUAL(compare(code, n), 0);
    free(code);
}

static void test_random(void)
{
    uint8_t *code = malloc(n_random * 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(code);
    for (uint32_t k = 0; k < n_random; k++) {
        uint32_t w = rnd() | 3;
        if ((w & 0x1c) == 0x1c)
            w ^= 4; /* else longer than four bytes */
        put32(code + 4 * k, w);
    }
    CU_ASSERT_EQUAL(compare(code, n_random * 4), 0);
    free(code);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n_random = (uint32_t)strtoul(argv[1], NULL, 0);
    if (!mkdtemp(dir) || run("cd %s && echo c.nop | riscv64-linux-gnu-as -march=" MARCH
                             " -o e.o 2>/dev/null") != 0) {
        run("rm -rf %s");
        return 77;
    }
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("rv-objdump", NULL, NULL);
    CU_add_test(s, "each row with random operands", test_rows);
    CU_add_test(s, "every 16-bit word", test_short);
    CU_add_test(s, "random words", test_random);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = CU_get_number_of_failures() != 0;
    CU_cleanup_registry();
    run("rm -rf %s");
    return failed;
}
