/* SPDX-License-Identifier: MIT */
/* spi.c - the BCM2835's SPI master (SPI0): polled, by interrupt and by DMA.
 * BCM2835 ARM Peripherals, chapter 10.
 *
 * What is in the transmit FIFO is exchanged at once, as long as the receive FIFO has room. A chip
 * select is active when CS names it during a transfer, or when its pin, as an output, is low: the
 * input `ce` says so, and it is how Linux's driver does it. With DMAEN the FIFOs are accessed by
 * words, and DLEN counts bytes down; a DMA controller moves them through the port.
 *
 * Not modelled: LoSSI mode; clock rate, phase and polarity, that of chip selects too (all kept);
 * the thresholds in DC and the panic levels (a request stands while there is a byte to be moved).
 */
#include "soc.h"

#include <plugboard/dma.h>
#include <plugboard/spi.h>

#include <string.h>

#define FIFO 64u
#define SELECTS 3u
#define PINS 2u /* that can be chip selects by software: CE0, CE1 */
enum { CS_CS = 3, CS_CLEAR_TX = 1 << 4, CS_CLEAR_RX = 1 << 5, CS_TA = 1 << 7, CS_DMAEN = 1 << 8,
       CS_INTD = 1 << 9, CS_INTR = 1 << 10, CS_ADCS = 1 << 11, CS_DONE = 1 << 16,
       CS_RXD = 1 << 17, CS_TXD = 1 << 18, CS_RXR = 1 << 19, CS_RXF = 1 << 20,
       CS_KEPT = 0x3e03fcf };
enum { R_CS, R_FIFO, R_DLEN };

struct spi {
    struct soc_block b;
    const struct pb_svc_bus *bus;
    const struct pb_line *irq, *dreq_tx, *dreq_rx;
    struct {
        pb_dev *dev;
        const struct pb_spi_target *t;
        void *self;
    } target[SELECTS];
    uint32_t cs, clk, ltoh, dc;
    uint32_t left;     /* DLEN: bytes that are still to be exchanged under DMAEN */
    uint32_t ce;       /* pins that select, a bit each */
    uint32_t selected; /* as the targets were told */
    uint32_t tx_n, rx_n;
    uint8_t tx[FIFO], rx[FIFO];
};

static int by_dma(const struct spi *d)
{
    return (d->cs & CS_DMAEN) && (d->cs & CS_TA);
}

/* ---- Status (10.5, CS) ----------------------------------------------------------------- */

static uint32_t status(const struct spi *d)
{
    uint32_t v = d->cs | (d->tx_n < FIFO ? CS_TXD : 0) | (d->rx_n ? CS_RXD : 0) |
                 (d->rx_n == FIFO ? CS_RXF : 0);

    if (!(d->cs & CS_TA))
        return v;
    return v | (!d->tx_n && !(by_dma(d) && d->left) ? CS_DONE : 0) |
           (d->rx_n >= FIFO * 3 / 4 ? CS_RXR : 0);
}

static void update(struct spi *d)
{
    uint32_t v = status(d);

    pb_line_set(d->irq, (v & CS_INTD && v & CS_DONE) || (v & CS_INTR && v & CS_RXR));
    pb_line_set(d->dreq_tx, by_dma(d) && d->tx_n < FIFO && d->tx_n < d->left);
    pb_line_set(d->dreq_rx, by_dma(d) && d->rx_n);
}

/* ---- The wires ------------------------------------------------------------------------- */

static void select_targets(struct spi *d)
{
    uint32_t now = d->ce, n = d->cs & CS_CS, done = d->cs & CS_ADCS && by_dma(d) && !d->left;

    if (d->cs & CS_TA && n < SELECTS && !done)
        now |= 1u << n;
    for (uint32_t i = 0; i < SELECTS; i++) {
        if ((now ^ d->selected) >> i & 1 && d->target[i].t)
            d->target[i].t->select(d->target[i].self, now >> i & 1);
    }
    d->selected = now;
}

/* n bytes that both FIFOs have room for. Two targets at once drive against each other: the last
 * is heard. */
