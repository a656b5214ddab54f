/* SPDX-License-Identifier: MIT */
/* sdhost.c - the BCM2835's own SD host controller.
 * Broadcom publishes nothing of it; registers and their bits as in Linux's driver of
 * "brcm,bcm2835-sdhost" and its binding.
 *
 * Commands are carried out at once. Data goes through a FIFO of 16 words: reading, it is the
 * card's own buffer that shows; writing, words wait in it while the card programs. A DMA
 * controller takes and gives through the port instead, paced by the output `dreq`. The input
 * `pins` says whether the board's pins connect it to the slot.
 *
 * Not modelled: clock and time-outs (SDCDIV and SDTOUT are kept), CRC errors, SDIO interrupts.
 */
#include "soc.h"

#include <plugboard/dma.h>
#include <plugboard/sd.h>

#include <string.h>

#define FIFO 64u /* bytes */
enum { CMD_NEW = 0x8000, CMD_FAIL = 0x4000, CMD_BUSYWAIT = 0x800, CMD_NO_RESPONSE = 0x400,
       CMD_LONG = 0x200, CMD_WRITE = 0x80, CMD_READ = 0x40, CMD_INDEX = 0x3f };
enum { HSTS_DATA = 1, HSTS_FIFO_ERROR = 8, HSTS_CMD_TIME_OUT = 0x40, HSTS_BLOCK = 0x200,
       HSTS_BUSY = 0x400, HSTS_CLEARABLE = 0x7f8 };
enum { HCFG_DATA_EN = 0x10, HCFG_BLOCK_EN = 0x100, HCFG_BUSY_EN = 0x400 };
enum { FSM_DATAMODE = 1, FSM_READDATA = 2, FSM_WRITEDATA = 3, FSM_READWAIT = 4 };
enum { EDM_FORCE_DATA = 1 << 19, EDM_THRESHOLDS = 0x7fe00 };
enum { R_CMD, R_ARG, R_TOUT, R_CDIV, R_RSP, R_HSTS, R_VDD, R_EDM, R_HCFG, R_HBCT, R_DATA,
       R_HBLC };
enum { P_SLOT };

struct sdhost {
    struct soc_block b;
    const struct pb_line *irq, *dreq;
    const struct pb_sd_slot *slot;
    void *slot_self;
    uint32_t pins; /* level of that input */
    uint32_t cmd, arg, tout, cdiv, rsp[4], hsts, vdd, edm, hcfg, hbct, hblc;
    uint32_t busywait;        /* BUSY_IRPT follows when the card is done */
    uint32_t reading;         /* the direction of the transfer */
    uint64_t left;            /* bytes of the transfer that the FIFO's other end still moves */
    uint32_t block;           /* bytes of it since the last whole block */
    uint32_t fifo_n;          /* writing: bytes that the card does not take yet */
    uint8_t fifo[FIFO];
};

static const struct pb_sd_card *card(struct sdhost *s, void **self)
{
    return s->slot && s->pins ? s->slot->card(s->slot_self, self) : NULL;
}

/* Bytes that the card gives or takes now. */
static uint32_t room(struct sdhost *s)
{
    void *self;
    const struct pb_sd_card *c = card(s, &self);
    uint32_t n = c ? c->room(self) : 0;

    return n < s->left ? n : (uint32_t)s->left;
}

static void update(struct sdhost *s)
{
    uint32_t ready = s->left && (s->reading ? room(s) > 0 : s->fifo_n < FIFO);

    s->hsts = (s->hsts & ~(uint32_t)HSTS_DATA) | (ready ? HSTS_DATA : 0);
    pb_line_set(s->dreq, (int32_t)ready);
    pb_line_set(s->irq, (ready && (s->hcfg & HCFG_DATA_EN)) ||
                        ((s->hsts & HSTS_BLOCK) && (s->hcfg & HCFG_BLOCK_EN)) ||
                        ((s->hsts & HSTS_BUSY) && (s->hcfg & HCFG_BUSY_EN)));
}

/* ---- Data ------------------------------------------------------------------------------ */

/* n bytes of the transfer passed between FIFO and card. */
static void passed(struct sdhost *s, uint32_t n)
{
    s->left -= n;
    s->block += n;
    if (s->hbct && s->block >= s->hbct) {
        s->block %= s->hbct;
        s->hsts |= s->hcfg & HCFG_BLOCK_EN ? HSTS_BLOCK : 0; /* not noted while disabled */
    }
}

static uint32_t take(void *self, void *buf, uint32_t n)
{
    struct sdhost *s = self;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);
    uint32_t most = s->reading ? room(s) : 0;

    n = n < most ? n : most;
    if (n)
        n = c->read(cs, buf, n);
    passed(s, n);
    update(s);
    return n;
}

