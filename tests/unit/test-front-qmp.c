/* SPDX-License-Identifier: MIT */
/* test-front-qmp.c - a stream of JSON is cut into values at the same places however it comes,
 * within its limits, and a control character always begins anew. The fuzzer's arguments: bytes
 * (300000), seed (1); what is found goes through the command reader and its checks, too.
 */
#include "front.h"

#include "monitor/qmp-stream.h"
#include "monitor/qmp.h"

static gsize bytes = 300000;
static guint64 seed = 1;

static guint32 rnd(guint32 n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (guint32)((seed >> 16) % n);
}

/* What a stream is cut into, "value|value|!fault|…", given in pieces of at most `most` bytes. */
static char *cut(const char *text, gsize n, guint most)
{
    struct pb_qmp_stream s;
    GString *out = g_string_new(NULL);

    pb_qmp_stream_init(&s);
    while (n) {
        gsize used = 0, piece = 1 + rnd(most), k = MIN(n, piece);
        enum pb_qmp_found f = pb_qmp_stream_feed(&s, text, k, &used);
        CU_ASSERT(used <= k && (used == k || f != PB_QMP_MORE));
        CU_ASSERT(s.text->len <= PB_QMP_BYTES + 1 && s.depth <= PB_QMP_DEPTH);
        if (f == PB_QMP_VALUE)
            g_string_append_printf(out, "%s|", s.text->str);
        else if (f == PB_QMP_BAD)
            g_string_append_printf(out, "!%s|", s.fault);
        text += used;
        n -= used;
    }
    pb_qmp_stream_fini(&s);
    return g_string_free(out, FALSE);
}

static void test_values(void)
{
    static const struct { const char *text, *want; } v[] = {
        {"{}{}", "{}|{}|"}, {" {\"a\": [1,\n2]} \r\n[]", "{\"a\": [1,\n2]}|[]|"},
        {"{\"}\\\"\": '\"'}", "{\"}\\\"\": '\"'}|"}, {"12 true\n", "12|true|"},
        {"1{}", "1|{}|"}, {"\"a\"\"b\"", "\"a\"|\"b\"|"}, {"12", ""}, {"{\"a\"", ""},
        {"}{}", "!expected a value|{}|"}, {"{]x{}", "!a bracket that ends nothing|{}|"},
        {"[1\x01[2]", "!a stray control character|[2]|"},
        {"\xff{}\xff", "!a stray control character|{}|!a stray control character|"},
        {"\"a\nb\n{}", "!a string that does not end|b|{}|"},
        {"]]]] ,,,\n{}", "!expected a value|{}|"}};

    for (guint i = 0; i < G_N_ELEMENTS(v); i++)
        for (guint most = 1; most < 30; most += 7) {
            g_autofree char *got = cut(v[i].text, strlen(v[i].text), most);
            if (strcmp(got, v[i].want))
                printf("%s: %s, not %s\n", v[i].text, got, v[i].want);
            CU_ASSERT_STRING_EQUAL(got, v[i].want);
        }
}

static void test_limits(void)
{
    g_autofree char *deep = g_strnfill(100, '['), *many = g_strnfill(40000, ',');
    g_autofree char *text = g_strnfill(PB_QMP_BYTES + 100, 'x');

    *many = '[';
    *text = '"';
    g_autofree char *a = cut(deep, 100, 9), *b = cut(many, 40000, 999);
    g_autofree char *c = cut(text, PB_QMP_BYTES + 100, 65536);
    CU_ASSERT_STRING_EQUAL(a, "!nested too deep|");
    CU_ASSERT_STRING_EQUAL(b, "!too many values in one|");
    CU_ASSERT_STRING_EQUAL(c, "!too long|");
}

static const char *const pieces[] = {
    "{\"execute\": \"query-status\"}", "{\"execute\": ", "\"qmp_capabilities\"", "\"arguments\": {",
    "\"id\": ", "'", "\"", "\\", "\\u12", "{", "}", "[", "]", ",", ":", "\n", "\xff", "\x01", "1e9",
    "-", "null", "\"command-line\": \"", "\"enable\": [", "\xc3\xa9", "\xed\xa0\x80", "[[[[[[[[[[["};

static void append_noise(GString *s)
{
    switch (rnd(8)) {
    case 0: g_string_append_c(s, (char)(rnd(255) + 1)); break;
    case 1: g_string_append_len(s, "\0", 1); break;
    default: g_string_append(s, pieces[rnd(G_N_ELEMENTS(pieces))]);
    }
}

/* As a command, and as the arguments of any. */
static void use(const char *text)
{
    pb_err e = {0};
    struct pb_json *j = pb_json_parse_lax(text, &e);

    CU_ASSERT(j || e.code < 0);
    if (j) {
        GString *out = g_string_new(NULL);
        pb_json_print(out, j);
        struct pb_json *again = pb_json_parse(out->str, NULL);
        CU_ASSERT_PTR_NOT_NULL(again);
        pb_json_free(again);
        g_string_free(out, TRUE);
    }
    for (const struct pb_qmp_command *c = pb_qmp_commands; c->name; c++) {
        pb_err ignore = {0};
        if (j && j->type == PB_JSON_OBJECT)
            pb_qmp_check(c->args, j, &ignore);
        pb_err_clear(&ignore);
    }
    pb_json_free(j);
    pb_err_clear(&e);
}

static void test_noise(void)
{
    guint found = 0;

    for (gsize done = 0; done < bytes;) {
        GString *s = g_string_new(NULL);
        while (s->len < 2000)
            append_noise(s);
        done += s->len;
        g_autofree char *one = cut(s->str, s->len, 1), *some = cut(s->str, s->len, 300);
        CU_ASSERT_STRING_EQUAL(one, some);
        g_auto(GStrv) values = g_strsplit(some, "|", -1);
        for (char **v = values; *v; v++, found++)
            use(*v);
        g_string_append(s, "\x1b{}");
        g_autofree char *end = cut(s->str, s->len, 300);
        CU_ASSERT(g_str_has_suffix(end, "!a stray control character|{}|"));
        g_string_free(s, TRUE);
    }
    CU_ASSERT(found > 0);
}

int main(int argc, char **argv)
{
    static const struct claim v[] = {{"values", test_values}, {"limits", test_limits},
                                     {"noise", test_noise}};
    if (argc > 1)
        bytes = strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10) | 1;
    return run_claims("qmp", v, G_N_ELEMENTS(v));
}
