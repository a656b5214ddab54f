/* SPDX-License-Identifier: MIT */
/* test-virtio-9p-share.c - claim: a driver reaches a real directory through virtio-9p and
 * the local share, in every security model, gets no further than that directory, and wrong
 * lengths anywhere in a message are answered with an error. */
#include "suite.h"
#include "virtio-driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define V1 PB_VIRTIO_F_VERSION_1
#define MSIZE 8192u
enum { LERROR = 7, LOPEN = 12, LCREATE = 14, SYMLINK = 16, GETATTR = 24, READDIR = 40,
       MKDIR = 72, RENAMEAT = 74, UNLINKAT = 76, VERSION = 100, ATTACH = 104, WALK = 110,
       READ = 116, WRITE = 118, CLUNK = 120 };

static pbt *b;
static struct vd v;
static char dir[64], path[128];
static uint8_t msg[MSIZE], reply[MSIZE];
static uint32_t at, reply_len;

static void put(uint64_t val, uint32_t n)
{
    memcpy(msg + at, &val, n);
    at += n;
}

static void str(const char *s)
{
    put(strlen(s), 2);
    memcpy(msg + at, s, strlen(s));
    at += (uint32_t)strlen(s);
}

static void begin(uint8_t type)
{
    at = 4;
    put(type, 1);
    put(7, 2); /* tag */
}

/* Send msg[0..n) as it is. Reply type. */
static int raw(uint32_t n)
{
    uint64_t t = vd_alloc(&v, n, 1), r = vd_alloc(&v, MSIZE, 1);
    struct vd_buf buf[] = {{t, n, 0}, {r, 100, 1}, {r + 100, MSIZE - 100, 1}};
    uint32_t id;

    memcpy(vd_host(&v, t), msg, n);
    vd_add(&v, 0, buf, 3, 0);
    vd_kick(&v, 0);
    pbt_settle(b);
    int rc = vd_used(&v, 0, &id, &reply_len);
    memcpy(reply, vd_host(&v, r), MSIZE);
    if (v.heap > VD_RAM + VD_RAM_LEN / 2)
        v.heap = VD_RAM + 0x4000;
    return rc == 1 ? reply[4] : -1;
}

static int call(void)
{
    memcpy(msg, &at, 4);
    return raw(at);
}

/* 0, or the errno of an Rlerror. */
static int result(uint8_t type)
{
    int32_t e = -1;
    int got = call();

    if (got == LERROR)
        memcpy(&e, reply + 7, 4);
    return got == type + 1 ? 0 : e;
}

static void plug(const char *model)
{
    char props[200];

    strcpy(dir, "/tmp/plugboard-9p-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/share", dir);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
    b = pbt_new();
    pbt_load(b, "virtio-mmio");
    pbt_load(b, "virtio-9p");
    pbt_load(b, "fs-local");
    snprintf(props, sizeof props, "path=%s,security_model=%s", path, model);
    pbt_backend(b, PB_CLASS_FS, "local", "f0", props);
    pb_dev *m = pbt_add(b, "virtio-mmio", "m0", NULL);
    pbt_add_child(m, 0, "virtio-9p-device", "d0", "fsdev=f0,mount_tag=tagged");
    vd_init(&v, b, m, NULL);
    CU_ASSERT_TRUE_FATAL(vd_start(&v, V1 | 1, 1, 16));
    begin(VERSION);
    put(MSIZE, 4);
    str("9P2000.L");
    CU_ASSERT_EQUAL(result(VERSION), 0);
    begin(ATTACH);
    put(0, 4);
    put(~0u, 4);
    str("root");
    str("");
    put(0, 4);
    CU_ASSERT_EQUAL_FATAL(result(ATTACH), 0);
}

static void unplug(void)
{
    char cmd[200];

    CU_ASSERT_EQUAL(vd_reg(&v, VR_Status) & VS_NEEDS_RESET, 0);
    pbt_free(b);
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    CU_ASSERT_EQUAL(system(cmd), 0);
}

static int walk(uint32_t from, uint32_t to, const char *name)
{
    begin(WALK);
    put(from, 4);
    put(to, 4);
    put(name != NULL, 2);
    if (name)
        str(name);
    return result(WALK);
}

static void clunk(uint32_t fid)
{
    begin(CLUNK);
    put(fid, 4);
    CU_ASSERT_EQUAL(result(CLUNK), 0);
}

static int create(uint32_t fid, const char *name)
{
    begin(LCREATE);
    put(fid, 4);
    str(name);
    put(O_RDWR, 4);
    put(0644, 4);
    put(getgid(), 4);
    return result(LCREATE);
}

