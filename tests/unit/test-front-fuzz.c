/* SPDX-License-Identifier: MIT */
/* test-front-fuzz.c - mutated manifests, sidecars, sub-options, JSON, monitor keys: faults at
 * most, never a crash or a hang. Arguments: rounds (2000), seed (1).
 */
#include "front.h"

#include "cli/args.h"
#include "manifest/plan.h"
#include "monitor/edit.h"
#include "object/host.h"
#include "plugin/sidecar.h"
#include "util/json.h"

/* Options' texts are interned for the life of the process. The pool that GLib outgrows looks
 * lost to the leak checker, so leaks are left to the tests of whole commands. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static guint rounds = 2000;
static guint64 seed = 1;

static guint32 rnd(guint32 n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (guint32)((seed >> 16) % n);
}

static const char *const pieces[] = {
    "[device x]\n", "[machine]\n", "count = 1000\n", "count = 0\n", "reg = 0xffffffffffffffff 2\n",
    "+n*0xffffffffffffffff", "$smp", "${", "$$", "irq = ", "cpu:irq.3", "intc:in.0-7", "shared",
    " | ", "inherits = board\n", "when = !shiny\n", "delete = yes\n", "line.out = ", "bus = a.9\n",
    "bus = uart0.0\n", "\0", "=", "\n", "[", "]", "type = toy-intc\n", "type = toy-uart\n",
    "link.timer = uart0\n", "prop.depth = -1\n", "99999999999999999999", "0x", ",", ",,", "{",
    "}", "\"", "\\u", "\\ud800", ":", "true", "[[[[[[[[", "id=a", "help", "file.file.file.",
    "format = 1\n", "prop.x.doc = y\n", "library = z.so\n", "clock = 1 2 3\n", "fdt. = \n", NULL};

static void mutate(GString *s)
{
    guint n = 1 + rnd(6);

    while (n--) {
        gsize at = s->len ? rnd((guint32)s->len) : 0, len = rnd(24);
        const char *p = pieces[rnd(G_N_ELEMENTS(pieces) - 1)];
        switch (rnd(5)) {
        case 0:
            if (s->len)
                s->str[at] = (char)rnd(256);
            break;
        case 1: g_string_erase(s, (gssize)at, (gssize)MIN(len, s->len - at)); break;
        case 2: g_string_insert(s, (gssize)at, p); break;
        case 3: /* a copy of one line elsewhere */
            if (s->len) {
                g_autofree char *part = g_strndup(s->str + at, MIN(len * 4, s->len - at));
                g_string_insert(s, (gssize)rnd((guint32)s->len), part);
            }
            break;
        default: g_string_truncate(s, at + len < s->len ? s->len - len / 8 : s->len); break;
        }
    }
}

static void test_manifests(void)
{
    g_autofree char *text = NULL;
    gsize n;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(BOARD, &text, &n, NULL));
    guint clean = 0;
    for (guint i = 0; i < rounds; i++) {
        GString *s = g_string_new_len(text, (gssize)n);
        struct pb_mconf conf = {.arch = "toy", .cpus = rnd(3)};
        struct pb_faults f;
        if (i)
            mutate(s);
        pb_faults_init(&f);
        struct pb_manifest m = {.id = (char *)"fuzz", .path = (char *)"fuzz",
                                .ini = pb_ini_parse("fuzz", s->str, s->len, &f)};
        struct pb_plan *p = pb_plan_make(&m, &conf, &f);
        clean += !f.v->len;
        pb_plan_free(p);
        pb_ini_free(m.ini);
        pb_faults_clear(&f);
        g_string_free(s, TRUE);
    }
    CU_ASSERT(clean > 0); /* the seed itself has no faults */
}

static void test_sidecars(void)
{
    g_autofree char *text = NULL;
    const char *dir = g_getenv("PLUGBOARD_PLUGIN_PATH");
    g_autofree char *path = g_build_filename(dir ? dir : ".", "toy-board.plugin", NULL);
    gsize n;

    CU_ASSERT_TRUE_FATAL(g_file_get_contents(path, &text, &n, NULL));
    for (guint i = 0; i < rounds; i++) {
        GString *s = g_string_new_len(text, (gssize)n);
        GPtrArray *classes = g_ptr_array_new();
        struct pb_faults f;
        mutate(s);
        pb_faults_init(&f);
        struct pb_ini *ini = pb_ini_parse("/x/fuzz.plugin", s->str, s->len, &f);
        struct pb_plugin_file *p = pb_sidecar_parse(ini, classes, &f);
        for (guint k = 0; k < classes->len; k++)
            pb_class_free(classes->pdata[k]);
        pb_plugin_file_free(p);
        pb_ini_free(ini);
        g_ptr_array_unref(classes);
        pb_faults_clear(&f);
        g_string_free(s, TRUE);
    }
}

static void test_options(void)
{
    static const char *const seeds[] = {
        "virtio-blk-device,drive=d0,id=a,serial=x,,y", "user,id=n,hostfwd=tcp::1-:2,hostfwd=b",
        "{\"driver\": \"raw\", \"file\": {\"driver\": \"file\", \"filename\": \"x\"}}",
        "file=a,if=none,format=raw,readonly=on", "[1, {\"a\": [true, null, -1.5e3]}]"};

    for (guint i = 0; i < rounds * 10; i++) {
        GString *s = g_string_new(seeds[rnd(G_N_ELEMENTS(seeds))]);
        pb_err e = {0};
        mutate(s);
        struct pb_args *a = pb_args_parse("-x", s->str, rnd(2) ? "driver" : NULL, &e);
        if (a) {
            gboolean b;
            guint64 v;
            pb_args_bool(a, "readonly", &b, NULL);
            pb_args_uint(a, "id", &v, NULL);
            pb_args_free(pb_args_split(a, "file."));
            pb_args_wants_help(a);
            pb_args_done(a, pieces, &e);
        }
        CU_ASSERT(a || e.code < 0);
        pb_args_free(a);
        pb_err_clear(&e);
        struct pb_json *j = pb_json_parse(s->str, &e);
        pb_json_free(j);
        pb_err_clear(&e);
        g_string_free(s, TRUE);
    }
}

static void ignore(void *user, const char *text)
{
    (void)user, (void)text;
}

static char **nothing(void *user, const char *text)
{
    (void)user, (void)text;
    return g_new0(char *, 1);
}

static void test_keys(void)
{
    struct pb_edit x;

    pb_edit_init(&x, ignore, ignore, nothing, NULL);
    for (guint i = 0; i < rounds * 100; i++) {
        static const char *const keys[] = {"\033[A", "\033[B", "\033[C", "\033[D", "\033[3~",
                                           "\177", "\027", "abc", "\r", "\t", "\001", "\013"};
        const char *k = keys[rnd(G_N_ELEMENTS(keys))];
        while (*k)
            pb_edit_byte(&x, (unsigned char)*k++);
        if (rnd(4) == 0)
            pb_edit_byte(&x, (unsigned char)rnd(256));
        if (x.at > x.buf->len) {
            CU_FAIL_FATAL("the cursor left the line");
        }
    }
    pb_edit_fini(&x);
}

int main(int argc, char **argv)
{
    static const struct claim v[] = {{"manifests", test_manifests}, {"sidecars", test_sidecars},
                                     {"options and JSON", test_options}, {"keys", test_keys}};
    if (argc > 1)
        rounds = (guint)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10) | 1;
    pb_host_init();
    pb_registry_scan();
    return run_claims("fuzz", v, G_N_ELEMENTS(v));
}
