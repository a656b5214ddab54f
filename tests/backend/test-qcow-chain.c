/* SPDX-License-Identifier: MIT */
/* A backing chain reads as qemu-img converts it: two levels, raw at its end, shorter backing
 * files, names relative to the image, and images that hide or zero what is behind them. */
#include "qcow-images.h"

static void test(void)
{
    uint64_t seed = 31;

    CU_ASSERT_EQUAL_FATAL(bk_sh("mkdir -p base && head -c 3000832 /dev/urandom > base/b.raw"), 0);
    CU_ASSERT_EQUAL_FATAL(bk_sh("cd base &&"
                                " qemu-img create -q -f qcow2 -F raw -b b.raw m.qcow2 5M"), 0);
    qi_write("base/m.qcow2", 5u << 20, 25, &seed);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img create -q -f qcow2 -o cluster_size=4096 -F qcow2"
                                " -b base/m.qcow2 t.qcow2 7M"), 0);
    qi_write("t.qcow2", 7u << 20, 25, &seed);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-io -c \"write -z 65536 1M\" -c \"write -z 4M 512k\" t.qcow2"),
                          0);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img convert -O raw t.qcow2 t.raw"), 0);
    CU_ASSERT_EQUAL(qi_compare("t.qcow2", "t.raw", ""), 0);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img convert -c -O qcow2 -B base/m.qcow2 -F qcow2 t.qcow2"
                                " tc.qcow2"), 0);
    CU_ASSERT_EQUAL(qi_compare("tc.qcow2", "t.raw", ""), 0); /* compressed over a backing file */
    /* a chain of version 1 over version 2, and one that is smaller than what is behind it */
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img create -q -f qcow -F qcow2 -b t.qcow2 v1.img 7M"), 0);
    qi_write("v1.img", 7u << 20, 20, &seed);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img convert -O raw v1.img v1.raw"), 0);
    CU_ASSERT_EQUAL(qi_compare("v1.img", "v1.raw", ""), 0);
    CU_ASSERT_EQUAL_FATAL(bk_sh("qemu-img create -q -f qcow2 -F qcow2 -b t.qcow2 small.img 1M &&"
                                " qemu-img convert -O raw small.img small.raw"), 0);
    CU_ASSERT_EQUAL(qi_compare("small.img", "small.raw", ""), 0);
}

int main(void)
{
    return qi_tools() ? bk_run("a backing chain reads as qemu-img converts", test) : 77;
}
