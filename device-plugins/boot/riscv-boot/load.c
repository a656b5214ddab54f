/* SPDX-License-Identifier: MIT */
/* load.c - the images of -bios, -kernel and -initrd, and where they go.
 * Linux Documentation/arch/riscv/boot-image-header.rst; boot.rst ("Kernel location": aligned
 * to 2 MiB). */
#include "riscv-boot.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB2 0x200000ull

static uint64_t align_up(uint64_t v, uint64_t to)
{
    return (v + to - 1) & ~(to - 1);
}

uint64_t rb_place_high(struct riscv_boot *b, uint64_t top, uint64_t floor, uint64_t len,
                       uint64_t align)
{
    if (top < floor || top - floor < len)
        return UINT64_MAX;
    for (uint64_t at = (top - len) & ~(align - 1); at >= floor; at -= align) {
        if (b->board->place(b->dev, at, len, align) == at)
            return at;
        if (at < align)
            break;
    }
    return UINT64_MAX;
}

/* ---- ELF --------------------------------------------------------------------------- */

static int load_segment(struct riscv_boot *b, const char *what, const struct image_segment *s,
                        uint64_t bias, pb_err *e)
{
    if (s->memsz > b->ram.len)
        return rb_fail(b, e, PB_ENOSPC, "%s: wants %llu MiB of memory at 0x%llx, the machine has "
                       "%llu MiB; use a larger -m", what, (unsigned long long)s->memsz >> 20,
                       (unsigned long long)(s->addr + bias), (unsigned long long)b->ram.len >> 20);
    uint8_t *buf = calloc(1, s->memsz);
    if (!buf)
        return rb_fail(b, e, PB_ENOMEM, "%s: out of memory", what);
    memcpy(buf, s->data, s->filesz);
    int rc = b->board->load(b->dev, what, s->addr + bias, buf, s->memsz, e);
    free(buf);
    return rc;
}

static void warn_trimmed(struct riscv_boot *b, const char *what, uint64_t cut)
{
    char text[800];

    if (!cut || !b->h->log_on[PB_LOG_WARN])
        return;
    snprintf(text, sizeof text, "%s: its first %llu bytes lie below main memory (0x%llx) and are "
             "left out", what, (unsigned long long)cut, (unsigned long long)b->ram.addr);
    b->h->log(b->h, b->dev, PB_LOG_WARN, text);
}

static int load_elf(struct riscv_boot *b, const char *what, const struct image *m,
                    const struct image_info *i, uint64_t bias, pb_err *e)
{
    struct image_segment s;
    char part[700];

    for (uint32_t n = 0; image_segment(m, n, &s); n++) {
        snprintf(part, sizeof part, i->segments > 1 ? "%s, part %u" : "%s", what, n + 1);
        int headers = s.data == m->data; /* nothing is missed of these */
        uint64_t cut = bias ? 0 : image_trim(&s, b->ram.addr);
        if (!headers)
            warn_trimmed(b, part, cut);
        int rc = load_segment(b, part, &s, bias, e);
        if (rc < 0)
            return rc;
    }
    return PB_OK;
}

/* ---- Firmware ---------------------------------------------------------------------- */

static const char *default_firmware(struct riscv_boot *b, char *buf, size_t n, pb_err *e)
{
    const char *p = b->firmware;

    while (p && *p) {
        size_t len = strcspn(p, " ");
        char name[512];
        snprintf(name, sizeof name, "%.*s", (int)len, p);
        p += len + strspn(p + len, " ");
        if (name[0] == '/') {
            snprintf(buf, n, "%s", name);
            if (access(buf, R_OK) == 0)
                return buf;
            continue;
        }
        /* only the last miss is reported: it lists what was tried */
        const char *path = b->board->find_firmware(b->dev, name, *p ? NULL : e);
        if (path)
            return path;
    }
    rb_fail(b, e, PB_ENOENT, "-bios default: none of '%s' is there; install the package opensbi, "
            "or use -bios FILE or -bios none", b->firmware ? b->firmware : "");
    return NULL;
}

