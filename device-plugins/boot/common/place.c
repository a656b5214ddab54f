/* SPDX-License-Identifier: MIT */
/* place.c - where images go: free places in main memory, the parts of ELF files. */
#include "boot.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int boot_fail(struct boot *b, pb_err *e, int code, const char *fmt, ...)
{
    char text[2 * IMAGE_TEXT + 400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return b->h->fail(e, code, text);
}

int boot_write_file(struct boot *b, const char *path, const void *data, size_t n, pb_err *e)
{
    FILE *f = fopen(path, "wb");
    int ok = f && fwrite(data, 1, n, f) == n;

    if (f && fclose(f) != 0)
        ok = 0;
    return ok ? PB_OK : boot_fail(b, e, PB_EIO, "dumpdtb: cannot write '%s': %m", path);
}

uint64_t boot_place_high(struct boot *b, uint64_t top, uint64_t floor, uint64_t len,
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

static int load_segment(struct boot *b, const char *what, const struct image_segment *s,
                        uint64_t bias, pb_err *e)
{
    if (s->memsz > b->ram.len)
        return boot_fail(b, e, PB_ENOSPC, "%s: wants %llu MiB of memory at 0x%llx, the machine has "
                       "%llu MiB; use a larger -m", what, (unsigned long long)s->memsz >> 20,
                       (unsigned long long)(s->addr + bias), (unsigned long long)b->ram.len >> 20);
    uint8_t *buf = calloc(1, s->memsz);
    if (!buf)
        return boot_fail(b, e, PB_ENOMEM, "%s: out of memory", what);
    memcpy(buf, s->data, s->filesz);
    int rc = b->board->load(b->dev, what, s->addr + bias, buf, s->memsz, e);
    free(buf);
    return rc;
}

static void warn_trimmed(struct boot *b, const char *what, uint64_t cut)
{
    char text[800];

    if (!cut || !b->h->log_on[PB_LOG_WARN])
        return;
    snprintf(text, sizeof text, "%s: its first %llu bytes lie below main memory (0x%llx) and are "
             "left out", what, (unsigned long long)cut, (unsigned long long)b->ram.addr);
    b->h->log(b->h, b->dev, PB_LOG_WARN, text);
}

int boot_load_elf(struct boot *b, const char *what, const struct image *m,
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
