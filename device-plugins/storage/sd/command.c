/* SPDX-License-Identifier: MIT */
/* command.c - an SD card's commands and states.
 * SD Physical Layer Simplified Specification 3.01: 4.7.4 (commands), 4.8 (state table), 4.9
 * (answers), 4.10.1 (card status). A command that its state does not allow gets no answer and
 * shows in the next one's status.
 */
#include "card.h"

#define OCR_VOLTAGES 0x00ff8000u /* 2.7 to 3.6 V */
#define OCR_CCS (1u << 30)
#define OCR_READY (1u << 31)

#define IN(state) (1u << ST_##state)
/* 4.8: in which states a command may come; 0: there is none. */
static const uint16_t allowed[64] = {
    [0] = 0x1ff, [2] = IN(READY), [3] = IN(IDENT) | IN(STBY),
    [6] = IN(TRAN), [7] = IN(STBY) | IN(TRAN) | IN(DATA) | IN(PRG) | IN(DIS), [8] = IN(IDLE),
    [9] = IN(STBY), [10] = IN(STBY), [12] = IN(DATA) | IN(RCV),
    [13] = IN(STBY) | IN(TRAN) | IN(DATA) | IN(RCV) | IN(PRG) | IN(DIS), [15] = 0x1f8,
    [16] = IN(TRAN), [17] = IN(TRAN), [18] = IN(TRAN), [23] = IN(TRAN), [24] = IN(TRAN),
    [25] = IN(TRAN), [32] = IN(TRAN), [33] = IN(TRAN), [38] = IN(TRAN),
    [55] = IN(IDLE) | IN(STBY) | IN(TRAN) | IN(DATA) | IN(RCV) | IN(PRG) | IN(DIS),
};
static const uint16_t app_allowed[64] = {
    [6] = IN(TRAN), [13] = IN(TRAN), [22] = IN(TRAN), [23] = IN(TRAN), [41] = IN(IDLE),
    [42] = IN(TRAN), [51] = IN(TRAN),
};

/* 4.9.1: R1 tells the state in which the command came, and errors once. */
static uint32_t r1(struct card *c, uint32_t r[4], uint32_t state)
{
    r[0] = c->status | state << 9 | (c->app ? CS_APP_CMD : 0) |
           (state == ST_TRAN || state == ST_STBY ? CS_READY_FOR_DATA : 0);
    c->status = 0;
    return PB_SD_SHORT;
}

static uint32_t illegal(struct card *c)
{
    c->status |= CS_ILLEGAL_COMMAND;
    return PB_SD_SILENT;
}

static int addressed(const struct card *c, uint32_t arg)
{
    return arg >> 16 == c->rca;
}

/* ---- Data commands --------------------------------------------------------------------- */

/* Byte of a data address; 0 and status bits when it cannot be. */
static int data_at(struct card *c, uint32_t arg, uint64_t *at)
{
    *at = c->high ? (uint64_t)arg * BLOCK : arg;
    if (*at % BLOCK)
        c->status |= CS_ADDRESS_ERROR;
    else if (*at >= c->capacity)
        c->status |= CS_OUT_OF_RANGE;
    else
        return 1;
    return 0;
}

static uint32_t transfer(struct card *c, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    uint32_t single = cmd == 17 || cmd == 24, blocks = single ? 1 : c->count ? c->count : ENDLESS;
    uint32_t writes = cmd >= 24;
    uint64_t at;
    int ok = data_at(c, arg, &at);

    if (writes && c->read_only)
        c->status |= CS_WP_VIOLATION;
    c->count = 0;
    uint32_t kind = r1(c, r, ST_TRAN);
    if (!ok || (writes && c->read_only))
        return kind;
    if (writes)
        card_write_blocks(c, at, blocks);
    else
        card_read_blocks(c, at, blocks);
    return kind;
}

static uint32_t erase(struct card *c, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    uint64_t at;

    if (cmd != 38) {
        uint64_t *bound = cmd == 32 ? &c->erase_from : &c->erase_to;
        c->erase_set = cmd == 32 ? 1 : c->erase_set | 2;
        if (cmd == 33 && c->erase_set != 3)
            c->status |= CS_ERASE_SEQ_ERROR;
        if (data_at(c, arg, &at))
            *bound = cmd == 32 ? at : at + BLOCK;
        else
            c->erase_set = 0;
        return r1(c, r, ST_TRAN);
    }
    uint32_t set = c->erase_set;
    c->erase_set = 0;
    if (set != 3)
        c->status |= CS_ERASE_SEQ_ERROR;
    else if (c->erase_from >= c->erase_to)
        c->status |= CS_ERASE_PARAM;
    else if (c->read_only)
        c->status |= CS_WP_VIOLATION;
    else
        card_erase(c, c->erase_from, c->erase_to);
    return r1(c, r, ST_TRAN);
}

static uint32_t stop(struct card *c, uint32_t r[4])
{
    uint32_t state = c->state;

    card_stop(c);
    return r1(c, r, state);
}

/* ---- Identification and selection ------------------------------------------------------ */

