/* SPDX-License-Identifier: MIT */
/* A mux: escapes, turns at the input, escapes although the guest does not listen; logfile. */
#include "chars.h"

#include <fcntl.h>

static int quits, in;

static void quit(void)
{
    quits++;
}

static void type(const char *s, unsigned n)
{
    CU_ASSERT_EQUAL(write(in, s, n), n);
    bk_loop(15);
}

static int out;

static pb_dev *begin(void)
{
    pb_err e = {0};

    bk_sh("mkfifo p.in p.out");
    g_autofree char *text = g_strdup_printf("path=%s", bk_path("p"));
    pb_dev *c = bk_node(PB_KIND_CHAR, "pipe", "c", text);
    CU_ASSERT(pb_char_set_log(c, "/nonexistent/log", FALSE, &e) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "logfile=/nonexistent/log: No such file"));
    pb_err_clear(&e);
    bk_sh("echo old > log");
    CU_ASSERT_EQUAL(pb_char_set_log(c, bk_path("log"), TRUE, &e), 0);
    pb_char_set_mux(c);
    pb_char_on_quit(quit);
    in = open(bk_path("p.in"), O_WRONLY);
    out = open(bk_path("p.out"), O_RDONLY | O_NONBLOCK);
    return c;
}

static void escapes(struct port *a, struct port *b)
{
    type("abc", 3);
    CU_ASSERT(a->n == 3 && b->n == 0 && !memcmp(a->in, "abc", 3));
    type("\001cxy\001\001z", 7); /* all at once: the rest goes to the next consumer */
    CU_ASSERT(a->n == 3 && b->n == 4 && !memcmp(b->in, "xy\001z", 4));
    CU_ASSERT(a->closed == 1 && b->opened == 1);
    type("\001", 1);
    type("b", 1);
    CU_ASSERT(b->breaks == 1 && a->breaks == 0 && b->n == 4);
    type("\001?", 2);
    char help[500] = "";
    CU_ASSERT(read(out, help, sizeof help - 1) > 0 && strstr(help, "C-a x"));
    type("\001x", 2);
    CU_ASSERT_EQUAL(quits, 1);
    type("\001c", 2);
}

static void deaf_guest(struct port *a, struct port *b)
{
    /* a guest that does not listen: the escape is still seen, and no byte is lost */
    a->room = 0;
    type("12345", 5);
    CU_ASSERT_EQUAL(a->n, 3);
    type("\001cq", 3);
    CU_ASSERT(b->n == 5 && b->in[4] == 'q');
    type("\001c", 2);
    type("67", 2);
    for (int i = 0; i < 4; i++) {
        port_more(a, 2);
        bk_loop(15);
    }
    CU_ASSERT(a->n == 10 && !memcmp(a->in, "abc1234567", 10));
    /* more than the mux keeps stays in the pipe */
    char many[500];
    for (int i = 0; i < 500; i++)
        many[i] = (char)('A' + i % 26);
    a->room = 0;
    a->n = 0;
    type(many, 500);
    for (int i = 0; i < 200 && a->n < 500; i++) {
        port_more(a, 7);
        bk_loop(3);
    }
    CU_ASSERT(a->n == 500 && !memcmp(a->in, many, 500));
}

static void test(void)
{
    g_autofree char *got = NULL;
    char text[500] = "";
    gsize n;
    pb_dev *c = begin();
    struct port *a = port_new("c", 1000), *b = port_new("c", 1000);

    escapes(a, b);
    deaf_guest(a, b);
    port_write(a, "from a\n", 7);
    port_write(b, "from b\n", 7);
    bk_loop(10);
    CU_ASSERT(read(out, text, sizeof text - 1) > 0 && strstr(text, "from a\nfrom b\n"));
    bk_loop(150);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("log"), &got, &n, NULL));
    CU_ASSERT(g_str_has_prefix(got, "old\n") && g_str_has_suffix(got, "from a\nfrom b\n"));
    port_write(b, "last", 4);
    port_free(a);
    port_free(b);
    bk_drop(c);
    g_free(got);
    CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("log"), &got, &n, NULL));
    CU_ASSERT(g_str_has_suffix(got, "from b\nlast"));
    close(in);
    close(out);
}

int main(void)
{
    return bk_run("a mux shares a terminal", test);
}
