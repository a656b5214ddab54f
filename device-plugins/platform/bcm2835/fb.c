/* SPDX-License-Identifier: MIT */
/* fb.c - the framebuffer that the firmware keeps, and its property tags.
 * Raspberry Pi firmware wiki, "Mailbox property interface", frame buffer.
 *
 * It lies at the start of the VideoCore's memory. After reset it is what the boot plugin tells
 * the kernel of. A Set is cut to what fits there and says what was taken; a Test only says.
 *
 * Not modelled: scaling from the virtual to the physical size (the physical one is shown at the
 * virtual offset), alpha, overscan and cursor, more than one display, vertical sync.
 */
#include "mbox.h"

#include <string.h>

#define EXTENT_MAX 4096u
#define BUS_ALIAS 0xc0000000u

enum { T_ALLOCATE = 0x40001, T_BLANK = 0x40002, T_GET_PHYSICAL = 0x40003,
       T_GET_VIRTUAL = 0x40004, T_GET_DEPTH = 0x40005, T_GET_ORDER = 0x40006,
       T_GET_ALPHA = 0x40007, T_GET_PITCH = 0x40008, T_GET_OFFSET = 0x40009,
       T_GET_OVERSCAN = 0x4000a, T_GET_PALETTE = 0x4000b, T_DISPLAYS = 0x40013,
       T_TEST = 0x4000, T_SET = 0x8000, T_RELEASE = 0x48001, T_SET_PALETTE = 0x4800b };

static uint32_t pitch(const struct fb *f)
{
    return f->virt_w * (f->depth / 8);
}

static uint32_t within(uint32_t v, uint32_t least, uint32_t most)
{
    return v < least ? least : v > most ? most : v;
}

/* A picture that does not fit loses lines. */
static void fit(uint32_t room, struct fb *f)
{
    f->phys_w = within(f->phys_w, 1, EXTENT_MAX);
    f->phys_h = within(f->phys_h, 1, EXTENT_MAX);
    f->virt_w = within(f->virt_w, 1, EXTENT_MAX);
    f->virt_h = within(f->virt_h, 1, EXTENT_MAX);
    if (f->depth != 8 && f->depth != 16 && f->depth != 24)
        f->depth = 32;
    if (f->virt_h > room / pitch(f))
        f->virt_h = room / pitch(f);
    f->off_x = within(f->off_x, 0, f->virt_w - 1);
    f->off_y = within(f->off_y, 0, f->virt_h - 1);
}

/* The pair or single value that a tag is about; NULL: none. */
static uint32_t *value_of(struct fb *f, uint32_t get, uint32_t *n)
{
    *n = 2;
    switch (get) {
    case T_GET_PHYSICAL:
        return &f->phys_w;
    case T_GET_VIRTUAL:
        return &f->virt_w;
    case T_GET_OFFSET:
        return &f->off_x;
    case T_GET_OVERSCAN:
        *n = 4;
        return f->overscan;
    default:
        break;
    }
    *n = 1;
    return get == T_GET_DEPTH ? &f->depth : get == T_GET_ORDER ? &f->order
           : get == T_GET_ALPHA ? &f->alpha : NULL;
}

/* Get, Test or Set of a value. */
static int access_value(struct mbox *m, uint32_t tag, uint32_t *v)
{
    uint32_t n, how = tag & (T_TEST | T_SET);
    struct fb trial = m->fb;
    uint32_t *p = value_of(&trial, tag & ~(uint32_t)(T_TEST | T_SET), &n);

    if (!p || how == (T_TEST | T_SET))
        return -1;
    if (how) {
        memcpy(p, v, 4 * n);
        if (p == &trial.order)
            trial.order &= 1;
        fit(m->vc_size, &trial);
        if (how == T_SET)
            m->fb = trial;
    }
    memcpy(v, p, 4 * n);
    return (int)(4 * n);
}

