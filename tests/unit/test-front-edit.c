/* SPDX-License-Identifier: MIT */
/* test-front-edit.c - the line editor: what is entered is what the screen shows. */
#include "front.h"

#include "monitor/edit.h"

static GString *lines, *screen; /* lines entered; a one-line terminal */
static gsize cursor;

static void print(void *user, const char *text)
{
    (void)user;
    for (; *text; text++) {
        if (*text == '\b') {
            CU_ASSERT(cursor > 0);
            cursor--;
        } else if (!strncmp(text, "\033[K", 3)) {
            g_string_truncate(screen, cursor);
            text += 2;
        } else if (*text == '\n') {
            g_string_truncate(screen, 0);
            cursor = 0;
        } else {
            g_string_overwrite_len(screen, cursor, text, 1);
            cursor++;
        }
    }
}

static void line(void *user, const char *text)
{
    (void)user;
    g_string_append_printf(lines, "%s;", text);
}

static char **complete(void *user, const char *text)
{
    (void)user;
    static const char *const one[] = {"system_reset", NULL},
                             *const two[] = {"stop", "store", NULL}, *const none[] = {NULL};
    return g_strdupv((char **)(g_str_has_prefix(text, "sy") ? one
                               : g_str_has_prefix(text, "st") ? two : none));
}

static void type(const char *keys, const char *want)
{
    struct pb_edit x;

    lines = g_string_new(NULL);
    screen = g_string_new(NULL);
    cursor = 0;
    pb_edit_init(&x, print, line, complete, NULL);
    for (; *keys; keys++)
        pb_edit_byte(&x, (unsigned char)*keys);
    g_autofree char *shown = g_strdup_printf("%s%s", lines->len ? "(plugboard) " : "", x.buf->str);
    CU_ASSERT_STRING_EQUAL(screen->str, shown);
    pb_edit_byte(&x, '\r');
    if (strcmp(lines->str, want))
        printf("'%s', not '%s'\n", lines->str, want);
    CU_ASSERT_STRING_EQUAL(lines->str, want);
    pb_edit_fini(&x);
    g_string_free(lines, TRUE);
    g_string_free(screen, TRUE);
}

static void test_keys(void)
{
    type("abc", "abc;");
    type("abc\177d", "abd;");
    type("abc\001x", "xabc;");
    type("abc\002\002X", "aXbc;");
    type("abc\033[D\033[D\033[3~", "ac;");
    type("abc\033[H1\033[F2", "1abc2;");
    type("one two\027three", "one three;");
    type("one\025two", "two;");
    type("abc\001\006\013", "a;");
    type("abc\004\001\004", "bc;");
    type("\177\001\002\033[D\033[A\033[B", ";");
}

static void test_history(void)
{
    type("one\rtwo\r\033[A\033[A", "one;two;one;");
    type("one\rtwo\r\033[A\033[A\033[B", "one;two;two;");
    type("one\rx\020\020\016\016y", "one;y;");
    type("one\r\r\033[A", "one;;one;");
}

static void test_completion(void)
{
    type("sy\t", "system_reset ;");
    type("s\t", "s;");
    type("st\t", "sto;");
}

static void test_long_lines_stop(void)
{
    struct pb_edit x;

    lines = g_string_new(NULL);
    screen = g_string_new(NULL);
    cursor = 0;
    pb_edit_init(&x, print, line, complete, NULL);
    for (int i = 0; i < 5000; i++)
        pb_edit_byte(&x, 'a');
    CU_ASSERT(x.buf->len <= 1024);
    pb_edit_fini(&x);
    g_string_free(lines, TRUE);
    g_string_free(screen, TRUE);
}

int main(void)
{
    static const struct claim v[] = {{"keys", test_keys}, {"history", test_history},
                                     {"completion", test_completion},
                                     {"long lines stop", test_long_lines_stop}};
    g_unsetenv("PLUGBOARD_PROMPT");
    return run_claims("edit", v, G_N_ELEMENTS(v));
}
