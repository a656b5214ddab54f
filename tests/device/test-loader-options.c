/* SPDX-License-Identifier: MIT */
/* loader: files and numbers into memory, the CPU that starts there, and option mistakes. */
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM 0x80000000ull

static char path[] = "/tmp/pb-loader-XXXXXX";

static pbt *bench(void)
{
    pbt *b = pbt_new();

    pbt_load(b, "loader");
    pbt_ram(b, RAM, 1 << 20);
    pbt_cpu(b, "");
    pbt_cpu(b, "");
    return b;
}

static void write_file(const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(data, 1, n, f), n);
    fclose(f);
}

static int make(pbt *b, const char *name, const char *props)
{
    pb_dev *d = pbt_create(b, NULL, 0, "loader", name, props);

    return d ? pbt_realize(d) : PB_EINVAL;
}

static void test_data(void)
{
    pbt *b = bench();
    uint64_t len;

    CU_ASSERT_EQUAL(make(b, "l0", "addr=0x80000100,data=0x11223344,data-len=4"), PB_OK);
    CU_ASSERT_EQUAL(make(b, "l1", "addr=0x80000200,data=0x1122334455,data-len=2,data-be=on"),
                    PB_OK);
    const uint8_t *p = pbt_loaded(b, RAM + 0x100, &len);
    CU_ASSERT_TRUE(p && len == 4 && memcmp(p, "\x44\x33\x22\x11", 4) == 0);
    p = pbt_loaded(b, RAM + 0x200, &len);
    CU_ASSERT_TRUE(p && len == 2 && memcmp(p, "\x44\x55", 2) == 0);
    CU_ASSERT_EQUAL(make(b, "l2", "addr=0x80000102,data=1,data-len=1"), PB_EBUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "overlaps"));
    CU_ASSERT_EQUAL(make(b, "l3", "addr=0x80000000,data=1"), PB_EINVAL);
    CU_ASSERT_EQUAL(make(b, "l4", "data=1,data-len=4"), PB_EINVAL);
    CU_ASSERT_EQUAL(make(b, "l5", "addr=0x80000000,data=1,data-len=9"), PB_EINVAL);
    CU_ASSERT_EQUAL(make(b, "l6", NULL), PB_EINVAL);
    pbt_free(b);
}

static void test_file_and_cpu(void)
{
    pbt *b = bench();
    uint64_t len, pc;
    char props[200];

    write_file("payload", 7);
    snprintf(props, sizeof props, "file=%s,addr=0x80001000,cpu-num=1", path);
    CU_ASSERT_EQUAL(make(b, "l0", props), PB_OK);
    const uint8_t *p = pbt_loaded(b, RAM + 0x1000, &len);
    CU_ASSERT_TRUE(p && len == 7 && memcmp(p, "payload", 7) == 0);
    CU_ASSERT_EQUAL(pbt_entry(b, 1, &pc, NULL, 0), 0);
    CU_ASSERT_EQUAL(pc, RAM + 0x1000);
    CU_ASSERT_EQUAL(pbt_entry(b, 0, &pc, NULL, 0), PB_ENOENT);
    snprintf(props, sizeof props, "file=%s", path);
    CU_ASSERT_EQUAL(make(b, "l1", props), PB_EINVAL); /* raw, and no address */
    snprintf(props, sizeof props, "file=%s,addr=0x80002000,cpu-num=2", path);
    CU_ASSERT_EQUAL(make(b, "l2", props), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(b), "CPU#2 is nonexistent"));
    CU_ASSERT_EQUAL(make(b, "l3", "file=/nonexistent,addr=0x80000000"), PB_EIO);
    CU_ASSERT_EQUAL(make(b, "l4", "addr=0x80000040,cpu-num=0"), PB_OK);
    CU_ASSERT_EQUAL(pbt_entry(b, 0, &pc, NULL, 0), 0);
    CU_ASSERT_EQUAL(pc, RAM + 0x40);
    write_file("\177ELF cut short", 14);
    snprintf(props, sizeof props, "file=%s,addr=0x80003000", path);
    CU_ASSERT_EQUAL(make(b, "l5", props), PB_EINVAL);
    snprintf(props, sizeof props, "file=%s,addr=0x80003000,force-raw=on", path);
    CU_ASSERT_EQUAL(make(b, "l6", props), PB_OK);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"data", test_data},
        {"file and CPU", test_file_and_cpu},
    };
    int fd = mkstemp(path);

    if (fd < 0)
        return 2;
    close(fd);
    int rc = SUITE_RUN("loader", tests);
    unlink(path);
    return rc;
}
