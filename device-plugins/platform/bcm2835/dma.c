/* SPDX-License-Identifier: MIT */
/* dma.c - the BCM2835's DMA controller: fifteen channels with chains of control blocks.
 * Broadcom BCM2835 ARM Peripherals, chapter 4.
 *
 * A channel runs outside the callbacks of others. A transfer that is paced by a request line
 * moves through the peripheral's port (plugboard/dma.h), as much as the port has; the line's rise
 * says that there is more. A register that is not the port's gets a word a look at the line.
 * Addresses are the VideoCore's (1.2.3): 0x7e...... is the peripherals, below are four aliases of
 * memory.
 *
 * A chain may have no end, and a word to a register costs the host as much as many to memory: a run
 * stops when it has done AT_ONCE's worth, and goes on when about the time has passed that the chip
 * would have needed. What else begins meanwhile waits for that.
 *
 * Not modelled: channel 15, bursts, wait cycles and priorities (there is no bus to share), AXI
 * errors other than addresses without memory, pace by a line without a port (-d unimp tells).
 */
#include "soc.h"

#include <plugboard/dma.h>

#include <stdio.h>
#include <string.h>

#define CHANNELS 15u /* register ids have the channel in bits 11:8 */
#define REQUESTS 32u
#define LINES 13u        /* a line each for channels 0 to 10, one for 11 to 14, one for all */
#define CHUNK 65536u
#define REGISTER_CHUNK 1024u /* when a register is one of the ends */
#define AT_ONCE (1u << 20) /* worth of a run, in bytes of memory or ns; channels share it */
#define WORD_WORTH 256u    /* one to or from a register */
#define BLOCK_WORTH 1024u  /* loading a control block */
#define ROW_WORTH 64u
#define TURN 20000u        /* ns until a run goes on, at least */

enum { CS_ACTIVE = 1, CS_END = 2, CS_INT = 4, CS_DREQ = 8, CS_PAUSED = 16, CS_WAITING = 64,
       CS_ERROR = 256, CS_WRITABLE = 0x30ff0000 };
#define CS_ABORT (1u << 30)
#define CS_RESET (1u << 31)
enum { TI_INTEN = 1, TI_TDMODE = 2, TI_DEST_INC = 16, TI_DEST_DREQ = 64, TI_DEST_IGNORE = 128,
       TI_SRC_INC = 256, TI_SRC_DREQ = 1024, TI_SRC_IGNORE = 2048 };
enum { DEBUG_READ_ERROR = 4, DEBUG_ERRORS = 7 };
enum { R_CS, R_CONBLK, R_TI, R_SOURCE, R_DEST, R_LEN, R_STRIDE, R_NEXT, R_DEBUG,
       R_INT_STATUS, R_ENABLE };

struct channel {
    uint32_t cs, conblk, ti, source, dest, len, stride, next, debug;
    uint32_t loaded;  /* a control block is being worked on */
    uint32_t x, rows; /* 2D: bytes of a row, rows still to come */
};

struct dma {
    struct soc_block b;
    const struct pb_svc_mem *mem;
    pb_as *as;
    pb_timer *timer;
    const struct pb_line *irq[LINES];
    const struct pb_dma_port *port[REQUESTS];
    void *port_self[REQUESTS];
    uint32_t enable;
    uint32_t told; /* request lines without a port that were spoken of */
    uint32_t level; /* of the request lines, a bit each */
    struct channel ch[CHANNELS];
    uint8_t buf[CHUNK];
};

static uint64_t physical(uint32_t bus)
{
    return bus >> 24 == 0x7e ? 0x3f000000u | (bus & 0xffffff) : bus & 0x3fffffff;
}

/* ---- Interrupts ------------------------------------------------------------------------ */

static uint32_t pending(const struct dma *m)
{
    uint32_t v = 0;

    for (uint32_t i = 0; i < CHANNELS; i++)
        v |= (uint32_t)((m->ch[i].cs & CS_INT) != 0) << i;
    return v;
}

