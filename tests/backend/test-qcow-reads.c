/* SPDX-License-Identifier: MIT */
/* A qcow image reads as qemu-img converts it: versions, cluster sizes, compressed clusters,
 * zero clusters, an image with snapshots, encrypted ones. */
#include "qcow-images.h"

#define BYTES (6u << 20)
static uint64_t seed = 4242;

static void one(const char *format, const char *options)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("rm -f a.img; qemu-img create -q -f %s %s %s a.img %u", format,
                                *options ? "-o" : "", options, BYTES), 0);
    qi_write("a.img", BYTES, 40, &seed);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img convert -O raw a.img a.raw"), 0);
    int wrong = qi_compare("a.img", "a.raw", "");
    if (wrong)
        fprintf(stderr, "%s %s\n", format, options);
    CU_ASSERT_EQUAL(wrong, 0);
}

static void compressed(const char *format, const char *options)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("rm -f c.img; qemu-img convert -c -O %s %s %s a.raw c.img", format,
                                *options ? "-o" : "", options), 0);
    CU_ASSERT_EQUAL(qi_compare("c.img", "a.raw", ""), 0);
}

static void snapshots(void)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img create -q -f qcow2 s.img %u", BYTES), 0);
    for (int i = 0; i < 3; i++) {
        qi_write("s.img", BYTES, 15, &seed);
        CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img snapshot -c s%d s.img", i), 0);
    }
    qi_write("s.img", BYTES, 15, &seed);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img convert -O raw s.img s.raw"), 0);
    CU_ASSERT_EQUAL(qi_compare("s.img", "s.raw", ""), 0);
}

static void encrypted(const char *format)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("rm -f e.img; qemu-img convert -O %s"
                                " --object secret,id=k,data=geheim -o encrypt.format=aes,"
                                "encrypt.key-secret=k a.raw e.img 2>&1",
                                format), 0);
    CU_ASSERT_EQUAL(qi_compare("e.img", "a.raw", "password=geheim"), 0);
    CU_ASSERT_EQUAL_FATAL(bk_sh("echo geheim > word"), 0);
    g_autofree char *text = g_strdup_printf("password-file=%s", bk_path("word"));
    CU_ASSERT_EQUAL(qi_compare("e.img", "a.raw", text), 0);
}

static void test(void)
{
    one("qcow2", "");
    compressed("qcow2", "");
    one("qcow2", "cluster_size=512");
    one("qcow2", "cluster_size=4096,lazy_refcounts=on");
    compressed("qcow2", "cluster_size=4096");
    one("qcow2", "cluster_size=2M");
    compressed("qcow2", "cluster_size=2M");
    one("qcow2", "compat=0.10");
    one("qcow2", "preallocation=metadata");
    one("qcow", "");
    snapshots();
    encrypted("qcow2");
    encrypted("qcow");
}

int main(void)
{
    return qi_tools() ? bk_run("qcow reads as qemu-img converts", test) : 77;
}
