/* SPDX-License-Identifier: MIT */
/* Image locks: ours keep QEMU's tools out and theirs keep us out, in both modes, and the
 * error names the holder. */
#include "host.h"

#include <signal.h>
#include <sys/wait.h>

static pid_t peer;

/* A qemu-io that holds a.img; returns when it has opened it. */
static void peer_open(const char *flag)
{
    peer = fork();
    if (!peer) {
        if (chdir(bk_dir()))
            _exit(1);
        execlp("qemu-io", "qemu-io", "-f", "raw", "-c", "sleep 60000", "a.img",
               *flag ? flag : NULL, NULL);
        _exit(1);
    }
    CU_ASSERT_EQUAL_FATAL(bk_sh("for i in $(seq 200); do"
                                " grep -q lock: /proc/%d/fdinfo/* 2>/dev/null && exit 0;"
                                " sleep 0.1; done; exit 1", (int)peer), 0);
}

static void peer_close(void)
{
    kill(peer, SIGKILL);
    waitpid(peer, NULL, 0);
}

static void test(void)
{
    g_autofree char *rw = g_strdup_printf("filename=%s", bk_path("a.img"));
    g_autofree char *ro = g_strdup_printf("%s read-only=on", rw);
    g_autofree char *off = g_strdup_printf("%s locking=off", rw);
    char pid[32];

    bk_sh("truncate -s 1M a.img");
    pb_dev *d = bk_node(PB_KIND_BLOCK, "file", "a", rw);
    CU_ASSERT_NOT_EQUAL(bk_sh("qemu-io -f raw -c \"write 0 512\" a.img 2>err"), 0);
    CU_ASSERT_EQUAL(bk_sh("grep -q lock err"), 0);
    CU_ASSERT_NOT_EQUAL(bk_sh("qemu-img convert -f raw -O raw a.img b.img 2>err"), 0);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "file", "b", rw));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, "given twice"));
    bk_drop(d);
    d = bk_node(PB_KIND_BLOCK, "file", "a", ro);
    CU_ASSERT_NOT_EQUAL(bk_sh("qemu-io -f raw -c \"write 0 512\" a.img 2>err"), 0);
    CU_ASSERT_EQUAL(bk_sh("qemu-io -f raw -r -c \"read 0 512\" a.img"), 0);
    pb_dev *two = bk_node(PB_KIND_BLOCK, "file", "b", ro); /* readers share */
    bk_drop(two);
    bk_drop(d);
    d = bk_node(PB_KIND_BLOCK, "file", "a", off);
    CU_ASSERT_EQUAL(bk_sh("qemu-io -f raw -c \"write 0 512\" a.img"), 0);
    bk_drop(d);

    peer_open("");
    snprintf(pid, sizeof pid, "pid %d (qemu-io)", (int)peer);
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "file", "a", rw));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, pid));
    CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, bk_path("a.img")));
    CU_ASSERT_PTR_NULL(bk_try(PB_KIND_BLOCK, "file", "a", ro));
    peer_close();
    peer_open("-r"); /* it lets others write */
    d = bk_node(PB_KIND_BLOCK, "file", "a", ro);
    bk_drop(d);
    peer_close();
    d = bk_node(PB_KIND_BLOCK, "file", "a", rw);
    bk_drop(d);
}

int main(void)
{
    if (system("qemu-io --version >/dev/null 2>&1"))
        return 77;
    return bk_run("image locks are kept in both directions", test);
}
