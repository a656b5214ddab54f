/* SPDX-License-Identifier: MIT */
/* sdhci.c - a standard SD host controller, as Arasan's in the BCM2835 (EMMC).
 * SD Specifications, Part A2, SD Host Controller Simplified Specification 3.00, chapters 1
 * and 2; section numbers below are of it.
 *
 * Registers are of 32 bits, as the BCM2835's bus has them; what the specification calls a
 * register of 8 or 16 bits is a field of one. Writing the command's byte carries it out at once.
 * Data goes through a buffer of one block (2.2.6). The input `pins` says whether the board's
 * pins connect it to the slot.
 *
 * Not modelled: SDMA and ADMA (capabilities say so), clocks and time-outs other than a card
 * that does not answer, tuning, boot mode, SDIO interrupts, block gaps.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>
#include <plugboard/sd.h>

#include <string.h>

#define BLOCK_MAX 1024u

/* TRANSFER_MODE, in the low half of CMDTM (2.2.5) */
enum { TM_BLKCNT_EN = 2, TM_AUTO_CMD = 12, TM_AUTO_CMD12 = 4, TM_AUTO_CMD23 = 8, TM_READ = 16,
       TM_MULTI = 32 };
/* COMMAND, in its high half (2.2.6) */
enum { CMD_RESPONSE = 3, CMD_LONG = 1, CMD_BUSY = 3, CMD_CRC = 8, CMD_INDEX_CHECK = 16,
       CMD_DATA = 32 };
/* PRESENT_STATE (2.2.9) */
enum { PS_DAT_INHIBIT = 2, PS_DAT_ACTIVE = 4, PS_WRITING = 0x100, PS_READING = 0x200,
       PS_BUF_WRITE = 0x400, PS_BUF_READ = 0x800 };
enum { PS_INSERTED = 7 << 16, PS_WRITABLE = 1 << 19, PS_LINES = 0x1f << 20 };
/* interrupt status (2.2.17, 2.2.18) */
enum { INT_CMD = 1, INT_TRANSFER = 2, INT_BUF_WRITE = 16, INT_BUF_READ = 32, INT_ERROR = 0x8000,
       INT_CMD_TIMEOUT = 1 << 16, INT_AUTO_CMD = 1 << 24, INT_ALL = 0x3fffffff };
/* CONTROL1: clock, time-out, software reset (2.2.14 to 2.2.16) */
enum { C1_INT_CLOCK = 1, C1_STABLE = 2, C1_RESET_ALL = 1 << 24, C1_RESET_CMD = 1 << 25,
       C1_RESET_DATA = 1 << 26 };
enum { R_ARG2, R_BLKSIZECNT, R_ARG1, R_CMDTM, R_RESP, R_DATA, R_STATUS, R_CONTROL0, R_CONTROL1,
       R_INTERRUPT, R_MASK, R_EN, R_CONTROL2, R_CAPABILITIES, R_MAX_CURRENT,
       R_SLOTISR };
enum { P_SLOT, P_CAPABILITIES, P_VERSION };

struct sdhci {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_line *irq;
    const struct pb_sd_slot *slot;
    void *slot_self;
    uint32_t pins; /* level of that input */
    uint64_t caps;
    uint32_t version;
    uint32_t arg2, blksizecnt, arg1, cmdtm, resp[4], control0, control1, interrupt, mask, en,
        control2;
    uint32_t active;   /* a data transfer is under way */
    uint32_t busywait; /* a command waits for the card to be done */
    uint32_t blocks;   /* that are still to be moved; UINT32_MAX: until it is stopped */
    uint32_t mode;     /* TRANSFER_MODE and the bytes of a block, as the transfer began: */
    uint32_t block;    /* other commands may come in between */
    uint32_t pos, len; /* buf: read: [pos, len) is the guest's; write: [0, len) the card's */
    uint8_t buf[BLOCK_MAX];
};

static const struct pb_sd_card *card(struct sdhci *s, void **self)
{
    return s->slot && s->pins ? s->slot->card(s->slot_self, self) : NULL;
}

static uint32_t block_size(const struct sdhci *s)
{
    uint32_t n = s->blksizecnt & 0xfff;

    return n < BLOCK_MAX ? n : BLOCK_MAX;
}

static int reading(const struct sdhci *s)
{
    return (s->mode & TM_READ) != 0;
}

static void raise(struct sdhci *s, uint32_t what)
{
    s->interrupt |= what & s->mask; /* 2.2.19: what is not enabled is not set */
    if (s->interrupt & 0xffff0000)
        s->interrupt |= INT_ERROR;
}

static void update(struct sdhci *s)
{
    pb_line_set(s->irq, (s->interrupt & s->en) != 0);
}