static void update(struct dma *m)
{
    uint32_t v = pending(m);

    for (uint32_t i = 0; i < 11; i++)
        pb_line_set(m->irq[i], v >> i & 1);
    pb_line_set(m->irq[11], (v & 0x7800) != 0);
    pb_line_set(m->irq[12], v != 0);
}

/* ---- Transfers ------------------------------------------------------------------------- */

static void fail(struct dma *m, struct channel *c)
{
    c->cs = (c->cs & ~(uint32_t)CS_ACTIVE) | CS_ERROR;
    c->debug |= DEBUG_READ_ERROR;
    c->loaded = 0;
    soc_guest_error(&m->b, "bcm2835-dma: an address without memory, section 4.2.1.2");
}

static uint32_t paced(const struct channel *c)
{
    return c->ti & (TI_SRC_DREQ | TI_DEST_DREQ) ? c->ti >> 16 & 31 : 0;
}

/* A transfer paced by a peripheral that is not modelled never moves. */
static void check_port(struct dma *m, uint32_t line)
{
    char text[120];

    if (!line || m->port[line] || m->told >> line & 1)
        return;
    m->told |= 1u << line;
    snprintf(text, sizeof text, "bcm2835-dma: request line %u has no peripheral here: a transfer "
             "waits for it for ever", line);
    m->b.h->log(m->b.h, m->b.dev, PB_LOG_UNIMP, text);
}

/* Load the control block at CONBLK_AD (4.2.1.1). */
static int load_block(struct dma *m, struct channel *c)
{
    uint32_t cb[8];

    if (m->mem->read(m->as, physical(c->conblk), cb, sizeof cb) < 0)
        return 0;
    c->ti = cb[0];
    c->source = cb[1];
    c->dest = cb[2];
    c->len = cb[3] & 0x3fffffff;
    c->stride = cb[4];
    c->next = cb[5] & ~31u;
    c->rows = 0;
    if (c->ti & TI_TDMODE) {
        c->rows = c->len >> 16;
        c->x = c->len & 0xffff;
        c->len = c->x;
    }
    c->loaded = 1;
    check_port(m, paced(c));
    return 1;
}

static void finish_block(struct channel *c)
{
    c->loaded = 0;
    if (c->ti & TI_INTEN)
        c->cs |= CS_INT;
    c->conblk = c->next;
    if (c->next == 0)
        c->cs = (c->cs & ~(uint32_t)CS_ACTIVE) | CS_END;
}

/* Memory, or one register again and again when the address does not move. */
static int move(struct dma *m, uint32_t addr, uint32_t n, int inc, int to)
{
    uint64_t at = physical(addr);

    if (inc)
        return to ? m->mem->write(m->as, at, m->buf, n) : m->mem->read(m->as, at, m->buf, n);
    for (uint32_t i = 0; i < n; i += 4) {
        uint32_t k = n - i < 4 ? n - i : 4;
        int rc = to ? m->mem->write(m->as, at, m->buf + i, k)
                    : m->mem->read(m->as, at, m->buf + i, k);
        if (rc < 0)
            return rc;
    }
    return PB_OK;
}

/* The port that a paced transfer goes through; NULL: its register is not the port's. */
static const struct pb_dma_port *port_of(const struct dma *m, const struct channel *c)
{
    uint32_t p = paced(c), at = c->ti & TI_SRC_DREQ ? c->source : c->dest;
    const struct pb_dma_port *port = p ? m->port[p] : NULL;

    return port && PB_HAS(struct pb_dma_port, port, serves) && !port->serves(m->port_self[p], at)
               ? NULL : port;
}

static int by_word(const struct dma *m, const struct channel *c)
{
    return paced(c) && !port_of(m, c);
}

