/* SPDX-License-Identifier: MIT */
/* test-front-args.c - sub-options: flat, dotted and JSON spellings mean the same. */
#include "front.h"

#include "cli/args.h"

static pb_err e;

/* "key=value;…" of what `text` parses to, or the error. */
static char *show(const char *text, const char *implied)
{
    pb_err_clear(&e);
    struct pb_args *a = pb_args_parse("-x", text, implied, &e);
    GString *s = g_string_new(NULL);

    for (guint i = 0; a && i < a->v->len; i++) {
        const struct pb_arg *x = a->v->pdata[i];
        g_string_append_printf(s, "%s=%s;", x->key, x->value);
    }
    if (!a)
        g_string_append_printf(s, "!%s", e.text);
    pb_args_free(a);
    return g_string_free(s, FALSE);
}

static void same(const char *text, const char *implied, const char *want)
{
    g_autofree char *got = show(text, implied);

    if (strcmp(got, want))
        printf("'%s': '%s', not '%s'\n", text, got, want);
    CU_ASSERT_STRING_EQUAL(got, want);
}

static void test_flat(void)
{
    same("e1000,mac=1:2", "driver", "driver=e1000;mac=1:2;");
    same("driver=e1000", "driver", "driver=e1000;");
    same("a=1,,2,b=,,", NULL, "a=1,2;b=,;");
    same("a=,b=2", NULL, "a=;b=2;");
    same("readonly,b=2", NULL, "readonly=on;b=2;");
    same("x,help", "driver", "driver=x;help=on;");
    same("x,?", "driver", "driver=x;help=on;");
    same("a=b=c", NULL, "a=b=c;");
    same("a=1,", NULL, "a=1;");
    same("", "driver", "driver=;");
    same("x,,y,z=1", "driver", "driver=x,y;z=1;");
    same("a=1,=2", NULL, "!-x a=1,=2: Invalid parameter '=2'");
    same("hostfwd=a,hostfwd=b", NULL, "hostfwd=a;hostfwd=b;");
}

static void test_json_is_flat(void)
{
    same("{\"a\": {\"b\": 1, \"c\": true}, \"d\": [\"x\", {\"e\": \"y\"}]}", NULL,
         "a.b=1;a.c=on;d.0=x;d.1.e=y;");
    same("{\"s\": \"\\u00e9\\n\\ud83d\\ude00\"}", NULL, "s=\xc3\xa9\n\xf0\x9f\x98\x80;");
    same("{\"n\": null, \"f\": false}", NULL, "f=off;");
    same("{}", NULL, "");
    same("{\"a\": 1", NULL, "!-x {\"a\": 1: JSON: expected ',' or '}' at character 8");
}

static void test_access(void)
{
    pb_err_clear(&e);
    struct pb_args *a = pb_args_parse("-x", "t,h=1,h=2,b=on,n=0x10,file.a=1,file.b=2,clokc=maybe",
                                      "t", &e);
    gboolean b = FALSE;
    guint64 n = 0;
    guint i = 0;

    CU_ASSERT_STRING_EQUAL(pb_args_next(a, "h", &i), "1");
    CU_ASSERT_STRING_EQUAL(pb_args_next(a, "h", &i), "2");
    CU_ASSERT_PTR_NULL(pb_args_next(a, "h", &i));
    CU_ASSERT_STRING_EQUAL(pb_args_get(a, "h"), "2");
    CU_ASSERT(pb_args_bool(a, "b", &b, &e) == 0 && b);
    CU_ASSERT(pb_args_uint(a, "n", &n, &e) == 0 && n == 16);
    struct pb_args *sub = pb_args_split(a, "file.");
    CU_ASSERT_EQUAL(sub->v->len, 2);
    CU_ASSERT_STRING_EQUAL(pb_args_get(sub, "b"), "2");
    pb_args_free(sub);
    CU_ASSERT_STRING_EQUAL(pb_args_get(a, "t"), "t");
    static const char *const known[] = {"base", "clock", NULL};
    CU_ASSERT(pb_args_done(a, known, &e) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "Invalid parameter 'clokc'"));
    CU_ASSERT_STRING_EQUAL(e.hint, "did you mean 'clock'?");
    pb_err_clear(&e);
    CU_ASSERT(pb_args_bool(a, "clokc", &b, &e) < 0);
    pb_err_clear(&e);
    CU_ASSERT(pb_args_done(a, known, &e) == 0);
    pb_args_free(a);
}

int main(void)
{
    static const struct claim v[] = {{"flat spellings", test_flat},
                                     {"JSON is flattened", test_json_is_flat},
                                     {"what is left over is told", test_access}};
    return run_claims("args", v, G_N_ELEMENTS(v));
}
