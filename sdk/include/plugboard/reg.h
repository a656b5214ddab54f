/* SPDX-License-Identifier: MIT */
/* plugboard/reg.h - register tables: a device that reads like its data sheet.
 *
 * A device describes each register once: name, offset, width, reset value, access, fields,
 * section. Decoding, reset, trace names, guest-error messages, `info regs`, the manual and
 * fuzz seeds come from that table. Code is inline: the plugin needs nothing from the host.
 *
 *     static const struct pb_reg uart_regs[] = {
 *         {.name = "SCR", .off = 7, .width = 1, .access = PB_R_RW, .mask = 0xff,
 *          .var = PB_REG_VAR(struct uart, scr), .id = R_SCR, .section = "8.7"},
 *     …
 *     return pb_regs_read(&uart_table, u, u->h, u->dev, off, bytes);
 */
#ifndef PLUGBOARD_REG_H
#define PLUGBOARD_REG_H

#include <plugboard/host.h>

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Access kinds. What the table alone cannot do, the hooks do. */
enum {
    PB_R_RW = 1, /* writes store val & mask */
    PB_R_RO,     /* a write is a guest error */
    PB_R_WO,     /* a read is a guest error and gives 0 */
    PB_R_W1C,    /* writing 1 clears those bits of mask */
    PB_R_RC,     /* reading clears it */
    PB_R_RSVD    /* reserved: reads 0, writes ignored, both silently */
};

/* A bit field, for messages, `info regs` and the manual. FROZEN. */
struct pb_regfield {
    const char *name, *doc;
    uint8_t lsb, width, access, pad[5]; /* bits; access 0: the register's own */
};
PB_FROZEN(struct pb_regfield, 24);

#define PB_REG_NONE 0u /* var: nothing is stored, the hooks make the value */
#define PB_REG_VAR(T, m) ((uint32_t)offsetof(T, m) + 1u)

/* One register, or `count` of them `stride` bytes apart. FROZEN. */
struct pb_reg {
    const char *name, *section; /* data sheet's name; section that defines it */
    uint32_t off;               /* bytes from the region's start */
    uint32_t var;               /* PB_REG_VAR of the stored value (width bytes wide, an array of
                                   `count` when count > 1), or PB_REG_NONE */
    uint64_t reset;             /* value after reset */
    uint64_t mask;              /* bits that software can write (W1C: clear) */
    uint16_t id;                /* what the hooks are given */
    uint8_t width, access;      /* bytes: 1 2 4 8; PB_R_* */
    uint16_t count, stride;     /* 0 and 0 stand for one register */
    const struct pb_regfield *fields; /* fields[n_fields] */
    uint32_t n_fields, flags;
    const char *doc;
    void *reserved;
};
PB_FROZEN(struct pb_reg, 80);

#define PB_REG_HOOK_R 1u /* flags: reads go through regs.read */
#define PB_REG_HOOK_W 2u /* flags: writes go through regs.write, after storing nothing */

struct pb_regs {
    uint32_t size, n;
    const struct pb_reg *reg; /* reg[n], by ascending offset, not overlapping */
    const char *name;         /* of the block: "pl011" */
    /* For registers with PB_REG_HOOK_R: the value; `i` is the array element. [dev] */
    uint64_t (*read)(void *self, const struct pb_reg *r, uint32_t i);
    /* For PB_REG_HOOK_W: do what the write means, storing included. [dev] */
    void (*write)(void *self, const struct pb_reg *r, uint32_t i, uint64_t val);
};

static inline uint64_t pb__reg_load(const void *p, uint32_t width)
{
    return width == 1   ? *(const uint8_t *)p
           : width == 2 ? *(const uint16_t *)p
           : width == 4 ? *(const uint32_t *)p
                        : *(const uint64_t *)p;
}

static inline void pb__reg_store(void *p, uint32_t width, uint64_t v)
{
    if (width == 1)
        *(uint8_t *)p = (uint8_t)v;
    else if (width == 2)
        *(uint16_t *)p = (uint16_t)v;
    else if (width == 4)
        *(uint32_t *)p = (uint32_t)v;
    else
        *(uint64_t *)p = v;
}

