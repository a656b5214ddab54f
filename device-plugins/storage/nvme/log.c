/* SPDX-License-Identifier: MIT */
/* log.c - Get Log Page. NVM Express 1.4, 5.14. */
#include "nvme.h"

#include <string.h>

enum { L_ERROR = 1, L_SMART, L_FIRMWARE, L_CHANGED, L_EFFECTS };
#define KELVIN 313u /* 40 degrees */

static void put_count(uint8_t *at, uint64_t v) /* 128 bits */
{
    put64(at, v);
}

/* Figure 194; data units are thousands of 512 bytes. */
static void smart(struct nvme *n, uint8_t *b)
{
    int64_t on = n->time->now(n->h, PB_CLK_VIRTUAL) - n->since;

    b[0] = KELVIN >= n->f_temp_over || KELVIN <= n->f_temp_under ? 0x02 : 0;
    put16(b + 1, KELVIN);
    b[3] = 100; /* spare, % */
    b[4] = 10;
    put_count(b + 32, (n->read_units + 999) / 1000);
    put_count(b + 48, (n->written_units + 999) / 1000);
    put_count(b + 64, n->reads);
    put_count(b + 80, n->writes);
    put_count(b + 112, n->power_cycles);
    put_count(b + 128, (uint64_t)(on > 0 ? on : 0) / 3600000000000ull);
}

/* Figure 198: which commands exist (bit 0), change data (1) or namespaces (3, 4). */
static void effects(uint8_t *b)
{
    static const struct {
        uint16_t at;
        uint8_t v;
    } t[] = {{0x00, 1}, {0x01, 1}, {0x02, 1}, {0x04, 1}, {0x05, 1}, {0x06, 1}, {0x08, 1},
             {0x09, 1}, {0x0a, 1}, {0x0c, 1}, {0x15, 0x11}, {0x80, 0x0b},
             {256 + 0x00, 3}, {256 + 0x01, 3}, {256 + 0x02, 1}, {256 + 0x05, 1},
             {256 + 0x08, 3}, {256 + 0x09, 3}};

    for (uint32_t i = 0; i < sizeof t / sizeof *t; i++)
        b[4 * t[i].at] = t[i].v;
}

/* Reading a page takes back its mask, unless bit 15 (RAE) is set: 5.2. */
static void was_read(struct nvme *n, uint32_t type, uint32_t keep)
{
    if (keep)
        return;
    n->masked &= ~(1u << type);
    events_send(n);
}

uint32_t log_page(struct req *q)
{
    struct nvme *n = q->n;
    uint32_t id = q->cmd[10] & 0xff, keep = q->cmd[10] >> 15 & 1, rc;
    uint64_t off = pair(&q->cmd[12]);
    uint64_t bytes = ((uint64_t)(q->cmd[10] >> 16) | (uint64_t)(q->cmd[11] & 0xffff) << 16) * 4 + 4;
    uint8_t b[4096] = {0};

    switch (id) {
    case L_ERROR: /* nothing is kept of errors: one empty entry */
        break;
    case L_SMART:
        smart(n, b);
        break;
    case L_FIRMWARE:
        b[0] = 1; /* slot 1 is active */
        memcpy(b + 8, "1.0     ", 8);
        break;
    case L_CHANGED:
        for (uint32_t i = 0; i < n->n_changed; i++)
            put32(b + 4 * i, n->changed[i]);
        break;
    case L_EFFECTS:
        effects(b);
        break;
    default:
        return S_LOG_PAGE | S_DNR;
    }
    if ((off & 3) || off > sizeof b)
        return S_FIELD | S_DNR;
    rc = data_answer(q, b + off, min64(bytes, sizeof b - off));
    if (rc)
        return rc;
    if (id == L_CHANGED && !keep)
        n->n_changed = 0;
    if (id <= L_CHANGED)
        was_read(n, id == L_ERROR ? 0 : id == L_CHANGED ? 2 : 1, keep);
    return S_OK;
}
