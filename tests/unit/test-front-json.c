/* SPDX-License-Identifier: MIT */
/* test-front-json.c - the JSON reader takes RFC 8259 and nothing else. */
#include "front.h"

#include "util/json.h"

static void test_accepts(void)
{
    static const char *const good[] = {
        "null", "true", " false ", "0", "-0", "1.5e+10", "1E5", "\"\"", "[]", "{}",
        "[1, [2, {\"a\": []}]]", "{\"a\":1,\"b\":2}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "18446744073709551615"};

    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        pb_err e = {0};
        struct pb_json *j = pb_json_parse(good[i], &e);
        if (!j)
            printf("%s: %s\n", good[i], e.text);
        CU_ASSERT_PTR_NOT_NULL(j);
        pb_json_free(j);
        pb_err_clear(&e);
    }
}

static void test_refuses(void)
{
    static const char *const bad[] = {
        "", "nul", "truefalse", "01", "1.", ".5", "+1", "1e", "-", "'a'", "\"a", "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\u0000\"", "\"\n\"", "[", "[1,]", "[1 2]",
        "{\"a\"}", "{\"a\":}", "{a:1}", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{\"a", "{} {}", "\xff",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"};

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        pb_err e = {0};
        struct pb_json *j = pb_json_parse(bad[i], &e);
        if (j)
            printf("accepted: %s\n", bad[i]);
        CU_ASSERT_PTR_NULL(j);
        CU_ASSERT(e.code < 0);
        pb_json_free(j);
        pb_err_clear(&e);
    }
}

static void test_quotes(void)
{
    GString *s = g_string_new(NULL);
    pb_err e = {0};

    pb_json_quote(s, "a\"b\\c\n\x01\xc3\xa9");
    CU_ASSERT_STRING_EQUAL(s->str, "\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa9\"");
    struct pb_json *j = pb_json_parse(s->str, &e);
    CU_ASSERT_STRING_EQUAL(j->text, "a\"b\\c\n\x01\xc3\xa9");
    pb_json_free(j);
    g_string_free(s, TRUE);
}

int main(void)
{
    static const struct claim v[] = {{"accepts", test_accepts}, {"refuses", test_refuses},
                                     {"what is quoted is read back", test_quotes}};
    return run_claims("json", v, G_N_ELEMENTS(v));
}
