/* SPDX-License-Identifier: MIT */
/* What the qcow reader cannot open it refuses by file, feature and cure. */
#include "qcow-images.h"

static void refused(const char *image, const char *props, const char *words)
{
    g_autofree char *text = g_strdup_printf("filename=%s read-only=on", bk_path(image));
    pb_dev *file = bk_node(PB_KIND_BLOCK, "file", "f", text);
    g_autofree char *more = g_strdup_printf("file=f %s", props);
    pb_dev *q = bk_try(PB_KIND_BLOCK, "qcow2", "q", more);
    g_auto(GStrv) want = g_strsplit(words, "|", -1);

    CU_ASSERT_PTR_NULL(q);
    for (char **w = want; *w; w++) {
        if (!strstr(bk_error, *w))
            fprintf(stderr, "%s: '%s' is not in: %s\n", image, *w, bk_error);
        CU_ASSERT_PTR_NOT_NULL(strstr(bk_error, *w));
    }
    if (q)
        bk_drop(q);
    bk_drop(file);
}

/* a.img with the byte at `at` set. */
static void patched(int at, int value, const char *words)
{
    CU_ASSERT_EQUAL_FATAL(bk_sh("cp a.img p.img && printf \"\\\\%03o\" | dd of=p.img bs=1 seek=%d"
                                " conv=notrunc 2>&1", value, at), 0);
    refused("p.img", "", words);
}

static void test(void)
{
    bk_sh("qemu-img create -q -f qcow2 a.img 4M");
    bk_sh("qemu-img create -q -f qcow2 -o extended_l2=on x.img 4M");
    refused("x.img", "", "x.img|extended L2|qemu-img convert");
    bk_sh("qemu-img create -q -f qcow2 -o data_file=d.raw d.img 4M");
    refused("d.img", "", "d.img|data_file|qemu-img convert");
    if (!bk_sh("qemu-img create -q -f qcow2 -o compression_type=zstd z.img 4M"))
        refused("z.img", "", "z.img|zstd|qemu-img convert");
    /* qemu-img measures its key derivation, and gives up when the clock was too coarse. */
    bk_sh("for i in 1 2 3 4 5 6 7 8; do qemu-img create -q --object secret,id=k,data=geheim "
          "-f qcow2 -o encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10 l.img 4M "
          "&& break; done");
    refused("l.img", "password=geheim", "l.img|LUKS|qemu-img convert");
    bk_sh("qemu-img create -q --object secret,id=k,data=geheim -f qcow -o encrypt.format=aes,"
          "encrypt.key-secret=k e.img 4M 2>&1");
    refused("e.img", "", "e.img|encrypted|password-file=");
    refused("e.img", "password=a password-file=b", "not both");
    refused("e.img", "password-file=/nonexistent/word", "/nonexistent/word|No such file");

    bk_sh("echo nothing > n.img");
    refused("n.img", "", "n.img|no qcow image");
    bk_sh("head -c 60 a.img > h.img");
    refused("h.img", "", "h.img|cut off");
    patched(7, 4, "no qcow image of version 1, 2 or 3");
    patched(23, 40, "header is damaged");
    patched(36, 255, "header is damaged");
    patched(41, 1, "first table lies outside");
    patched(24, 127, "size is out of range");
    patched(76, 1, "unknown incompatible features");

    bk_sh("qemu-img create -q -f qcow2 -F raw -u -b gone.raw g.img 4M");
    refused("g.img", "", "gone.raw|No such file");
    bk_sh("qemu-img create -q -f qcow2 -F qcow2 -u -b other.img loop.img 4M &&"
          " qemu-img create -q -f qcow2 -F qcow2 -u -b loop.img other.img 4M");
    refused("loop.img", "", "loop.img|comes back");
    bk_sh("qemu-img create -q -f qcow2 -F raw -u -b nbd://host/x nbd.img 4M");
    refused("nbd.img", "", "nbd:|not supported|qemu-img");
    bk_sh("qemu-img create -q -f qcow2 -F vmdk -u -b a.img vmdk.img 4M");
    refused("vmdk.img", "", "a.img|format");
}

int main(void)
{
    return qi_tools() ? bk_run("a qcow image that cannot be read says why", test) : 77;
}