/* ---- Data ------------------------------------------------------------------------------ */

static void auto_stop(struct sdhci *s)
{
    uint32_t r[4] = {0};
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    if ((s->mode & TM_AUTO_CMD) != TM_AUTO_CMD12 || !(s->mode & TM_MULTI))
        return;
    if (!c || c->command(cs, 12, 0, r) != PB_SD_SHORT)
        raise(s, INT_AUTO_CMD);
    s->resp[3] = r[0];
}

static void end_transfer(struct sdhci *s)
{
    s->active = 0;
    auto_stop(s);
    s->busywait = !reading(s); /* a write ends when the card has programmed it (2.2.17) */
    if (reading(s))
        raise(s, INT_TRANSFER);
}

static void block_done(struct sdhci *s)
{
    s->pos = s->len = 0;
    if (s->blocks != UINT32_MAX && --s->blocks == 0) {
        end_transfer(s);
        return;
    }
    if (s->mode & TM_BLKCNT_EN)
        s->blksizecnt = (s->blksizecnt & 0xffff) | s->blocks << 16;
}

/* Fill the buffer from the card, or empty it into the card. */
static void move(struct sdhci *s)
{
    uint32_t n = s->block;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    if (!s->active || !c)
        return;
    if (reading(s)) {
        if (s->pos != 0 || s->len >= n)
            return;
        s->len += c->read(cs, s->buf + s->len, n - s->len);
        if (s->len == n)
            raise(s, INT_BUF_READ);
    } else if (s->len >= n) { /* a whole block: pos is how far the card took it */
        s->pos += c->write(cs, s->buf + s->pos, n - s->pos);
        if (s->pos < n)
            return;
        block_done(s);
        if (s->active)
            raise(s, INT_BUF_WRITE);
    }
}

static void changed(void *self)
{
    struct sdhci *s = self;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    move(s);
    if (s->busywait && (!c || !c->busy(cs))) {
        s->busywait = 0;
        raise(s, INT_TRANSFER);
    }
    update(s);
}

static uint32_t buffer_ready(const struct sdhci *s)
{
    return s->active && (reading(s) ? s->len == s->block : s->len < s->block);
}

static uint32_t read_data(struct sdhci *s)
{
    uint32_t v = 0, n = s->block;

    if (!buffer_ready(s) || !reading(s))
        return 0;
    for (uint32_t i = 0; i < 4 && s->pos < n; i++)
        v |= (uint32_t)s->buf[s->pos++] << 8 * i;
    if (s->pos >= n) {
        block_done(s);
        move(s);
        update(s);
    }
    return v;
}

static void write_data(struct sdhci *s, uint32_t v)
{
    uint32_t n = s->block;

    if (!buffer_ready(s) || reading(s))
        return;
    for (uint32_t i = 0; i < 4 && s->len < n; i++)
        s->buf[s->len++] = (uint8_t)(v >> 8 * i);
    if (s->len >= n)
        changed(s);
}

/* ---- Commands -------------------------------------------------------------------------- */

static void begin_transfer(struct sdhci *s)
{
    s->mode = s->cmdtm & 0xffff;
    s->blocks = !(s->mode & TM_MULTI)      ? 1
                : (s->mode & TM_BLKCNT_EN) ? s->blksizecnt >> 16
                                           : UINT32_MAX;
    s->pos = s->len = 0;
    s->block = block_size(s);
    s->active = s->blocks != 0 && s->block != 0;
    if (!s->active)
        raise(s, INT_TRANSFER);
    else if (!reading(s))
        raise(s, INT_BUF_WRITE);
    move(s);
}

static void answer(struct sdhci *s, uint32_t kind, const uint32_t r[4])
{
    if (kind == PB_SD_SHORT) {
        s->resp[0] = r[0];
    } else { /* 2.2.7: bits 127:8 of the answer, so moved down by a byte */
        for (uint32_t i = 0; i < 4; i++)
            s->resp[i] = r[3 - i] >> 8 | (i < 3 ? r[2 - i] << 24 : 0);
    }
}

static void command(struct sdhci *s)
{
    uint32_t r[4] = {0}, cmd = s->cmdtm >> 16, index = cmd >> 8 & 63;
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    if (c && (s->cmdtm & TM_AUTO_CMD) == TM_AUTO_CMD23 && (cmd & CMD_DATA))
        c->command(cs, 23, s->arg2, r);
    uint32_t kind = c ? c->command(cs, index, s->arg1, r) : PB_SD_SILENT;
    if (kind == PB_SD_SILENT && (cmd & CMD_RESPONSE)) {
        raise(s, INT_CMD_TIMEOUT);
        update(s);
        return;
    }
    if (kind != PB_SD_SILENT)
        answer(s, kind, r);
    raise(s, INT_CMD);
    if (cmd & CMD_DATA)
        begin_transfer(s);
    else if ((cmd & CMD_RESPONSE) == CMD_BUSY)
        s->busywait = 1;
    changed(s);
}

