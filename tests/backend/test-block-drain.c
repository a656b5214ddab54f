/* SPDX-License-Identifier: MIT */
/* While something waits for the requests of a drive, the main loop runs: but no command of a
 * monitor, and nothing else that changes the machine, comes in between. */
#include "hand-block.h"
#include "host.h"

#include "monitor/monitor.h"

#include <fcntl.h>

static gint ended, turns;
static GString *said; /* by the monitor */
static int out;

static gboolean let_go(gpointer user)
{
    (void)user;
    hand_block_answer();
    return G_SOURCE_REMOVE;
}

static void on_done(struct pb_block_req *r)
{
    (void)r;
    g_atomic_int_set(&ended, 1);
}

static void on_turn(void *opaque)
{
    (void)opaque;
    g_atomic_int_inc(&turns);
}

static gboolean answered(void *user)
{
    char buf[1000];
    ssize_t n = read(out, buf, sizeof buf);

    (void)user;
    if (n > 0)
        g_string_append_len(said, buf, n);
    return strstr(said->str, "VM status") != NULL;
}

static void test(void)
{
    static uint8_t data[512];
    struct pb_iov iov = {data, sizeof data};
    struct pb_block_req req = {.size = sizeof req, .op = PB_BLK_READ, .bytes = sizeof data,
                               .iov = &iov, .n_iov = 1, .done = on_done};
    g_autofree char *path = g_strdup_printf("path=%s", bk_path("m"));
    pb_err e = {0};

    hand_block_register();
    hand_block.hold = TRUE;
    said = g_string_new(NULL);
    bk_sh("mkfifo m.in m.out");
    bk_node(PB_KIND_CHAR, "pipe", "mon", path);
    CU_ASSERT_EQUAL_FATAL(pb_monitor_open(bk_m, "mon", &e), PB_OK);
    out = open(bk_path("m.out"), O_RDONLY | O_NONBLOCK);
    int in = open(bk_path("m.in"), O_WRONLY | O_NONBLOCK);
    pb_dev *drive = bk_node(PB_KIND_BLOCK, "by-hand", "drive", "");
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, "drive");

    bk_blk->submit(d->blk, &req);
    CU_ASSERT_EQUAL(write(in, "info status\n", 12), 12);
    pb_main_turn(NULL, on_turn, NULL);
    g_timeout_add(300, let_go, NULL);
    bk_blk->drain(d->blk);
    CU_ASSERT_EQUAL(g_atomic_int_get(&ended), 1);
    CU_ASSERT_EQUAL(g_atomic_int_get(&turns), 0);
    CU_ASSERT_FALSE(answered(NULL));
    CU_ASSERT_TRUE(bk_until(answered, NULL, 5000));
    CU_ASSERT_EQUAL(g_atomic_int_get(&turns), 1);
    bk_undevice(d);
    bk_drop(drive);
    pb_monitor_close_all();
    g_string_free(said, TRUE);
    close(in);
    close(out);
}

int main(void)
{
    return bk_run("nothing comes in between while a drive is waited for", test);
}