int rb_load_firmware(struct riscv_boot *b, pb_err *e)
{
    const char *bios = b->board->option(b->dev, "bios"), *path = bios;
    char buf[512], what[600], text[IMAGE_TEXT];
    struct image_info i;
    struct image m;

    b->board->used(b->dev, "bios");
    if (bios && strcmp(bios, "none") == 0)
        return PB_OK;
    if (!bios || strcmp(bios, "default") == 0)
        path = default_firmware(b, buf, sizeof buf, e);
    else if (access(bios, F_OK) != 0)
        path = b->board->find_firmware(b->dev, bios, e);
    if (!path)
        return PB_ENOENT;
    if (image_open(&m, path, text) < 0)
        return rb_fail(b, e, PB_EIO, "-bios: %s", text);
    snprintf(what, sizeof what, "firmware '%s'", path);
    int rc = image_unpack(&m, text) < 0 || image_identify(&m, IMAGE_EM_RISCV, &i, text) < 0
                 ? rb_fail(b, e, PB_EINVAL, "%s: %s", what, text) : PB_OK;
    if (rc == PB_OK && i.kind == IMAGE_ELF) {
        uint64_t bias = i.movable && i.low < b->ram.addr ? b->ram.addr - i.low : 0;
        rc = load_elf(b, what, &m, &i, bias, e);
        b->entry = i.entry + bias;
        b->firmware_end = i.high + bias;
    } else if (rc == PB_OK) {
        rc = b->board->load(b->dev, what, b->ram.addr, m.data, m.len, e);
        b->firmware_end = b->ram.addr + m.len;
    }
    image_free(&m);
    return rc;
}

/* ---- Kernel ------------------------------------------------------------------------ */

static uint64_t kernel_place(struct riscv_boot *b, const struct image_info *i)
{
    uint64_t at = align_up(b->firmware_end, MIB2);
    uint64_t want = b->ram.addr + i->text_offset;

    /* text_offset keeps a kernel of S mode clear of firmware at the start of memory */
    if (i->kind == IMAGE_LINUX && i->text_offset < b->ram.len && want > at)
        at = align_up(want, MIB2);
    return at;
}

int rb_load_kernel(struct riscv_boot *b, pb_err *e)
{
    const char *path = b->board->option(b->dev, "kernel");
    char what[600], text[IMAGE_TEXT];
    struct image_info i;
    struct image m;
    int rc;

    b->board->used(b->dev, "kernel");
    if (!path) {
        if (b->board->option(b->dev, "append"))
            return rb_fail(b, e, PB_EINVAL, "-append only allowed with -kernel option");
        if (b->board->option(b->dev, "initrd"))
            return rb_fail(b, e, PB_EINVAL, "-initrd only allowed with -kernel option");
        return PB_OK;
    }
    snprintf(what, sizeof what, "kernel '%s'", path);
    if (image_open(&m, path, text) < 0)
        return rb_fail(b, e, PB_EIO, "could not load kernel '%s': %s", path, text);
    if (image_unpack(&m, text) < 0 || image_identify(&m, IMAGE_EM_RISCV, &i, text) < 0) {
        image_free(&m);
        return rb_fail(b, e, PB_EINVAL, "could not load kernel '%s': it is %s", path, text);
    }
    if (i.kind == IMAGE_ELF) {
        rc = load_elf(b, what, &m, &i, 0, e);
        b->kernel_entry = i.entry;
        b->kernel_end = i.high;
    } else {
        uint64_t size = i.kind == IMAGE_LINUX ? i.image_size : m.len;
        b->kernel_entry = kernel_place(b, &i);
        b->kernel_end = b->kernel_entry + size;
        if (size > b->ram.len || b->kernel_end > b->ram.addr + b->ram.len)
            rc = rb_fail(b, e, PB_ENOSPC, "%s: does not fit into %llu MiB of memory; use a larger "
                         "-m", what, (unsigned long long)b->ram.len >> 20);
        else
            rc = b->board->load(b->dev, what, b->kernel_entry, m.data, m.len, e);
    }
    image_free(&m);
    if (b->firmware_end == b->ram.addr) /* no firmware */
        b->entry = b->kernel_entry;
    return rc;
}

/* ---- Initial RAM disk -------------------------------------------------------------- */

int rb_load_initrd(struct riscv_boot *b, pb_err *e)
{
    const char *path = b->board->option(b->dev, "initrd");
    uint64_t top = b->ram.addr + b->ram.len;
    char what[600], text[IMAGE_TEXT];
    struct image m;

    b->board->used(b->dev, "initrd");
    if (!path)
        return PB_OK;
    if (image_open(&m, path, text) < 0)
        return rb_fail(b, e, PB_EIO, "could not load initrd: %s", text);
    snprintf(what, sizeof what, "initrd '%s'", path);
    /* High, under a gap for the device tree when there is room for one. */
    uint64_t gap = m.len < b->ram.len / 4 ? 2 * MIB2 : 0;
    uint64_t at = rb_place_high(b, top - gap, b->kernel_end, m.len, 0x1000);
    if (at == UINT64_MAX) {
        uint64_t len = m.len;
        image_free(&m);
        return rb_fail(b, e, PB_ENOSPC, "%s: no room for its %llu MiB above the kernel; use a "
                       "larger -m", what, (unsigned long long)(len >> 20));
    }
    int rc = b->board->load(b->dev, what, at, m.data, m.len, e);
    b->initrd = at;
    b->initrd_end = at + m.len;
    image_free(&m);
    return rc;
}
