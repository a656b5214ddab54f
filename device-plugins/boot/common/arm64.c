/* SPDX-License-Identifier: MIT */
/* arm64.c - AArch64 kernels and their initial RAM disk, and where they go.
 * Linux Documentation/arch/arm64/booting.rst, section 4 (text_offset, image_size). */
#include "boot.h"

#include <stdlib.h>
#include <string.h>

#define MIB2 0x200000ull
#define RAW_OFFSET 0x80000ull /* where a raw binary goes, as bare-metal programs expect */

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) & ~(to - 1);
}

static int load_flat(struct boot *b, const char *what, const struct image *m,
                     const struct image_info *i, struct boot_kernel *k, pb_err *e)
{
    uint64_t base = align_up(b->ram.addr, MIB2);
    uint64_t offset = i->kind == IMAGE_LINUX ? i->text_offset : RAW_OFFSET;
    uint64_t size = i->kind == IMAGE_LINUX ? i->image_size : m->len;

    if (offset < 0x1000) /* not at the very start, where firmware puts its tables */
        offset += MIB2;
    if (offset > b->ram.len || size > b->ram.len - offset ||
        base - b->ram.addr > b->ram.len - offset - size)
        return boot_fail(b, e, PB_ENOSPC, "%s: does not fit into %llu MiB of memory; use a "
                         "larger -m", what, (unsigned long long)b->ram.len >> 20);
    k->entry = base + offset;
    k->end = k->entry + size;
    k->bare = i->kind != IMAGE_LINUX;
    return b->board->load(b->dev, what, k->entry, m->data, m->len, e);
}

/* A kernel whose pages or byte order the CPU does not have waits for ever in its first
 * instructions, without a word. */
static int check_cpu(struct boot *b, const char *what, const struct image_info *i, pb_err *e)
{
    const char *name = b->board->cpu_fact(b->dev, 0, "compatible");
    const char *order = b->board->cpu_fact(b->dev, 0, "byte-order");
    const char *sizes = b->board->cpu_fact(b->dev, 0, "page-sizes");

    name = name ? name : "cpu0";
    if (i->big_endian && order && !strstr(order, "big"))
        return boot_fail(b, e, PB_ENOTSUP, "%s: it is big-endian, and %s is not; take one built "
                         "without CONFIG_CPU_BIG_ENDIAN", what, name);
    if (!i->page || !sizes)
        return PB_OK;
    for (const char *at = sizes; at && *at; at = strchr(at + 1, ' '))
        if (strtoul(at, NULL, 10) == i->page)
            return PB_OK;
    return boot_fail(b, e, PB_ENOTSUP, "%s: its pages are of %u KiB, which %s does not have "
                     "(page-sizes: %s); use -cpu max, or another kernel", what, i->page, name,
                     sizes);
}

int boot_arm64_kernel_image(struct boot *b, const char *what, struct image *m,
                            struct boot_kernel *k, pb_err *e)
{
    char text[IMAGE_TEXT];
    struct image_info i;
    int rc;

    if (boot_unpack(b, m, text, e) < 0 || image_identify(m, IMAGE_EM_AARCH64, &i, text) < 0) {
        image_free(m);
        return boot_fail(b, e, PB_EINVAL, "could not load %s: it is %s", what, text);
    }
    if ((rc = check_cpu(b, what, &i, e)) < 0) {
        image_free(m);
        return rc;
    }
    if (i.kind == IMAGE_ELF) {
        rc = boot_load_elf(b, what, m, &i, 0, e);
        *k = (struct boot_kernel){i.entry, i.high, 1};
    } else {
        rc = load_flat(b, what, m, &i, k, e);
    }
    image_free(m);
    return rc;
}

int boot_arm64_kernel(struct boot *b, const char *path, struct boot_kernel *k, pb_err *e)
{
    char what[600], text[IMAGE_TEXT];
    struct image m;

    snprintf(what, sizeof what, "kernel '%s'", path);
    if (image_open(&m, path, text) < 0)
        return boot_fail(b, e, PB_EIO, "could not load kernel '%s': %s", path, text);
    return boot_arm64_kernel_image(b, what, &m, k, e);
}

int boot_arm64_initrd_image(struct boot *b, const char *what, const void *data, uint64_t len,
                            uint64_t kernel_end, pb_err *e)
{
    uint64_t half = b->ram.len / 2 < 128u << 20 ? b->ram.len / 2 : 128u << 20;
    uint64_t from = b->ram.addr + half;

    if (from < kernel_end)
        from = kernel_end;
    uint64_t at = b->board->place(b->dev, from, len, 0x1000);
    if (at == UINT64_MAX)
        at = b->board->place(b->dev, kernel_end, len, 0x1000);
    if (at == UINT64_MAX || at - b->ram.addr > b->ram.len || /* a bank may be cut for others */
        len > b->ram.len - (at - b->ram.addr))
        return boot_fail(b, e, PB_ENOSPC, "%s: no room for its %llu MiB above the kernel; use "
                         "a larger -m", what, (unsigned long long)(len >> 20));
    b->initrd = at;
    b->initrd_end = at + len;
    return b->board->load(b->dev, what, at, data, len, e);
}

int boot_arm64_initrd(struct boot *b, uint64_t kernel_end, pb_err *e)
{
    const char *path = b->board->option(b->dev, "initrd");
    char what[600], text[IMAGE_TEXT];
    struct image m;

    b->board->used(b->dev, "initrd");
    if (!path)
        return PB_OK;
    if (image_open(&m, path, text) < 0)
        return boot_fail(b, e, PB_EIO, "could not load initrd: %s", text);
    snprintf(what, sizeof what, "initrd '%s'", path);
    int rc = boot_arm64_initrd_image(b, what, m.data, m.len, kernel_end, e);
    image_free(&m);
    return rc;
}
