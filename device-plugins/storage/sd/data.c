/* SPDX-License-Identifier: MIT */
/* data.c - an SD card's data lines: blocks read, written and erased.
 * SD Physical Layer Simplified Specification 3.01, 4.3.3 to 4.3.5.
 *
 * One request to the medium is under way at a time. A read fetches a buffer of blocks, a write
 * programs one when it is full or the transfer ends. What a host gave up while the medium still
 * worked on it is dropped when it comes. Behind the medium's end, which may come before the
 * card's, blocks read 0 and cannot be written.
 */
#include "card.h"

#include <string.h>

static void done(struct pb_block_req *r);
static void next(struct card *c);

static void tell(struct card *c)
{
    if (c->host)
        c->host->changed(c->host_self);
}

/* ---- The medium ------------------------------------------------------------------------ */

static void submit(struct card *c, uint32_t op, uint64_t at, uint32_t bytes)
{
    c->io = 1;
    c->cancelled = 0;
    c->iov = (struct pb_iov){c->buf, bytes};
    c->req = (struct pb_block_req){
        .size = sizeof c->req, .op = op, .offset = at, .bytes = bytes,
        .iov = op == PB_BLK_ZERO ? NULL : &c->iov, .n_iov = op != PB_BLK_ZERO,
        .flags = op == PB_BLK_ZERO ? PB_BLK_MAY_UNMAP : 0, .done = done, .user = c};
    c->blk->submit(c->node, &c->req);
}

/* Bytes from `at` on that the medium has, at most n. */
static uint32_t on_medium(const struct card *c, uint64_t at, uint32_t n)
{
    return at >= c->image ? 0 : c->image - at < n ? (uint32_t)(c->image - at) : n;
}

static uint32_t chunk(const struct card *c)
{
    uint64_t space = (c->capacity - c->at) / BLOCK, n = BUFFER / BLOCK;

    n = c->left < n ? c->left : n;
    return (uint32_t)(n < space ? n : space) * BLOCK;
}

/* Fetch what follows; at the card's end an endless read has nothing more. */
static void fetch(struct card *c)
{
    uint32_t n = chunk(c), have = on_medium(c, c->at, n);

    c->pos = c->len = 0;
    if (n == 0) {
        c->status |= CS_OUT_OF_RANGE;
        c->left = 0;
        return;
    }
    memset(c->buf + have, 0, n - have);
    if (have) {
        submit(c, PB_BLK_READ, c->at, have);
        return;
    }
    c->len = n;
    c->at += n;
    if (c->left != ENDLESS)
        c->left -= n / BLOCK;
}

static void fetched(struct card *c)
{
    uint32_t n = chunk(c);

    if (c->req.status < 0) {
        c->status |= CS_ERROR;
        memset(c->buf, 0, n);
    }
    c->len = n;
    c->at += n;
    if (c->left != ENDLESS)
        c->left -= n / BLOCK;
}

static void program(struct card *c)
{
    uint32_t have = on_medium(c, c->at, c->len);

    if (have < c->len)
        c->status |= CS_ERROR;
    if (have) {
        submit(c, PB_BLK_WRITE, c->at, have);
    } else {
        c->at += c->len;
        c->len = 0;
    }
}

static void programmed(struct card *c)
{
    if (c->req.status < 0)
        c->status |= CS_ERROR;
    else
        c->written += c->len / BLOCK;
    c->at += c->len;
    c->len = 0;
}

static void erase(struct card *c)
{
    uint64_t end = c->erase_to < c->image ? c->erase_to : c->image;
    struct pb_block_info i = {.size = sizeof i};
    uint32_t most = 1u << 30;

    if (c->blk->info(c->node, &i) == PB_OK && i.max_bytes && i.max_bytes < most)
        most = i.max_bytes & ~(BLOCK - 1);
    if (c->at >= end) {
        c->mode = D_NONE;
        c->state = ST_TRAN;
    } else if (i.ops & 1u << PB_BLK_ZERO) {
        submit(c, PB_BLK_ZERO, c->at, end - c->at < most ? (uint32_t)(end - c->at) : most);
    } else {
        memset(c->buf, 0, BUFFER);
        submit(c, PB_BLK_WRITE, c->at, end - c->at < BUFFER ? (uint32_t)(end - c->at) : BUFFER);
    }
}

/* A piece that fails is left; the rest is tried. */
static void erased(struct card *c)
{
    if (c->req.status < 0)
        c->status |= CS_ERROR;
    c->at += c->req.bytes;
}

