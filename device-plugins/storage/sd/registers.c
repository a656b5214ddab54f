/* SPDX-License-Identifier: MIT */
/* registers.c - what an SD card says of itself.
 * SD Specifications, Part 1, Physical Layer Simplified Specification 3.01: 4.3.10 (switch
 * function), 4.10.2 (SD status), 5.2 (CID), 5.3 (CSD), 5.6 (SCR).
 */
#include "card.h"

#include <string.h>

#define KIB 1024ull
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* Bits [hi:lo] of a 128-bit register; bit 127 is the highest of r[0]. */
static void put(uint32_t r[4], uint32_t hi, uint32_t lo, uint32_t v)
{
    for (uint32_t bit = lo; bit <= hi; bit++, v >>= 1)
        r[3 - bit / 32] |= (v & 1) << bit % 32;
}

/* 4.5: CRC7 over the first 15 bytes, x^7 + x^3 + 1. */
static void put_crc(uint32_t r[4])
{
    uint32_t crc = 0;

    for (int bit = 127; bit >= 8; bit--) {
        uint32_t in = r[3 - bit / 32] >> bit % 32 & 1;
        uint32_t out = crc >> 6 & 1;
        crc = (crc << 1 & 0x7f) ^ ((in ^ out) ? 9 : 0);
    }
    put(r, 7, 1, crc);
    put(r, 0, 0, 1);
}

/* ---- Size (5.3.2, 5.3.3) --------------------------------------------------------------- */

/* An SDSC card's C_SIZE_MULT and READ_BL_LEN for at least `bytes`. */
static void standard_size(uint64_t bytes, uint32_t *c_size, uint32_t *mult, uint32_t *len)
{
    *len = bytes > GIB ? 10 : 9;
    for (*mult = 0; *mult < 7 && bytes > (4096ull << (*mult + 2) << *len);)
        ++*mult;
    uint64_t unit = 1ull << (*mult + 2) << *len;
    *c_size = (uint32_t)((bytes + unit - 1) / unit - 1);
}

void card_size(struct card *c, uint64_t bytes)
{
    uint32_t size, mult, len;

    c->image = bytes;
    c->high = bytes > 2 * GIB;
    if (bytes < 8 * KIB) /* the least that a CSD can say is more than one such unit */
        bytes = 8 * KIB;
    if (c->high) {
        c->capacity = (bytes + 512 * KIB - 1) / (512 * KIB) * (512 * KIB);
    } else {
        standard_size(bytes, &size, &mult, &len);
        c->capacity = (uint64_t)(size + 1) << (mult + 2) << len;
    }
}

/* ---- CID and CSD ----------------------------------------------------------------------- */

void card_cid(const struct card *c, uint32_t r[4])
{
    static const char name[] = "PBCRD";

    memset(r, 0, 16);
    put(r, 127, 120, 0xaa);              /* MID */
    put(r, 119, 104, 'P' << 8 | 'B');    /* OID */
    for (uint32_t i = 0; i < 5; i++)     /* PNM */
        put(r, 103 - 8 * i, 96 - 8 * i, (uint8_t)name[i]);
    put(r, 63, 56, 0x10);                /* PRV 1.0 */
    put(r, 55, 24, c->serial);           /* PSN */
    put(r, 19, 8, 22 << 4 | 1);          /* MDT: January 2022 */
    put_crc(r);
}

void card_csd(const struct card *c, uint32_t r[4])
{
    uint32_t size, mult, len = 9;

    memset(r, 0, 16);
    put(r, 103, 96, c->high_speed ? 0x5a : 0x32); /* TRAN_SPEED: 50 or 25 MHz */
    put(r, 95, 84, 0x535);               /* CCC: 0, 2, 4, 5, 8, 10 */
    put(r, 46, 46, 1);                   /* ERASE_BLK_EN */
    put(r, 45, 39, 127);                 /* SECTOR_SIZE */
    put(r, 28, 26, 2);                   /* R2W_FACTOR */
    put(r, 13, 13, c->read_only);        /* PERM_WRITE_PROTECT */
    if (c->high) {
        put(r, 127, 126, 1);             /* CSD_STRUCTURE 2.0 */
        put(r, 119, 112, 0x0e);          /* TAAC */
        put(r, 69, 48, (uint32_t)(c->capacity / (512 * KIB) - 1));
    } else {
        standard_size(c->capacity, &size, &mult, &len);
        put(r, 119, 112, 0x26);
        put(r, 73, 62, size);
        put(r, 49, 47, mult);
        put(r, 61, 50, 0xdb6);           /* currents: 60 and 80 mA, as most cards say */
    }
    put(r, 83, 80, len);                 /* READ_BL_LEN */
    put(r, 25, 22, len);                 /* WRITE_BL_LEN */
    put_crc(r);
}

/* ---- SCR, SD status, functions --------------------------------------------------------- */

void card_scr(const struct card *c, uint8_t out[8])
{
    (void)c;
    memset(out, 0, 8);
    out[0] = 2;        /* SD_SPEC: 2.00 and, with SD_SPEC3, 3.0X */
    out[1] = 5;        /* SD_BUS_WIDTHS: 1 and 4; erased blocks read 0 */
    out[2] = 0x80;     /* SD_SPEC3 */
    out[3] = 2;        /* CMD_SUPPORT: SET_BLOCK_COUNT */
}

void card_ssr(const struct card *c, uint8_t out[REGISTER_MAX])
{
    memset(out, 0, REGISTER_MAX);
    out[0] = c->width == 2 ? 0x80 : 0;
    out[8] = 4;        /* SPEED_CLASS 10 */
    out[10] = 9 << 4;  /* AU_SIZE: 4 MiB */
}

/* 4.3.10: argument: bit 31 switch (else check), a nibble a group; 15 keeps what is. */
void card_switch(struct card *c, uint32_t arg, uint8_t out[REGISTER_MAX])
{
    uint32_t result[6] = {0};

    memset(out, 0, REGISTER_MAX);
    out[1] = 200;      /* mA */
    for (uint32_t g = 0; g < 6; g++) {
        uint32_t want = arg >> 4 * g & 15, top = g == 0 ? 1 : 0;
        uint32_t now = g == 0 ? c->high_speed : 0;
        result[g] = want == 15 ? now : want <= top ? want : 15;
        out[13 - 2 * g] = g == 0 ? 3 : 1; /* functions that there are */
    }
    for (uint32_t g = 0; g < 6; g++) /* one that cannot be: nothing is switched */
        if (result[g] == 15)
            arg &= 0x7fffffff;
    if (arg >> 31)
        c->high_speed = result[0];
    for (uint32_t g = 0; g < 6; g += 2)
        out[16 - g / 2] = (uint8_t)(result[g + 1] << 4 | result[g]);
}