static uint32_t identify(struct card *c, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    uint32_t state = c->state;

    switch (cmd) {
    case 2:
        card_cid(c, r);
        c->state = ST_IDENT;
        return PB_SD_LONG;
    case 3: { /* R6, 4.9.5 */
        c->rca = (c->rca + 0x4567) & 0xffff ? (c->rca + 0x4567) & 0xffff : 1;
        c->state = ST_STBY;
        uint32_t s = c->status | state << 9;
        r[0] = c->rca << 16 | (s >> 8 & 0xc000) | (s >> 6 & 0x2000) | (s & 0x1fff);
        c->status = 0;
        return PB_SD_SHORT;
    }
    case 8: /* R7: the voltage and the pattern come back */
        if ((arg >> 8 & 15) != 1)
            return PB_SD_SILENT;
        r[0] = arg & 0xfff;
        return PB_SD_SHORT;
    default: /* 9, 10 */
        if (!addressed(c, arg))
            return PB_SD_SILENT;
        (cmd == 9 ? card_csd : card_cid)(c, r);
        return PB_SD_LONG;
    }
}

/* A card that is deselected while it programs goes on (dis), and comes back to it. */
static uint32_t select_card(struct card *c, uint32_t arg, uint32_t r[4])
{
    uint32_t state = c->state;

    if (!addressed(c, arg)) {
        if (state == ST_DATA)
            card_stop(c);
        if (state != ST_STBY && state != ST_DIS)
            c->state = state == ST_PRG ? ST_DIS : ST_STBY;
        return PB_SD_SILENT;
    }
    if (state != ST_STBY && state != ST_DIS)
        return illegal(c);
    c->state = state == ST_DIS && c->mode != D_NONE ? ST_PRG : ST_TRAN;
    return r1(c, r, state);
}

/* 4.2.3: ready when it has been asked with voltages that it can, and an SDHC card by a host
 * that knows such. */
static uint32_t op_cond(struct card *c, uint32_t arg, uint32_t r[4])
{
    uint32_t asked = arg & OCR_VOLTAGES, can = !c->high || (arg & OCR_CCS);

    if (asked && can) {
        c->ready = 1;
        c->state = ST_READY;
    }
    r[0] = OCR_VOLTAGES | (c->ready ? OCR_READY | (c->high ? OCR_CCS : 0) : 0);
    return PB_SD_SHORT;
}

/* ---- Application commands -------------------------------------------------------------- */

static uint32_t app_command(struct card *c, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    uint8_t reg[REGISTER_MAX] = {0};

    if (cmd == 41)
        return op_cond(c, arg, r);
    c->app = 1; /* as R1 tells it */
    uint32_t kind = r1(c, r, c->state);
    c->app = 0;
    switch (cmd) {
    case 6:
        c->width = arg & 3;
        break;
    case 13:
        card_ssr(c, reg);
        card_send(c, reg, 64);
        break;
    case 22:
        for (uint32_t i = 0; i < 4; i++)
            reg[i] = (uint8_t)(c->written >> (24 - 8 * i));
        card_send(c, reg, 4);
        break;
    case 51:
        card_scr(c, reg);
        card_send(c, reg, 8);
        break;
    default: /* 23: erase before writing, 42: the card-detect pull-up: nothing to do */
        break;
    }
    return kind;
}

/* ---- All of them ----------------------------------------------------------------------- */

static uint32_t plain_command(struct card *c, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    uint8_t reg[REGISTER_MAX];
    uint32_t kind;

    switch (cmd) {
    case 6:
        kind = r1(c, r, c->state);
        card_switch(c, arg, reg);
        card_send(c, reg, 64);
        return kind;
    case 7:
        return select_card(c, arg, r);
    case 12:
        return stop(c, r);
    case 13:
        return addressed(c, arg) ? r1(c, r, c->state) : PB_SD_SILENT;
    case 15:
        if (addressed(c, arg))
            card_abandon(c);
        return PB_SD_SILENT;
    case 16:
        if (arg != BLOCK)
            c->status |= CS_BLOCK_LEN_ERROR;
        return r1(c, r, c->state);
    case 17: case 18: case 24: case 25:
        return transfer(c, cmd, arg, r);
    case 23:
        c->count = arg;
        return r1(c, r, c->state);
    case 32: case 33: case 38:
        return erase(c, cmd, arg, r);
    case 55:
        if (!addressed(c, arg))
            return PB_SD_SILENT;
        c->app = 1;
        return r1(c, r, c->state);
    default: /* 2, 3, 8, 9, 10 */
        return identify(c, cmd, arg, r);
    }
}

uint32_t card_command(void *self, uint32_t cmd, uint32_t arg, uint32_t r[4])
{
    struct card *c = self;
    uint32_t app = c->app;

    r[0] = r[1] = r[2] = r[3] = 0;
    cmd &= 63;
    c->app = 0;
    if (cmd == 0) {
        card_abandon(c);
        c->rca = c->ready = c->status = c->count = c->erase_set = c->width = c->high_speed = 0;
        return PB_SD_SILENT;
    }
    if (app && app_allowed[cmd] >> c->state & 1)
        return app_command(c, cmd, arg, r);
    if (!(allowed[cmd] >> c->state & 1))
        return illegal(c);
    return plain_command(c, cmd, arg, r);
}