/* ---- Registers (2.2) ------------------------------------------------------------------- */

static uint32_t read_status(struct sdhci *s)
{
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);
    uint32_t v = c ? PS_INSERTED | PS_LINES : 0;

    if (c && !(PB_HAS(struct pb_sd_card, c, read_only) && c->read_only(cs)))
        v |= PS_WRITABLE;
    if (c && c->busy(cs))
        v &= ~(1u << 20); /* DAT0 is low */
    if (s->active || s->busywait)
        v |= PS_DAT_INHIBIT | PS_DAT_ACTIVE;
    if (s->active)
        v |= reading(s) ? PS_READING : PS_WRITING;
    if (buffer_ready(s))
        v |= reading(s) ? PS_BUF_READ : PS_BUF_WRITE;
    return v;
}

static void reset_data(struct sdhci *s)
{
    s->active = s->busywait = s->pos = s->len = 0;
    s->interrupt &= ~(uint32_t)(INT_TRANSFER | INT_BUF_READ | INT_BUF_WRITE);
}

static void reset_all(struct sdhci *s);

static void write_control1(struct sdhci *s, uint32_t v)
{
    void *cs;
    const struct pb_sd_card *c = card(s, &cs);

    s->control1 = v & 0xffffe5;
    if (v & C1_INT_CLOCK)
        s->control1 |= C1_STABLE;
    if (v & C1_RESET_DATA)
        reset_data(s);
    if (v & C1_RESET_CMD)
        s->interrupt &= ~(uint32_t)INT_CMD;
    if (v & C1_RESET_ALL) {
        reset_all(s);
        if (c)
            c->power(cs, 0);
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct sdhci *s = self;

    switch (r->id) {
    case R_DATA:
        return read_data(s);
    case R_STATUS:
        return read_status(s);
    case R_CAPABILITIES:
        return (uint32_t)(s->caps >> 32 * i);
    default: /* R_SLOTISR */
        return s->version << 16 | ((s->interrupt & s->en) != 0);
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct sdhci *s = self;

    (void)i;
    switch (r->id) {
    case R_CMDTM:
        s->cmdtm = (uint32_t)(v & r->mask);
        command(s);
        break;
    case R_DATA:
        write_data(s, (uint32_t)v);
        break;
    case R_CONTROL1:
        write_control1(s, (uint32_t)v);
        break;
    case R_INTERRUPT:
        s->interrupt &= ~(uint32_t)(v & INT_ALL & ~(uint32_t)INT_ERROR);
        if (!(s->interrupt & 0xffff0000))
            s->interrupt &= ~(uint32_t)INT_ERROR;
        break;
    case R_MASK:
        s->mask = (uint32_t)v & INT_ALL;
        s->interrupt &= s->mask | INT_ERROR;
        break;
    default: /* R_EN */
        s->en = (uint32_t)v & INT_ALL;
    }
    update(s);
}

#define VAR(m) .var = PB_REG_VAR(struct sdhci, m)
#define REG(n, o, acc, m, fl, sec, ...) {.name = #n, .off = o, .width = 4, .access = acc, \
    .mask = m, .id = R_##n, .flags = fl, .section = sec, __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG(ARG2, 0x00, PB_R_RW, 0xffffffff, 0, "2.2.1", VAR(arg2)),
    REG(BLKSIZECNT, 0x04, PB_R_RW, 0xffffffff, 0, "2.2.2", VAR(blksizecnt)),
    REG(ARG1, 0x08, PB_R_RW, 0xffffffff, 0, "2.2.4", VAR(arg1)),
    REG(CMDTM, 0x0c, PB_R_RW, 0x3ffb01ff, PB_REG_HOOK_W, "2.2.5", VAR(cmdtm),
        .doc = "a write carries the command out"),
    REG(RESP, 0x10, PB_R_RO, 0, 0, "2.2.7", VAR(resp), .count = 4, .stride = 4),
    REG(DATA, 0x20, PB_R_RW, 0xffffffff, PB_REG_HOOK_R | PB_REG_HOOK_W, "2.2.8"),
    REG(STATUS, 0x24, PB_R_RO, 0, PB_REG_HOOK_R, "2.2.9"),
    REG(CONTROL0, 0x28, PB_R_RW, 0x0fff0f3f, 0, "2.2.10", VAR(control0)),
    REG(CONTROL1, 0x2c, PB_R_RW, 0x0fffffe5, PB_REG_HOOK_W, "2.2.14", VAR(control1)),
    REG(INTERRUPT, 0x30, PB_R_RW, INT_ALL, PB_REG_HOOK_W, "2.2.17", VAR(interrupt),
        .doc = "writing 1 clears"),
    REG(MASK, 0x34, PB_R_RW, INT_ALL, PB_REG_HOOK_W, "2.2.19", VAR(mask),
        .doc = "which bits of INTERRUPT can be set"),
    REG(EN, 0x38, PB_R_RW, INT_ALL, PB_REG_HOOK_W, "2.2.21", VAR(en),
        .doc = "which of them interrupt"),
    REG(CONTROL2, 0x3c, PB_R_RW, 0xc0ff0000, 0, "2.2.23", VAR(control2)),
    REG(CAPABILITIES, 0x40, PB_R_RO, 0, PB_REG_HOOK_R, "2.2.25", .count = 2, .stride = 4),
    REG(MAX_CURRENT, 0x48, PB_R_RO, 0, 0, "2.2.26", .count = 2, .stride = 4),
    REG(SLOTISR, 0xfc, PB_R_RO, 0, PB_REG_HOOK_R, "2.2.35", .doc = "and the version"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "sdhci",
                                     reg_read, reg_write};

static void reset_all(struct sdhci *s)
{
    pb_regs_reset(&table, s);
    s->active = s->busywait = s->pos = s->len = s->blocks = s->block = s->mode = 0;
}

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct sdhci *s = self;

    return pb_regs_read(&table, s, s->h, s->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct sdhci *s = self;

    pb_regs_write(&table, s, s->h, s->dev, off, val, bytes);
}

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 8,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct sdhci *s = self;

    s->h = h;
    s->dev = d;
    s->irq = line->out(d, "irq", 0);
    s->caps = (uint64_t)prop->get_int(d, P_CAPABILITIES);
    s->version = (uint32_t)prop->get_int(d, P_VERSION);
    s->slot = prop->get_link(d, P_SLOT, PB_SD_SLOT, &s->slot_self);
    if (s->slot && s->slot->listen(s->slot_self, changed, s) < 0)
        return h->fail(e, PB_ENOSPC, "sdhci: the slot has too many hosts");
    pb_region *r = mem->io(d, "regs", 0x100, &ops, s, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct sdhci *s = self;

    (void)n;
    s->pins = level != 0;
    changed(s);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct sdhci *s = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        reset_all(s);
    else if (phase == PB_RESET_HOLD)
        update(s);
}

static int load(void *self, pb_state *st, pb_err *e)
{
    struct sdhci *s = self;

    (void)st;
    if (s->block > BLOCK_MAX || s->len > s->block || s->pos > s->len)
        return s->h->fail(e, PB_EINVAL, "sdhci: saved counts are larger than a block");
    return PB_OK;
}

#define U32(m) PB_FIELD(struct sdhci, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(pins), U32(arg2), U32(blksizecnt), U32(arg1), U32(cmdtm),
    PB_FIELD_ARRAY(struct sdhci, resp, PB_S_U32, 4), U32(control0), U32(control1),
    U32(interrupt), U32(mask), U32(en), U32(control2), U32(active), U32(busywait), U32(blocks),
    U32(mode), U32(block), U32(pos), U32(len),
    PB_FIELD_ARRAY(struct sdhci, buf, PB_S_BYTES, BLOCK_MAX),
};
static const char *const slot_iface[] = {PB_SD_SLOT, NULL};
static const struct pb_prop props[] = {
    {.name = "slot", .doc = "Slot that its pins lead to", .type = PB_T_LINK,
     .choices = slot_iface},
    {.name = "capabilities", .doc = "The capabilities register", .type = PB_T_UINT,
     .def = "0x01200000"}, /* 3.3 V, high speed, blocks of 512 */
    {.name = "version", .doc = "Host controller version register", .type = PB_T_UINT,
     .def = "0x9902", .min = 0, .max = 0xffff},
};
static const char *const lines_out[] = {"irq", NULL};
static const char *const lines_in[] = {"pins", NULL};

static const struct pb_device_class sdhci = {
    .size = sizeof sdhci, .flags = PB_DEV_NO_USER, .id = "sdhci",
    .title = "SD host controller (SDHCI)", .category = "storage",
    .spec = "SD Host Controller 3.00", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 1, .lines_out = lines_out, .lines_in = lines_in,
    .instance_size = sizeof(struct sdhci), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .line_in = line_in, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &sdhci}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.sdhci",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "SD host controller (SDHCI)", .needs = needs, .classes = classes, .n_classes = 1};