/* Where element `i` of register `r` is stored in instance `self`; NULL for PB_REG_NONE. */
static inline void *pb_reg_slot(const struct pb_reg *r, void *self, uint32_t i)
{
    return r->var ? (uint8_t *)self + (r->var - 1) + (size_t)i * r->width : NULL;
}

/* The register at byte offset `off`, and its element; NULL when there is none. */
static inline const struct pb_reg *pb_regs_find(const struct pb_regs *t, uint64_t off,
                                                uint32_t *element)
{
    uint32_t lo = 0, hi = t->n;

    while (lo < hi) { /* last register whose offset is <= off */
        uint32_t mid = (lo + hi) / 2;
        if (t->reg[mid].off <= off)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo == 0)
        return NULL;
    const struct pb_reg *r = &t->reg[lo - 1];
    uint64_t rel = off - r->off;
    uint32_t stride = r->stride ? r->stride : r->width;
    uint32_t i = (uint32_t)(rel / stride);
    if (i >= (r->count ? r->count : 1u) || rel % stride != 0)
        return NULL;
    *element = i;
    return r;
}

static inline void pb__reg_complain(const struct pb_regs *t, const pb_host *h, pb_dev *d,
                                    const char *what, const struct pb_reg *r, uint64_t off,
                                    uint64_t val)
{
    char text[160];

    if (!h || !h->log_on[PB_LOG_GUEST])
        return;
    snprintf(text, sizeof text, "%s: %s %s (offset 0x%llx, value 0x%llx)%s%s", t->name, what,
             r ? r->name : "no register", (unsigned long long)off, (unsigned long long)val,
             r && r->section ? ", section " : "", r && r->section ? r->section : "");
    h->log(h, d, PB_LOG_GUEST, text);
}

/* Read `bytes` at `off`. What is no register, or of another width, is a guest error. [dev] */
static inline uint64_t pb_regs_read(const struct pb_regs *t, void *self, const pb_host *h,
                                    pb_dev *d, uint64_t off, uint32_t bytes)
{
    uint32_t i = 0;
    const struct pb_reg *r = pb_regs_find(t, off, &i);

    if (!r || bytes != r->width || r->access == PB_R_WO) {
        pb__reg_complain(t, h, d, !r ? "read of" : bytes != r->width ? "read of wrong width of"
                                                                     : "read of write-only",
                         r, off, bytes);
        return 0;
    }
    if (r->access == PB_R_RSVD)
        return 0;
    if (r->flags & PB_REG_HOOK_R)
        return t->read(self, r, i);
    void *slot = pb_reg_slot(r, self, i);
    if (!slot)
        return r->reset;
    uint64_t v = pb__reg_load(slot, r->width);
    if (r->access == PB_R_RC)
        pb__reg_store(slot, r->width, 0);
    return v;
}

/* Write `bytes` of `val` at `off`. [dev] */
static inline void pb_regs_write(const struct pb_regs *t, void *self, const pb_host *h, pb_dev *d,
                                 uint64_t off, uint64_t val, uint32_t bytes)
{
    uint32_t i = 0;
    const struct pb_reg *r = pb_regs_find(t, off, &i);

    if (!r || bytes != r->width || r->access == PB_R_RO || r->access == PB_R_RC) {
        pb__reg_complain(t, h, d, !r ? "write to" : bytes != r->width ? "write of wrong width to"
                                                                      : "write to read-only",
                         r, off, val);
        return;
    }
    if (r->access == PB_R_RSVD)
        return;
    if (r->flags & PB_REG_HOOK_W) {
        t->write(self, r, i, val);
        return;
    }
    void *slot = pb_reg_slot(r, self, i);
    if (!slot)
        return;
    uint64_t old = pb__reg_load(slot, r->width);
    pb__reg_store(slot, r->width,
                  r->access == PB_R_W1C ? old & ~(val & r->mask)
                                        : (old & ~r->mask) | (val & r->mask));
}

/* Put the reset value into every stored register. [dev] */
static inline void pb_regs_reset(const struct pb_regs *t, void *self)
{
    for (uint32_t k = 0; k < t->n; k++) {
        const struct pb_reg *r = &t->reg[k];
        for (uint32_t i = 0; r->var && i < (r->count ? r->count : 1u); i++)
            pb__reg_store(pb_reg_slot(r, self, i), r->width, r->reset);
    }
}

#ifdef __cplusplus
}
#endif
#endif
