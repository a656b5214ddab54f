/* SPDX-License-Identifier: MIT */
/* mode.c - mode pages. SPC-4, 6.9 to 6.12, 7.5; SBC-3, 6.4.5 (caching).
 *
 * The write cache can be switched: off, every write is durable when it is done.
 */
#include "scsi.h"

#include <string.h>

enum { CACHING = 0x08, CONTROL = 0x0a, CAPABILITIES = 0x2a, ALL = 0x3f };
enum { CURRENT, CHANGEABLE, DEFAULT, SAVED };

static uint32_t caching(const struct scsi_unit *u, uint8_t *b, uint32_t which)
{
    uint32_t wce = u->type == SCSI_CD      ? 0
                   : which == CHANGEABLE ? u->tagged
                   : which == DEFAULT    ? u->cached
                                         : u->write_cache;

    b[0] = CACHING;
    b[1] = 0x12;
    b[2] = wce ? 0x04 : 0;
    return 20;
}

/* Commands are not kept in order: their tags alone say which is which. */
static uint32_t control(uint8_t *b, uint32_t which)
{
    b[0] = CONTROL;
    b[1] = 0x0a;
    b[3] = which == CHANGEABLE ? 0 : 0x10; /* unrestricted reordering */
    return 12;
}

void scsi_mode_sense(struct scsi_unit *u, struct scsi_task *t, uint32_t ten)
{
    const uint8_t *c = t->cdb;
    uint32_t head = ten ? 8 : 4, page = c[2] & 63, which = c[2] >> 6, at = head, first;
    uint8_t *b = t->buf;

    memset(b, 0, 256);
    if (which == SAVED) {
        scsi_fail(t, SENSE_SAVING);
        return;
    }
    if (!(c[1] & 8) && u->type == SCSI_DISK) { /* DBD: a short block descriptor */
        put_be(b + at, u->blocks < UINT32_MAX ? u->blocks : UINT32_MAX, 4);
        put_be(b + at + 5, u->block_size, 3);
        b[head - 1] = 8;
        at += 8;
    }
    first = at;
    if (page == CACHING || page == ALL)
        at += caching(u, b + at, which);
    if (u->tagged && (page == CONTROL || page == ALL))
        at += control(b + at, which);
    if (u->type == SCSI_CD && (page == CAPABILITIES || page == ALL))
        at += scsi_cd_page(u, b + at, which == CHANGEABLE);
    if (page != 0 && at == first) {
        scsi_fail(t, SENSE_FIELD);
        return;
    }
    if (u->type == SCSI_DISK) /* WP, DPOFUA */
        b[ten ? 3 : 2] = (uint8_t)((u->read_only ? 0x80 : 0) | (u->dpofua ? 0x10 : 0));
    put_be(b, ten ? at - 2 : at - 1, ten ? 2 : 1);
    scsi_answer(t, at, ten ? be16(c + 7) : c[4]);
}

/* A page as it is, but for what can be changed. */
static int page_fits(const struct scsi_unit *u, const uint8_t *b, uint32_t n)
{
    uint8_t now[20] = {0}, may[20] = {0};
    uint32_t len;

    if ((b[0] & 63) == CACHING) {
        len = caching(u, now, CURRENT);
        caching(u, may, CHANGEABLE);
    } else if (u->tagged && (b[0] & 63) == CONTROL) {
        len = control(now, CURRENT);
        control(may, CHANGEABLE);
    } else {
        return 0;
    }
    if (n < len || b[1] != now[1] || (b[0] & 0x40))
        return 0;
    for (uint32_t i = 2; i < len; i++)
        if ((b[i] ^ now[i]) & ~may[i])
            return 0;
    return (int)len;
}

void scsi_mode_select(struct scsi_unit *u, struct scsi_task *t, uint32_t ten)
{
    uint32_t head = ten ? 8 : 4, n = t->len, at, cache = u->write_cache;
    const uint8_t *b = t->buf;

    if (n == 0)
        return;
    at = n < head ? n + 1 : head + (ten ? be16(b + 6) : b[3]);
    if (at > n) {
        scsi_fail(t, SENSE_LIST_LENGTH);
        return;
    }
    while (at < n) {
        int len = n - at < 2 ? 0 : page_fits(u, b + at, n - at);
        if (len == 0) {
            scsi_fail(t, n - at < 2 || n - at < 2u + b[at + 1] ? SENSE_LIST_LENGTH
                                                               : SENSE_LIST_FIELD);
            return;
        }
        if ((b[at] & 63) == CACHING)
            cache = b[at + 2] >> 2 & 1;
        at += (uint32_t)len;
    }
    uint32_t off = u->write_cache && !cache;
    u->write_cache = cache;
    if (off && u->blocks && (u->ops >> PB_BLK_FLUSH & 1)) /* what is in it gets durable, too */
        scsi_own(u, t, PB_BLK_FLUSH, 0, 0, 0);
}