/* What waits in the FIFO goes first. */
static void drain_fifo(struct sdhost *s)
{
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    while (c && s->fifo_n && s->left) {
        uint32_t most = s->fifo_n < s->left ? s->fifo_n : (uint32_t)s->left;
        uint32_t n = c->write(cs, s->fifo, most);
        if (n == 0)
            break;
        s->fifo_n -= n;
        memmove(s->fifo, s->fifo + n, s->fifo_n);
        passed(s, n);
    }
}

static uint32_t give(void *self, const void *buf, uint32_t n)
{
    struct sdhost *s = self;
    uint32_t done = 0;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    if (!c || s->reading)
        return 0;
    drain_fifo(s);
    if (s->fifo_n == 0) {
        uint64_t most = s->left < n ? s->left : n;
        done = c->write(cs, buf, (uint32_t)most);
        passed(s, done);
    }
    uint64_t space = s->left - (s->left < s->fifo_n ? s->left : s->fifo_n);
    uint32_t keep = FIFO - s->fifo_n < n - done ? FIFO - s->fifo_n : n - done;
    keep = keep < space ? keep : (uint32_t)space;
    memcpy(s->fifo + s->fifo_n, (const uint8_t *)buf + done, keep);
    s->fifo_n += keep;
    update(s);
    return done + keep;
}

/* The card has something new to tell. */
static void changed(void *self)
{
    struct sdhost *s = self;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    if (!s->reading)
        drain_fifo(s);
    if (s->busywait && (!c || !c->busy(cs))) {
        s->busywait = 0;
        s->hsts |= s->hcfg & HCFG_BUSY_EN ? HSTS_BUSY : 0;
    }
    update(s);
}

/* ---- Commands -------------------------------------------------------------------------- */

static void command(struct sdhost *s, uint32_t v)
{
    uint32_t r[4] = {0}, index = v & CMD_INDEX;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);
    uint32_t kind = c && (s->vdd & 1) ? c->command(cs, index, s->arg, r) : PB_SD_SILENT;

    s->cmd = v & 0x3fff & ~(uint32_t)CMD_NEW;
    if (kind == PB_SD_SILENT && !(v & CMD_NO_RESPONSE)) {
        s->cmd |= CMD_FAIL;
        s->hsts |= HSTS_CMD_TIME_OUT;
        return;
    }
    if (kind == PB_SD_LONG) { /* RSP0 is the lowest word */
        for (uint32_t i = 0; i < 4; i++)
            s->rsp[i] = r[3 - i];
    } else if (kind == PB_SD_SHORT) {
        s->rsp[0] = r[0];
    }
    if (v & (CMD_READ | CMD_WRITE)) {
        s->reading = (v & CMD_READ) != 0;
        s->left = (uint64_t)s->hbct * s->hblc;
        s->block = s->fifo_n = 0;
    }
    s->busywait = (v & CMD_BUSYWAIT) != 0;
    changed(s);
}

/* ---- Registers ------------------------------------------------------------------------- */

static uint32_t read_edm(struct sdhost *s)
{
    uint32_t level = s->reading ? room(s) : s->fifo_n, fsm = FSM_DATAMODE;

    level = (level < FIFO ? level + 3 : FIFO) / 4;
    if (s->left)
        fsm = !s->reading ? FSM_WRITEDATA : level ? FSM_READDATA : FSM_READWAIT;
    return (s->edm & EDM_THRESHOLDS) | level << 4 | fsm;
}

static uint32_t read_data(struct sdhost *s)
{
    uint8_t v[4] = {0};

    if (take(s, v, 4) == 0) {
        s->hsts |= HSTS_FIFO_ERROR;
        soc_guest_error(&s->b, "bcm2835-sdhost: SDDATA read while the FIFO is empty");
    }
    return v[0] | v[1] << 8 | v[2] << 16 | (uint32_t)v[3] << 24;
}