/* v: first entry, how many, colours. A message of ours carries all 256 in four tags. */
static int set_palette(struct mbox *m, uint32_t *v)
{
    uint32_t from = v[0], n = v[1];

    if (from > 255 || n > TAG_WORDS - 2 || n > 256 - from) {
        v[0] = 1; /* invalid */
        return 4;
    }
    memcpy(m->fb.palette + from, v + 2, 4 * n);
    v[0] = 0;
    return 4;
}

int mbox_fb_tag(struct mbox *m, uint32_t tag, uint32_t *v)
{
    struct fb *f = &m->fb;

    switch (tag) {
    case T_ALLOCATE:
        f->shown = 1;
        v[0] = BUS_ALIAS | m->vc_base;
        v[1] = pitch(f) * f->virt_h;
        return 8;
    case T_RELEASE:
        f->shown = 0;
        return 0;
    case T_BLANK:
        f->blank = v[0] & 1;
        v[0] = f->blank;
        return 4;
    case T_GET_PITCH:
        v[0] = pitch(f);
        return 4;
    case T_DISPLAYS:
        v[0] = 1;
        return 4;
    case T_SET_PALETTE:
        return set_palette(m, v);
    default:
        return access_value(m, tag, v);
    }
}

void mbox_fb_reset(struct mbox *m)
{
    m->fb = (struct fb){.phys_w = FB_WIDTH, .phys_h = FB_HEIGHT, .virt_w = FB_WIDTH,
                        .virt_h = FB_HEIGHT, .depth = 32, .order = 1, .shown = 1};
    fit(m->vc_size, &m->fb);
}

int mbox_fb_sane(const struct mbox *m)
{
    struct fb f = m->fb;

    fit(m->vc_size, &f);
    return memcmp(&f, &m->fb, sizeof f) == 0;
}

/* ---- The picture ----------------------------------------------------------------------- */

static int extent(void *self, uint32_t *width, uint32_t *height)
{
    const struct fb *f = &((struct mbox *)self)->fb;
    uint32_t w = f->virt_w - f->off_x, h = f->virt_h - f->off_y;

    *width = f->phys_w < w ? f->phys_w : w;
    *height = f->phys_h < h ? f->phys_h : h;
    return f->shown && !f->blank ? PB_OK : PB_ENOENT;
}

static uint32_t widen(uint32_t v, uint32_t bits)
{
    return v << (8 - bits) | v >> (2 * bits - 8);
}

/* A pixel's bytes, the first of them lowest, as 0xBBGGRR. */
static uint32_t colour(const struct fb *f, uint32_t v)
{
    if (f->depth == 8)
        return f->palette[v & 255] & 0xffffff;
    if (f->depth == 16)
        v = widen(v >> 11 & 31, 5) | widen(v >> 5 & 63, 6) << 8 | widen(v & 31, 5) << 16;
    return f->order ? v : (v & 0xff) << 16 | (v & 0xff00) | (v >> 16 & 0xff);
}

static void line(void *self, uint32_t y, uint8_t *rgb)
{
    struct mbox *m = self;
    const struct fb *f = &m->fb;
    uint32_t bytes = f->depth / 8, width, height;
    uint8_t px[4 * EXTENT_MAX];

    extent(m, &width, &height);
    uint64_t at = (uint64_t)(y + f->off_y) * pitch(f) + (uint64_t)f->off_x * bytes;
    if (m->mem->read(m->as, m->vc_base + at, px, (uint64_t)width * bytes) < 0)
        memset(px, 0, sizeof px);
    for (uint32_t x = 0; x < width; x++) {
        uint32_t v = 0;
        for (uint32_t k = 0; k < bytes; k++)
            v |= (uint32_t)px[x * bytes + k] << 8 * k;
        v = colour(f, v);
        for (uint32_t k = 0; k < 3; k++)
            rgb[3 * x + k] = (uint8_t)(v >> 8 * k);
    }
}

const struct pb_display mbox_display = {sizeof mbox_display, 0, extent, line};
