/* SPDX-License-Identifier: MIT */
/* screendump.c - what a display shows, as a PNG or PPM file.
 * ISO/IEC 15948 (PNG), 5 and 11.2; RFC 1950 (zlib), RFC 1951, 3.2.4 (stored blocks).
 *
 * The picture is stored, not packed: a library only for that is not worth its place in every
 * run. A line of the picture, with its filter byte, is a block of its own.
 */
#include "command.h"

#include <plugboard/display.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WIDEST 21000u /* 3 * width + 1 fits a stored block */
#define TALLEST 21000u

struct png {
    FILE *f;
    uint32_t crc;      /* of the chunk */
    uint32_t a, b;     /* Adler-32 of the data */
};

static uint32_t crc_of(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n; n--, p++) {
        crc ^= *p;
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return crc;
}

static void put(struct png *p, const void *data, size_t n)
{
    p->crc = crc_of(p->crc, data, n);
    fwrite(data, 1, n, p->f);
}

static void put32(struct png *p, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

    put(p, b, 4);
}

static void begin(struct png *p, const char *type, uint32_t len)
{
    put32(p, len);
    p->crc = UINT32_MAX;
    put(p, type, 4);
}

static void end(struct png *p)
{
    put32(p, ~p->crc);
}

static void header(struct png *p, uint32_t width, uint32_t height)
{
    static const uint8_t kind[5] = {8, 2, 0, 0, 0}; /* 8 bits, RGB, no interlace */

    fwrite("\x89PNG\r\n\x1a\n", 1, 8, p->f);
    begin(p, "IHDR", 13);
    put32(p, width);
    put32(p, height);
    put(p, kind, sizeof kind);
    end(p);
}

static void one_line(struct png *p, const uint8_t *line, uint32_t n, gboolean last)
{
    uint8_t head[5] = {last, (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)~n, (uint8_t)(~n >> 8)};

    put(p, head, sizeof head);
    put(p, line, n);
    for (uint32_t i = 0; i < n; i++) {
        p->a = (p->a + line[i]) % 65521;
        p->b = (p->b + p->a) % 65521;
    }
}

static void picture(struct png *p, const struct pb_display *t, void *self, uint32_t width,
                    uint32_t height)
{
    uint32_t n = 3 * width + 1;
    g_autofree uint8_t *line = g_malloc0(n); /* the first byte: no filter */

    begin(p, "IDAT", 2 + height * (n + 5) + 4);
    put(p, "\x78\x01", 2);
    p->a = 1;
    p->b = 0;
    for (uint32_t y = 0; y < height; y++) {
        t->line(self, y, line + 1);
        one_line(p, line, n, y + 1 == height);
    }
    put32(p, p->b << 16 | p->a);
    end(p);
    begin(p, "IEND", 0);
    end(p);
}

/* netpbm's ppm(5), raw. */
static void plain(FILE *f, const struct pb_display *t, void *self, uint32_t width,
                  uint32_t height)
{
    g_autofree uint8_t *line = g_malloc0(3 * width);

    fprintf(f, "P6\n%u %u\n255\n", width, height);
    for (uint32_t y = 0; y < height; y++) {
        t->line(self, y, line);
        fwrite(line, 1, 3 * width, f);
    }
}

static int write_file(const char *path, gboolean png, const struct pb_display *t, void *self,
                      pb_err *e)
{
    uint32_t width, height;
    struct png p = {0};

    if (t->extent(self, &width, &height) < 0 || !width || !height)
        return pb_err_set(e, PB_ENOENT, "nothing is shown: the guest has not set up its display");
    if (width > WIDEST || height > TALLEST)
        return pb_err_set(e, PB_ENOTSUP, "the picture of %u by %u pixels is too large", width,
                          height);
    p.f = fopen(path, "wb");
    if (p.f && !png) {
        plain(p.f, t, self, width, height);
    } else if (p.f) {
        header(&p, width, height);
        picture(&p, t, self, width, height);
    }
    int bad = !p.f || ferror(p.f);
    if (p.f && fclose(p.f) != 0)
        bad = 1;
    return bad ? pb_err_set(e, PB_EIO, "cannot write '%s': %s", path, g_strerror(errno)) : PB_OK;
}

int pb_mon_save_screen(struct pb_mon *x, const char *file, gboolean png, pb_err *e)
{
    for (guint i = 0; i < x->m->devs->len; i++) {
        pb_dev *d = x->m->devs->pdata[i];
        void *self;
        const struct pb_display *t = d->realized ? pb_dev_interface(d, PB_DISPLAY, &self) : NULL;
        if (!PB_HAS(struct pb_display, t, line))
            continue;
        gboolean ran = pb_mon_pause(x);
        int rc = write_file(file, png, t, self, e);
        pb_mon_resume(x, ran);
        return rc;
    }
    return pb_err_set(e, PB_ENOTSUP, "machine '%s' has no display", x->m->name);
}

int pb_mon_screendump(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n;
    return pb_mon_save_screen(x, v[0], TRUE, e);
}