static void write_data(struct sdhost *s, uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    if (s->left && !s->reading && s->fifo_n <= FIFO - 4) {
        give(s, bytes, 4);
    } else {
        s->hsts |= HSTS_FIFO_ERROR;
        soc_guest_error(&s->b, "bcm2835-sdhost: SDDATA written while the FIFO is full, or nothing "
                               "is to be written");
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    (void)i;
    return r->id == R_EDM ? read_edm(self) : read_data(self);
}

static void set_power(struct sdhost *s, uint32_t v)
{
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    s->vdd = v & 1;
    if (c)
        c->power(cs, s->vdd);
    s->left = s->fifo_n = s->busywait = 0;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct sdhost *s = self;

    (void)i;
    switch (r->id) {
    case R_CMD:
        s->cmd = (uint32_t)v & 0x7fff;
        if (v & CMD_NEW)
            command(s, (uint32_t)v);
        break;
    case R_HSTS:
        s->hsts &= ~(uint32_t)(v & HSTS_CLEARABLE);
        break;
    case R_VDD:
        set_power(s, (uint32_t)v);
        break;
    case R_EDM:
        s->edm = (uint32_t)v & EDM_THRESHOLDS;
        if (v & EDM_FORCE_DATA)
            s->left = s->fifo_n = 0;
        break;
    case R_HCFG:
        s->hcfg = (uint32_t)(v & r->mask);
        break;
    default: /* R_DATA */
        write_data(s, (uint32_t)v);
    }
    update(s);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define VAR(m) .var = PB_REG_VAR(struct sdhost, m)
#define REG(n, o, acc, m, fl, ...) {.name = "SD" #n, .off = o, .width = 4, .access = acc, \
    .mask = m, .id = R_##n, .flags = fl, __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG(CMD, 0x00, PB_R_RW, 0xffff, PB_REG_HOOK_W, VAR(cmd)),
    REG(ARG, 0x04, PB_R_RW, 0xffffffff, 0, VAR(arg)),
    REG(TOUT, 0x08, PB_R_RW, 0xffffffff, 0, VAR(tout), .reset = 0xf00000),
    REG(CDIV, 0x0c, PB_R_RW, 0x7ff, 0, VAR(cdiv)),
    REG(RSP, 0x10, PB_R_RO, 0, 0, VAR(rsp), .count = 4, .stride = 4),
    REG(HSTS, 0x20, PB_R_RW, HSTS_CLEARABLE, PB_REG_HOOK_W, VAR(hsts),
        .doc = "writing 1 clears; bit 0 follows the FIFO"),
    REG(VDD, 0x30, PB_R_RW, 1, PB_REG_HOOK_W, VAR(vdd)),
    REG(EDM, 0x34, PB_R_RW, EDM_THRESHOLDS, HOOKS, VAR(edm),
        .doc = "18:9 thresholds, 8:4 words in the FIFO, 3:0 state"),
    REG(HCFG, 0x38, PB_R_RW, 0x7ff, PB_REG_HOOK_W, VAR(hcfg)),
    REG(HBCT, 0x3c, PB_R_RW, 0xffff, 0, VAR(hbct), .doc = "bytes of a block"),
    REG(DATA, 0x40, PB_R_RW, 0xffffffff, HOOKS),
    REG(HBLC, 0x50, PB_R_RW, 0xffff, 0, VAR(hblc), .doc = "blocks"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-sdhost", reg_read, reg_write};

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct sdhost *s = self;

    s->irq = line->out(d, "irq", 0);
    s->dreq = line->out(d, "dreq", 0);
    s->slot = prop->get_link(d, P_SLOT, PB_SD_SLOT, &s->slot_self);
    if (s->slot && s->slot->listen(s->slot_self, changed, s) < 0)
        return h->fail(e, PB_ENOSPC, "bcm2835-sdhost: the slot has too many hosts");
    return soc_realize(&s->b, d, h, &table, 0x100, e);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct sdhost *s = self;

    (void)n;
    s->pins = level != 0;
    update(s);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct sdhost *s = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, s);
        s->busywait = s->reading = s->block = s->fifo_n = 0;
        s->left = 0;
    } else if (phase == PB_RESET_HOLD) {
        update(s);
    }
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct sdhost *s = self;

    (void)st;
    if (s->fifo_n > FIFO || s->left > 0xffffull * 0xffff)
        return s->b.h->fail(e, PB_EINVAL, "bcm2835-sdhost: saved counts are too large");
    return PB_OK;
}

#define U32(m) PB_FIELD(struct sdhost, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(pins), U32(cmd), U32(arg), U32(tout), U32(cdiv),
    PB_FIELD_ARRAY(struct sdhost, rsp, PB_S_U32, 4), U32(hsts), U32(vdd), U32(edm), U32(hcfg),
    U32(hbct), U32(hblc), U32(busywait), U32(reading), PB_FIELD(struct sdhost, left, PB_S_U64),
    U32(block), U32(fifo_n), PB_FIELD_ARRAY(struct sdhost, fifo, PB_S_U8, FIFO),
};
static const struct pb_dma_port port = {.size = sizeof port, .take = take, .give = give};
static const struct pb_provide provides[] = {{PB_DMA_PORT, &port}};
static const char *const slot_iface[] = {PB_SD_SLOT, NULL};
static const struct pb_prop props[] = {
    {.name = "slot", .doc = "Slot that its pins lead to", .type = PB_T_LINK,
     .choices = slot_iface},
};
static const char *const lines_out[] = {"irq", "dreq", NULL};
static const char *const lines_in[] = {"pins", NULL};

const struct pb_device_class bcm2835_sdhost_class = {
    .size = sizeof bcm2835_sdhost_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-sdhost",
    .title = "BCM2835 SD host controller", .category = "storage",
    .spec = "brcm,bcm2835-sdhost", .props = props, .n_props = 1, .n_regions = 1,
    .lines_out = lines_out, .lines_in = lines_in, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct sdhost), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .line_in = line_in, .load = load,
};