static void done(struct pb_block_req *r)
{
    struct card *c = r->user;

    c->thread->enter(c->dev);
    c->io = 0;
    if (!c->cancelled) {
        if (c->mode == D_READ)
            fetched(c);
        else if (c->mode == D_WRITE)
            programmed(c);
        else if (c->mode == D_ERASE)
            erased(c);
    }
    next(c);
    tell(c);
    c->thread->leave(c->dev);
}

/* What the transfer needs now that no request is under way. */
static void next(struct card *c)
{
    if (c->io)
        return;
    if (c->mode == D_READ && c->pos == c->len) {
        if (c->left)
            fetch(c);
        else if (c->state == ST_DATA && !(c->status & CS_OUT_OF_RANGE))
            card_stop(c);
    } else if (c->mode == D_WRITE) {
        if (c->len && (c->len == BUFFER || c->left == 0))
            program(c);
        if (!c->io && c->left == 0 && c->len == 0) {
            c->mode = D_NONE;
            c->state = ST_TRAN;
        }
    } else if (c->mode == D_ERASE) {
        erase(c);
    }
}

/* ---- Transfers ------------------------------------------------------------------------- */

static void begin(struct card *c, uint32_t mode, uint32_t state)
{
    c->cancelled = c->io;
    c->mode = mode;
    c->state = state;
    c->pos = c->len = 0;
}

void card_send(struct card *c, const uint8_t *reg, uint32_t n)
{
    begin(c, D_REGISTER, ST_DATA);
    memcpy(c->reg, reg, n);
    c->len = n;
}

void card_read_blocks(struct card *c, uint64_t at, uint32_t blocks)
{
    begin(c, D_READ, ST_DATA);
    c->at = at;
    c->left = blocks;
    next(c);
}

void card_write_blocks(struct card *c, uint64_t at, uint32_t blocks)
{
    begin(c, D_WRITE, ST_RCV);
    c->at = at;
    c->left = blocks;
    c->written = 0;
}

void card_erase(struct card *c, uint64_t from, uint64_t to)
{
    begin(c, D_ERASE, ST_PRG);
    c->at = from;
    c->erase_to = to;
    next(c);
}

void card_stop(struct card *c)
{
    if (c->mode == D_WRITE) { /* whole blocks are programmed */
        c->left = 0;
        if (!c->io)
            c->len -= c->len % BLOCK;
        c->state = ST_PRG;
        next(c);
        return;
    }
    begin(c, D_NONE, ST_TRAN);
}

void card_abandon(struct card *c)
{
    begin(c, D_NONE, ST_IDLE);
    c->left = 0;
}

uint32_t card_room(void *self)
{
    struct card *c = self;

    if (c->mode == D_REGISTER) /* has a buffer of its own */
        return c->len - c->pos;
    if (c->io)
        return 0;
    if (c->mode == D_READ)
        return c->len - c->pos;
    if (c->mode != D_WRITE || c->state != ST_RCV || c->left == 0)
        return 0;
    uint64_t more = c->left == ENDLESS ? BUFFER : (uint64_t)c->left * BLOCK - c->len % BLOCK;
    uint64_t space = c->capacity - c->at - c->len;
    more = more < space ? more : space;
    return more < BUFFER - c->len ? (uint32_t)more : BUFFER - c->len;
}

uint32_t card_take(void *self, void *buf, uint32_t n)
{
    struct card *c = self;
    uint32_t have = c->mode == D_WRITE ? 0 : card_room(c);

    n = n < have ? n : have;
    memcpy(buf, (c->mode == D_REGISTER ? c->reg : c->buf) + c->pos, n);
    c->pos += n;
    if (n && c->pos == c->len) {
        if (c->mode == D_REGISTER)
            begin(c, D_NONE, ST_TRAN);
        next(c);
    }
    return n;
}

uint32_t card_give(void *self, const void *buf, uint32_t n)
{
    struct card *c = self;
    uint32_t have = c->mode == D_WRITE ? card_room(c) : 0;

    n = n < have ? n : have;
    memcpy(c->buf + c->len, buf, n);
    if (c->left != ENDLESS)
        c->left -= (c->len % BLOCK + n) / BLOCK;
    c->len += n;
    if (n && c->left == 0)
        c->state = ST_PRG;
    if (n)
        next(c);
    return n;
}

uint32_t card_busy(void *self)
{
    struct card *c = self;

    return c->state == ST_PRG;
}

static void resume(void *self)
{
    next(self);
}

void card_resume(struct card *c)
{
    c->time->soon(c->dev, resume, c);
}