static int one_name(uint8_t type, uint32_t fid, const char *name)
{
    begin(type);
    put(fid, 4);
    str(name);
    put(type == MKDIR ? 0755 : 0, 4);
    if (type == MKDIR)
        put(getgid(), 4);
    return result(type);
}

static void files_in_every_model(void)
{
    static const char *const models[] = {"none", "passthrough", "mapped-xattr", "mapped-file"};

    for (int i = 0; i < 4; i++) {
        char file[200];
        plug(models[i]);
        CU_ASSERT_EQUAL(walk(0, 1, NULL), 0);
        CU_ASSERT_EQUAL(create(1, "new"), 0);
        begin(WRITE);
        put(1, 4);
        put(0, 8);
        put(5, 4);
        memcpy(msg + at, "hello", 5);
        at += 5;
        CU_ASSERT_EQUAL(result(WRITE), 0);
        begin(READ);
        put(1, 4);
        put(1, 8);
        put(100, 4);
        CU_ASSERT_EQUAL(result(READ), 0);
        CU_ASSERT_EQUAL(reply_len, 7 + 4 + 4);
        CU_ASSERT_EQUAL(memcmp(reply + 11, "ello", 4), 0);
        clunk(1);
        snprintf(file, sizeof file, "%s/new", path);
        CU_ASSERT_EQUAL(access(file, F_OK), 0);
        CU_ASSERT_EQUAL(one_name(MKDIR, 0, "sub"), 0);
        begin(RENAMEAT);
        put(0, 4);
        str("new");
        put(0, 4);
        str("old");
        CU_ASSERT_EQUAL(result(RENAMEAT), 0);
        CU_ASSERT_NOT_EQUAL(access(file, F_OK), 0);
        CU_ASSERT_EQUAL(walk(0, 2, "new"), ENOENT);
        CU_ASSERT_EQUAL(one_name(UNLINKAT, 0, "old"), 0);
        CU_ASSERT_EQUAL(one_name(UNLINKAT, 0, "old"), ENOENT);
        unplug();
    }
}

static void no_way_out(void)
{
    static const char *const bad[] = {"..", ".", "a/b", "../secret", "/etc/passwd", ""};
    char file[200];
    struct stat st;

    plug("none");
    snprintf(file, sizeof file, "%s/secret", dir);
    int fd = open(file, O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CU_ASSERT_EQUAL(walk(0, 1, NULL), 0);
        CU_ASSERT_NOT_EQUAL(create(1, bad[i]), 0);
        clunk(1);
        CU_ASSERT_NOT_EQUAL(one_name(MKDIR, 0, bad[i]), 0);
        CU_ASSERT_NOT_EQUAL(one_name(UNLINKAT, 0, bad[i]), 0);
        if (strcmp(bad[i], "..")) /* the root's ".." is the root: see below */
            CU_ASSERT_NOT_EQUAL(walk(0, 3, bad[i]), 0);
    }
    CU_ASSERT_EQUAL(walk(0, 4, ".."), 0);
    CU_ASSERT_NOT_EQUAL(walk(4, 5, "secret"), 0);
    CU_ASSERT_EQUAL(symlink(dir, strcat(strcpy(file, path), "/link")), 0); /* absolute */
    CU_ASSERT_EQUAL(walk(0, 6, "link"), 0);
    CU_ASSERT_NOT_EQUAL(walk(6, 7, "secret"), 0);
    begin(LOPEN);
    put(6, 4);
    put(O_RDONLY, 4);
    CU_ASSERT_NOT_EQUAL(result(LOPEN), 0);
    snprintf(file, sizeof file, "%s/secret", dir);
    CU_ASSERT_EQUAL(stat(file, &st), 0);
    unplug();
}

static void wrong_lengths(void)
{
    uint64_t seed = 5;

    plug("none");
    begin(WALK);
    put(0, 4);
    put(9, 4);
    put(1, 2);
    str("name");
    memcpy(msg, &at, 4);
    for (uint32_t n = 7; n < at; n++) { /* cut short at every byte */
        CU_ASSERT_EQUAL(raw(n), LERROR);
        memcpy(msg, &n, 4);
        CU_ASSERT_EQUAL(raw(n), LERROR);
        memcpy(msg, &at, 4);
    }
    for (int i = 0; i < 3000; i++) { /* any bytes for a message */
        uint32_t n = 7 + (uint32_t)(pbt_rand(&seed) % 60);
        for (uint32_t k = 0; k < n; k++)
            msg[k] = (uint8_t)(pbt_rand(&seed) % (k & 1 ? 4 : 128));
        memcpy(msg, &n, 4);
        CU_ASSERT_TRUE(raw(n) >= 0);
    }
    unplug();
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"files in every security model", files_in_every_model},
        {"no way out", no_way_out},
        {"wrong lengths", wrong_lengths},
    };
    return SUITE_RUN("virtio-9p", tests);
}