static void exchange(struct spi *d, uint32_t n)
{
    uint8_t *in = d->rx + d->rx_n;

    memset(in, 0, n); /* the pin's pull */
    for (uint32_t i = 0; i < SELECTS; i++) {
        if (d->selected >> i & 1 && d->target[i].t)
            d->target[i].t->exchange(d->target[i].self, d->tx, in, n);
    }
    d->rx_n += n;
    d->tx_n -= n;
    memmove(d->tx, d->tx + n, d->tx_n);
    if (d->cs & CS_DMAEN)
        d->left -= n;
}

static void move(struct spi *d)
{
    uint32_t room = FIFO - d->rx_n, n = d->tx_n < room ? d->tx_n : room;

    if (by_dma(d) && n > d->left)
        n = d->left;
    if (d->cs & CS_TA && n)
        exchange(d, n);
    select_targets(d);
}

/* ---- FIFOs ----------------------------------------------------------------------------- */

static uint32_t put(struct spi *d, const uint8_t *v, uint32_t n)
{
    uint32_t room = FIFO - d->tx_n, wanted = d->left > d->tx_n ? d->left - d->tx_n : 0;

    n = n < room ? n : room;
    if (by_dma(d) && n > wanted)
        n = wanted;
    memcpy(d->tx + d->tx_n, v, n);
    d->tx_n += n;
    move(d);
    return n;
}

static uint32_t get(struct spi *d, uint8_t *v, uint32_t n)
{
    n = n < d->rx_n ? n : d->rx_n;
    memcpy(v, d->rx, n);
    d->rx_n -= n;
    memmove(d->rx, d->rx + n, d->rx_n);
    move(d);
    return n;
}

static uint32_t port_take(void *self, void *buf, uint32_t n)
{
    struct spi *d = self;
    uint32_t done = 0, k;

    while (by_dma(d) && done < n && (k = get(d, (uint8_t *)buf + done, n - done)) > 0)
        done += k;
    update(d);
    return done;
}

static uint32_t port_give(void *self, const void *buf, uint32_t n)
{
    struct spi *d = self;
    uint32_t done = 0, k;

    while (by_dma(d) && done < n && (k = put(d, (const uint8_t *)buf + done, n - done)) > 0)
        done += k;
    update(d);
    return done;
}

/* Drivers let the receive request write CS, to throw away what comes during a transmission. */
static uint32_t port_serves(void *self, uint32_t address)
{
    (void)self;
    return (address & 0xff) == 4;
}

/* ---- Registers (10.5) ------------------------------------------------------------------ */

static void write_cs(struct spi *d, uint32_t v)
{
    if (v & CS_CLEAR_TX)
        d->tx_n = 0;
    if (v & CS_CLEAR_RX)
        d->rx_n = 0;
    d->cs = v & CS_KEPT;
    select_targets(d);
    move(d);
}

/* A byte; under DMAEN a word, whose first is DLEN and half of CS (10.6.3). */
static void write_fifo(struct spi *d, uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    if (d->cs & CS_DMAEN && !(d->cs & CS_TA)) {
        d->left = v >> 16;
        write_cs(d, (d->cs & ~0xffu) | (v & 0xff));
    } else if (d->tx_n == FIFO) {
        soc_guest_error(&d->b, "bcm2835-spi: a byte for a full FIFO is lost");
    } else {
        put(d, bytes, d->cs & CS_DMAEN ? 4 : 1);
    }
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct spi *d = self;
    uint8_t v[4] = {0};

    (void)i;
    if (r->id == R_CS)
        return status(d);
    get(d, v, d->cs & CS_DMAEN ? 4 : 1);
    update(d);
    return v[0] | v[1] << 8 | v[2] << 16 | (uint32_t)v[3] << 24;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct spi *d = self;

    (void)i;
    if (r->id == R_CS) {
        write_cs(d, (uint32_t)v);
    } else if (r->id == R_FIFO) {
        write_fifo(d, (uint32_t)v);
    } else {
        d->left = (uint32_t)v & 0xffff;
        move(d);
    }
    update(d);
}