/* Words that go to or come from a register one by one when n bytes are moved. */
static uint32_t register_words(const struct channel *c, const struct pb_dma_port *port, uint32_t n)
{
    uint32_t from = !(c->ti & (TI_SRC_INC | TI_SRC_IGNORE)) && !(port && c->ti & TI_SRC_DREQ);
    uint32_t to = !(c->ti & (TI_DEST_INC | TI_DEST_IGNORE)) && !(port && c->ti & TI_DEST_DREQ);

    return (from + to) * ((n + 3) / 4);
}

/* Move up to n bytes; how many it were, 0 when a port has to be waited for, -1 an error. What that
 * was worth is added to *worth. */
static int step(struct dma *m, struct channel *c, uint32_t n, uint32_t *worth)
{
    uint32_t p = paced(c);
    const struct pb_dma_port *port = port_of(m, c);

    if (register_words(c, port, n) && n > REGISTER_CHUNK)
        n = REGISTER_CHUNK;

    if (by_word(m, c)) {
        if (!m->port[p] || !(m->level >> p & 1))
            return 0;
        n = n < 4 ? n : 4;
    }
    if (port && (c->ti & TI_SRC_DREQ)) {
        n = port->take(m->port_self[p], m->buf, n);
    } else if (c->ti & TI_SRC_IGNORE) {
        memset(m->buf, 0, n);
    } else if (move(m, c->source, n, c->ti & TI_SRC_INC, 0) < 0) {
        return -1;
    }
    if (port && (c->ti & TI_DEST_DREQ))
        n = port->give(m->port_self[p], m->buf, n);
    else if (n && !(c->ti & TI_DEST_IGNORE) && move(m, c->dest, n, c->ti & TI_DEST_INC, 1) < 0)
        return -1;
    *worth += n + WORD_WORTH * register_words(c, port, n);
    return (int)n;
}

static void advance(struct channel *c, uint32_t n)
{
    c->source += c->ti & TI_SRC_INC ? n : 0;
    c->dest += c->ti & TI_DEST_INC ? n : 0;
    c->len -= n;
    if (c->len == 0 && c->rows) { /* the next row: signed strides */
        c->rows--;
        c->len = c->x;
        c->source += (uint32_t)(int16_t)(c->stride & 0xffff);
        c->dest += (uint32_t)(int16_t)(c->stride >> 16);
    }
}

/* As far as it gets within `most`; what that was worth. *more: there is more to do now. */
static uint32_t run_channel(struct dma *m, struct channel *c, uint32_t most, int *more)
{
    uint32_t worth = 0;

    while ((c->cs & CS_ACTIVE) && worth < most) {
        if (!c->loaded && (c->conblk == 0 || !load_block(m, c))) {
            if (c->conblk == 0)
                c->cs = (c->cs & ~(uint32_t)CS_ACTIVE) | CS_END;
            else
                fail(m, c);
            return worth;
        }
        if (c->len == 0 && c->rows == 0) {
            finish_block(c);
            worth += BLOCK_WORTH;
            continue;
        }
        int n = c->len ? step(m, c, c->len < CHUNK ? c->len : CHUNK, &worth) : 0;
        if (n < 0) {
            fail(m, c);
            return worth;
        }
        if (n == 0 && c->len)
            return worth; /* the request line will say */
        advance(c, (uint32_t)n);
        worth += ROW_WORTH;
        if (by_word(m, c)) {
            *more = 1; /* what the line says now is heard when this call is over */
            return worth;
        }
    }
    *more |= (c->cs & CS_ACTIVE) != 0;
    return worth;
}

static void run(void *self)
{
    struct dma *m = self;
    uint32_t active = 0, worth = 0;
    int more = 0;

    for (uint32_t i = 0; i < CHANNELS; i++)
        active += m->ch[i].cs & CS_ACTIVE;
    for (uint32_t i = 0; i < CHANNELS; i++)
        worth += run_channel(m, &m->ch[i], AT_ONCE / (active ? active : 1), &more);
    update(m);
    if (more)
        m->b.time->arm(m->timer, (int64_t)soc_now(&m->b) + (worth > TURN ? worth : TURN));
}

