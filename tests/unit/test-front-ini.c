/* SPDX-License-Identifier: MIT */
/* test-front-ini.c - the reader of manifests: places, duplicates, values, arithmetic. */
#include "front.h"

#include "manifest/ini.h"
#include "manifest/value.h"

static struct pb_faults faults;

static struct pb_ini *parse(const char *text)
{
    if (faults.v)
        pb_faults_clear(&faults);
    pb_faults_init(&faults);
    return pb_ini_parse("f", text, strlen(text), &faults);
}

static void fault_at(const char *text, int line, int col)
{
    struct pb_ini *i = parse(text);

    CU_ASSERT_EQUAL_FATAL(faults.v->len, 1);
    const struct pb_fault *f = &g_array_index(faults.v, struct pb_fault, 0);
    CU_ASSERT_EQUAL(f->place.line, line);
    CU_ASSERT_EQUAL(f->place.col, col);
    pb_ini_free(i);
}

static void test_values_and_places(void)
{
    struct pb_ini *i = parse("# c\n\n[device  uart0 ]\r\n  reg =  0x10 20 \n\tx.#y=\n"
                             "[fdt /a@1,2]\n");

    CU_ASSERT_EQUAL(faults.v->len, 0);
    const struct pb_ini_group *g = pb_ini_group(i, "device", "uart0");
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    const struct pb_ini_key *k = pb_ini_get(g, "reg");
    CU_ASSERT_PTR_NOT_NULL_FATAL(k);
    CU_ASSERT_STRING_EQUAL(k->value, "0x10 20");
    CU_ASSERT_EQUAL(k->place.line, 4);
    CU_ASSERT_EQUAL(k->place.col, 3);
    CU_ASSERT_EQUAL(k->vcol, 10);
    CU_ASSERT_STRING_EQUAL(pb_ini_value(g, "x.#y"), "");
    CU_ASSERT_PTR_NULL(pb_ini_value(g, "z"));
    CU_ASSERT_PTR_NOT_NULL(pb_ini_group(i, "fdt", "/a@1,2"));
    pb_ini_free(i);
}

static void test_faults_have_places(void)
{
    fault_at("[a\n", 1, 3);
    fault_at("[a b c]\n", 1, 6);
    fault_at("[]\n", 1, 2);
    fault_at("[a]\n  key\n", 2, 6);
    fault_at("[a]\n= v\n", 2, 1);
    fault_at("k = v\n", 1, 1);
    fault_at("[a]\nk = 1\n\nk = 2\n", 4, 1);
    fault_at("[a]\n[b]\n[a]\n", 3, 1);
    fault_at("[a]\nk = \x07\n", 2, 5);
    fault_at("; c\n", 1, 1);
}

static void test_keys_of_refused_groups_are_skipped(void)
{
    struct pb_ini *i = parse("[a]\n[a]\nk = 1\nk = 2\n");

    CU_ASSERT_EQUAL(faults.v->len, 1);
    CU_ASSERT_PTR_NULL(pb_ini_value(pb_ini_group(i, "a", ""), "k"));
    pb_ini_free(i);
}

static void test_sizes(void)
{
    static const struct { const char *text; int ok; uint64_t v; } t[] = {
        {"0", 1, 0}, {"10", 1, 10}, {"0x10", 1, 16}, {"1_000", 1, 1000}, {"0x1_0", 1, 16},
        {"64K", 1, 65536}, {"64k", 1, 65536}, {"1MiB", 1, 1 << 20}, {"2G", 1, 1ull << 31},
        {"18446744073709551615", 1, UINT64_MAX}, {"18446744073709551616", 0, 0},
        {"16E", 0, 0}, {"0xffffffffffffffff", 1, UINT64_MAX}, {"", 0, 0}, {"K", 0, 0},
        {"12Q", 0, 0}, {"010", 0, 0}, {"-1", 0, 0}, {"1 ", 0, 0}, {"1__0", 0, 0}, {"_1", 0, 0},
        {"0x", 0, 0}, {"1Kx", 0, 0}};

    for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
        uint64_t v = 0;
        gboolean ok = pb_value_size(t[i].text, &v);
        if (!!ok != t[i].ok || (ok && v != t[i].v))
            printf("size '%s'\n", t[i].text);
        CU_ASSERT_EQUAL(!!ok, t[i].ok);
        if (ok)
            CU_ASSERT_EQUAL(v, t[i].v);
    }
    uint64_t hz;
    CU_ASSERT_TRUE(pb_value_freq("24M", &hz) && hz == 24000000);
    CU_ASSERT_TRUE(pb_value_freq("3686400", &hz) && hz == 3686400);
}

static void test_arithmetic_and_names(void)
{
    struct pb_scope s = {.counted = TRUE, .n = 3,
                         .vars = g_hash_table_new(g_str_hash, g_str_equal)};
    pb_err e = {0};
    uint64_t v;

    g_hash_table_insert(s.vars, "smp", "4");
    CU_ASSERT_EQUAL(pb_value_expr("0x1000+n*0x200", &s, &v, &e), 0);
    CU_ASSERT_EQUAL(v, 0x1600);
    CU_ASSERT_EQUAL(pb_value_expr("1+n", &s, &v, &e), 0);
    CU_ASSERT_EQUAL(v, 4);
    CU_ASSERT(pb_value_expr("0xffffffffffffffff+n", &s, &v, &e) < 0);
    pb_err_clear(&e);
    CU_ASSERT(pb_value_expr("0+n*0xffffffffffffffff", &s, &v, &e) < 0);
    pb_err_clear(&e);
    CU_ASSERT(pb_value_expr("1+m", &s, &v, &e) < 0);
    pb_err_clear(&e);
    s.counted = FALSE;
    CU_ASSERT(pb_value_expr("1+n", &s, &v, &e) < 0);
    pb_err_clear(&e);
    char *text = pb_value_expand("a$smp b${smp}c $$", &s, &e);
    CU_ASSERT_STRING_EQUAL_FATAL(text, "a4 b4c $");
    g_free(text);
    CU_ASSERT_PTR_NULL(pb_value_expand("$smq", &s, &e));
    CU_ASSERT_STRING_EQUAL(e.text, "'$smq' is no option of this machine; did you mean '$smp'?");
    pb_err_clear(&e);
    CU_ASSERT_PTR_NULL(pb_value_expand("${smp", &s, &e));
    pb_err_clear(&e);
    g_hash_table_unref(s.vars);
}

int main(void)
{
    static const struct claim v[] = {
        {"values and places", test_values_and_places},
        {"every fault has its line and column", test_faults_have_places},
        {"keys of refused groups are skipped", test_keys_of_refused_groups_are_skipped},
        {"sizes and frequencies", test_sizes},
        {"arithmetic and names", test_arithmetic_and_names}};
    return run_claims("ini", v, G_N_ELEMENTS(v));
}