#define VAR(m) .var = PB_REG_VAR(struct spi, m)
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, m, fl, ...) {.name = n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, \
    .flags = fl, .section = "10.5", __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG("CS", 0x00, CS_KEPT | CS_CLEAR_TX | CS_CLEAR_RX, HOOKS, VAR(cs), .id = R_CS,
        .reset = 0x1000),
    REG("FIFO", 0x04, 0xffffffff, HOOKS, .id = R_FIFO),
    REG("CLK", 0x08, 0xffff, 0, VAR(clk), .doc = "no effect"),
    REG("DLEN", 0x0c, 0xffff, PB_REG_HOOK_W, VAR(left), .id = R_DLEN,
        .doc = "what is left of it"),
    REG("LTOH", 0x10, 0xf, 0, VAR(ltoh), .reset = 1, .doc = "no effect"),
    REG("DC", 0x14, 0xffffffff, 0, VAR(dc), .reset = 0x30201020, .doc = "no effect"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-spi", reg_read, reg_write};

/* ---- The class ------------------------------------------------------------------------- */

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct spi *d = self;
    void *of = NULL;
    const struct pb_spi_target *t = d->bus->side(child, PB_SPI_TARGET, &of);
    uint32_t n = t ? t->chip_select(of) : SELECTS;

    (void)bus;
    if (n >= SELECTS)
        return d->b.h->fail(e, PB_EINVAL, "bcm2835-spi: takes SPI targets with cs=0 (CE0), 1 (CE1) "
                                          "or 2, and nothing else");
    if (d->target[n].t)
        return d->b.h->fail(e, PB_EBUSY, "bcm2835-spi: that chip select has a target already; give "
                                         "this one another by cs=0, 1 or 2");
    d->target[n].dev = child;
    d->target[n].t = t;
    d->target[n].self = of;
    return PB_OK;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    struct spi *d = self;

    (void)bus;
    for (uint32_t i = 0; i < SELECTS; i++) {
        if (d->target[i].dev == child)
            memset(&d->target[i], 0, sizeof d->target[i]);
    }
}

static int realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct spi *d = self;

    d->bus = h->get(h, PB_SVC_BUS);
    d->irq = line->out(dev, "irq", 0);
    d->dreq_tx = line->out(dev, "dreq-tx", 0);
    d->dreq_rx = line->out(dev, "dreq-rx", 0);
    return soc_realize(&d->b, dev, h, &table, 0x200, e);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct spi *d = self;

    d->ce = (d->ce & ~(1u << n)) | (uint32_t)(level != 0) << n;
    select_targets(d);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct spi *d = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, d);
        d->left = d->tx_n = d->rx_n = 0;
        d->selected = 0; /* the targets' own resets deselect them */
    } else if (phase == PB_RESET_HOLD) {
        select_targets(d);
        update(d);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct spi *d = self;

    (void)s;
    if (d->tx_n > FIFO || d->rx_n > FIFO || d->left > 0xffff || d->ce >= 1u << PINS ||
        d->selected >= 1u << SELECTS)
        return d->b.h->fail(e, PB_EINVAL, "bcm2835-spi: the saved state cannot be of this bus");
    return PB_OK;
}

#define U32(m) PB_FIELD(struct spi, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(cs), U32(clk), U32(ltoh), U32(dc), U32(left), U32(ce), U32(selected), U32(tx_n), U32(rx_n),
    PB_FIELD_ARRAY(struct spi, tx, PB_S_BYTES, FIFO),
    PB_FIELD_ARRAY(struct spi, rx, PB_S_BYTES, FIFO),
};
static const struct pb_dma_port port = {sizeof port, 0, port_take, port_give, port_serves};
static const struct pb_bus_parent parent = {
    .size = sizeof parent, .attach = attach, .detach = detach};
static const struct pb_provide provides[] = {{PB_BUS_PARENT, &parent}, {PB_DMA_PORT, &port}};
static const char *const lines_out[] = {"irq", "dreq-tx", "dreq-rx", NULL};
static const char *const lines_in[] = {"ce[2]", NULL};
static const char *const buses_out[] = {"@=spi-bus", NULL};

const struct pb_device_class bcm2835_spi_class = {
    .size = sizeof bcm2835_spi_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-spi",
    .title = "BCM2835 SPI controller", .category = "misc",
    .spec = "BCM2835 ARM Peripherals, chapter 10", .n_regions = 1, .lines_out = lines_out,
    .lines_in = lines_in, .buses_out = buses_out, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct spi), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table, .realize = realize,
    .reset = reset, .line_in = line_in, .load = load,
};