/* Unless a run waits for its turn. */
static void run_soon(struct dma *m)
{
    if (m->b.time->deadline(m->timer) < 0)
        m->b.time->soon(m->b.dev, run, m); /* only there may it reach registers of others */
}

static void turn(void *self)
{
    struct dma *m = self;

    m->b.time->soon(m->b.dev, run, m);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct dma *m = self;

    m->level = (m->level & ~(1u << n)) | (uint32_t)(level != 0) << n;
    for (uint32_t i = 0; level && i < CHANNELS; i++) {
        if ((m->ch[i].cs & CS_ACTIVE) && m->ch[i].loaded && paced(&m->ch[i]) == n)
            run_soon(m);
    }
}

/* ---- Registers (4.2.1) ----------------------------------------------------------------- */

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct dma *m = self;
    const struct channel *c = &m->ch[r->id >> 8 & 15];

    (void)i;
    if (r->id == R_INT_STATUS)
        return pending(m);
    if ((r->id & 0xff) == R_LEN)
        return c->ti & TI_TDMODE ? c->rows << 16 | (c->len & 0xffff) : c->len;
    return c->cs | (c->cs & CS_ACTIVE ? 0 : CS_PAUSED); /* R_CS */
}

static void write_cs(struct dma *m, struct channel *c, uint32_t v)
{
    if (v & CS_RESET) {
        *c = (struct channel){.debug = c->debug};
    } else {
        c->cs = (c->cs & ~(v & (CS_END | CS_INT))) & ~(uint32_t)(CS_ACTIVE | CS_WRITABLE);
        c->cs |= v & (CS_ACTIVE | CS_WRITABLE);
        if ((v & CS_ABORT) && c->loaded)
            finish_block(c);
        if (c->cs & CS_ACTIVE)
            run_soon(m);
    }
    update(m);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct dma *m = self;
    struct channel *c = &m->ch[r->id >> 8];

    (void)i;
    switch (r->id & 0xff) {
    case R_CS:
        write_cs(m, c, (uint32_t)v);
        break;
    case R_CONBLK:
        c->conblk = (uint32_t)v & ~31u;
        break;
    case R_NEXT:
        c->next = (uint32_t)v & ~31u;
        break;
    default: /* R_DEBUG */
        c->debug &= ~(uint32_t)(v & DEBUG_ERRORS);
        if (!c->debug)
            c->cs &= ~(uint32_t)CS_ERROR;
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, name_, off_, k, acc, m, fl, member, ...) {.name = "DMA" #n "_" name_, \
    .off = (n) * 0x100 + (off_), .width = 4, .access = acc, .mask = m, .id = (n) << 8 | R_##k, \
    .flags = fl, .section = "4.2.1", .var = PB_REG_VAR(struct dma, ch[n].member), __VA_ARGS__}
#define CHANNEL(n) \
    REG(n, "CS", 0x00, CS, PB_R_RW, CS_WRITABLE | CS_ACTIVE, HOOKS, cs), \
    REG(n, "CONBLK_AD", 0x04, CONBLK, PB_R_RW, 0xffffffe0, PB_REG_HOOK_W, conblk), \
    REG(n, "TI", 0x08, TI, PB_R_RO, 0, 0, ti), \
    REG(n, "SOURCE_AD", 0x0c, SOURCE, PB_R_RO, 0, 0, source), \
    REG(n, "DEST_AD", 0x10, DEST, PB_R_RO, 0, 0, dest), \
    REG(n, "TXFR_LEN", 0x14, LEN, PB_R_RO, 0, PB_REG_HOOK_R, len), \
    REG(n, "STRIDE", 0x18, STRIDE, PB_R_RO, 0, 0, stride), \
    REG(n, "NEXTCONBK", 0x1c, NEXT, PB_R_RW, 0xffffffe0, PB_REG_HOOK_W, next), \
    REG(n, "DEBUG", 0x20, DEBUG, PB_R_RW, DEBUG_ERRORS, PB_REG_HOOK_W, debug)
static const struct pb_reg regs[] = {
    CHANNEL(0), CHANNEL(1), CHANNEL(2), CHANNEL(3), CHANNEL(4), CHANNEL(5), CHANNEL(6),
    CHANNEL(7), CHANNEL(8), CHANNEL(9), CHANNEL(10), CHANNEL(11), CHANNEL(12), CHANNEL(13),
    CHANNEL(14),
    {.name = "INT_STATUS", .off = 0xfe0, .width = 4, .access = PB_R_RO, .id = R_INT_STATUS,
     .flags = PB_REG_HOOK_R, .section = "4.2.1"},
    {.name = "ENABLE", .off = 0xff0, .width = 4, .access = PB_R_RW, .mask = 0x7fff,
     .id = R_ENABLE, .var = PB_REG_VAR(struct dma, enable), .reset = 0x7fff,
     .section = "4.2.1", .doc = "kept; channels work without it"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-dma", reg_read, reg_write};

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct dma *m = self;

    m->mem = h->get(h, PB_SVC_MEM);
    m->as = m->mem->as(d);
    m->timer = ((const struct pb_svc_time *)h->get(h, PB_SVC_TIME))
                   ->timer(d, "turn", PB_CLK_VIRTUAL, turn, m, e);
    if (!m->timer)
        return PB_ENOMEM;
    for (uint32_t i = 0; i < LINES; i++)
        m->irq[i] = line->out(d, "irq", i);
    for (uint32_t i = 1; i < REQUESTS; i++) /* property i - 1 is request line i's port */
        m->port[i] = prop->get_link(d, i - 1, PB_DMA_PORT, &m->port_self[i]);
    return soc_realize(&m->b, d, h, &table, 0x1000, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct dma *m = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        memset(m->ch, 0, sizeof m->ch);
        m->b.time->disarm(m->timer);
        pb_regs_reset(&table, m);
    } else if (phase == PB_RESET_HOLD) {
        update(m);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct dma *m = self;

    (void)s, (void)e; /* what addresses and lengths say is looked at when they are used */
    m->b.time->soon(m->b.dev, run, m);
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD(struct dma, enable, PB_S_U32),
    {"ch", PB_S_U32, offsetof(struct dma, ch), CHANNELS * sizeof(struct channel) / 4, 1},
    {"level", PB_S_U32, offsetof(struct dma, level), 1, 2},
};
static const char *const port_iface[] = {PB_DMA_PORT, NULL};
#define PORT(n) {.name = "port" #n, .doc = "Peripheral of request line " #n, \
    .type = PB_T_LINK, .choices = port_iface}
static const struct pb_prop props[] = {
    PORT(1), PORT(2), PORT(3), PORT(4), PORT(5), PORT(6), PORT(7), PORT(8), PORT(9), PORT(10),
    PORT(11), PORT(12), PORT(13), PORT(14), PORT(15), PORT(16), PORT(17), PORT(18), PORT(19),
    PORT(20), PORT(21), PORT(22), PORT(23), PORT(24), PORT(25), PORT(26), PORT(27), PORT(28),
    PORT(29), PORT(30), PORT(31),
};
static const char *const lines_out[] = {"irq[]", NULL};
static const char *const lines_in[] = {"dreq[32]", NULL};

const struct pb_device_class bcm2835_dma_class = {
    .size = sizeof bcm2835_dma_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-dma",
    .title = "BCM2835 DMA controller", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 4", .props = props,
    .n_props = sizeof props / sizeof *props, .n_regions = 1, .lines_out = lines_out,
    .lines_in = lines_in, .instance_size = sizeof(struct dma), .state_version = 2,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .line_in = line_in, .load = load,
};
