/* SPDX-License-Identifier: MIT */
/* aux.c - the BCM2835's auxiliary block: the mini UART.
 * Broadcom BCM2835 ARM Peripherals, 2.1 and 2.2, with the errata that are known of it: in
 * AUX_MU_IER bit 0 is the receiver's, bit 1 the transmitter's.
 *
 * Bytes move at once. The two FIFOs hold 8; one that the backend does not take waits, and the
 * backend is never offered more room than the receiver has. Its registers answer while
 * AUX_ENABLES has it on.
 *
 * Not modelled: SPI1 and SPI2 (2.3), 7-bit mode, breaks, automatic flow control, the baud rate,
 * overruns.
 */
#include "soc.h"

#include <plugboard/backend.h>

#define FIFO 8u
enum { ENABLE_MU = 1 };
enum { IER_RX = 1, IER_TX = 2 };
enum { IIR_NONE = 1, IIR_TX = 2, IIR_RX = 4, IIR_FIFOS = 0xc0 };
enum { LCR_DLAB = 0x80, LSR_DR = 1, LSR_THRE = 32, LSR_IDLE = 64, MSR_CTS = 16 };
enum { CNTL_RX = 1, CNTL_TX = 2 };
enum { R_IRQ, R_ENABLES, R_IO, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCRATCH, R_CNTL,
       R_STAT, R_BAUD, R_SPI };
enum { P_CHARDEV };

struct aux {
    struct soc_block b;
    const struct pb_svc_thread *thread;
    const struct pb_svc_char *chr;
    const struct pb_line *irq;
    pb_char *c;
    uint32_t enables, ier, lcr, mcr, scratch, cntl, baud;
    uint8_t rx[FIFO], tx[FIFO];
    uint8_t rx_n, tx_n; /* rx_n is also read by room(), outside the domain */
    uint8_t full;       /* the backend was told that there is no room */
};

static uint32_t identify(const struct aux *u)
{
    if ((u->ier & IER_RX) && u->rx_n)
        return IIR_RX;
    return (u->ier & IER_TX) && u->tx_n == 0 ? IIR_TX : IIR_NONE;
}

static uint32_t pending(const struct aux *u)
{
    return (u->enables & ENABLE_MU) && identify(u) != IIR_NONE;
}

static void update(struct aux *u)
{
    pb_line_set(u->irq, (int32_t)pending(u));
}

/* ---- Receiver -------------------------------------------------------------------------- */

static void set_rx_n(struct aux *u, uint32_t n)
{
    __atomic_store_n(&u->rx_n, (uint8_t)n, __ATOMIC_RELAXED);
}

static void make_room(struct aux *u)
{
    if (u->full && u->c && u->rx_n < FIFO) {
        u->full = 0;
        u->chr->accept(u->c);
    }
}

static uint32_t read_io(struct aux *u)
{
    uint32_t v = u->rx[0];

    if (u->lcr & LCR_DLAB)
        return u->baud & 0xff;
    if (u->rx_n == 0)
        return v;
    for (uint32_t i = 1; i < u->rx_n; i++)
        u->rx[i - 1] = u->rx[i];
    set_rx_n(u, u->rx_n - 1u);
    make_room(u);
    update(u);
    return v;
}

static uint32_t chr_room(void *self)
{
    struct aux *u = self;

    return FIFO - __atomic_load_n(&u->rx_n, __ATOMIC_RELAXED);
}

/* A receiver that is off hears nothing: the bytes are lost as on the wire. */
static int chr_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct aux *u = self;
    uint32_t took = 0;

    u->thread->enter(u->b.dev);
    if (!(u->enables & ENABLE_MU) || !(u->cntl & CNTL_RX))
        took = n;
    while (took < n && u->rx_n < FIFO) {
        u->rx[u->rx_n] = buf[took++];
        set_rx_n(u, u->rx_n + 1u);
    }
    u->full = u->rx_n >= FIFO;
    update(u);
    u->thread->leave(u->b.dev);
    return (int)took;
}

/* ---- Transmitter ----------------------------------------------------------------------- */

static void flush(struct aux *u)
{
    int took = u->c ? u->chr->write(u->c, u->tx, u->tx_n) : u->tx_n;

    if (took <= 0)
        return;
    uint32_t n = (uint32_t)took < u->tx_n ? (uint32_t)took : u->tx_n;
    for (uint32_t i = n; i < u->tx_n; i++)
        u->tx[i - n] = u->tx[i];
    u->tx_n = (uint8_t)(u->tx_n - n);
}

static void chr_drained(void *self)
{
    struct aux *u = self;

    u->thread->enter(u->b.dev);
    if (u->tx_n)
        flush(u);
    update(u);
    u->thread->leave(u->b.dev);
}

static void flush_soon(void *self)
{
    struct aux *u = self;

    if (u->tx_n)
        flush(u);
    update(u);
}

static void write_io(struct aux *u, uint8_t v)
{
    if (u->lcr & LCR_DLAB) {
        u->baud = (u->baud & 0xff00) | v;
    } else if (u->tx_n >= FIFO) {
        soc_guest_error(&u->b, "bcm2835-aux: AUX_MU_IO written while the FIFO is full, "
                               "section 2.2.2");
    } else {
        u->tx[u->tx_n++] = v;
        if (u->tx_n == 1 && (u->cntl & CNTL_TX))
            flush(u); /* more than one: the backend refused before and will call */
    }
}

/* ---- Registers (2.2.2) ----------------------------------------------------------------- */

static uint32_t read_lsr(const struct aux *u)
{
    return (u->rx_n ? LSR_DR : 0) | (u->tx_n < FIFO ? LSR_THRE : 0) | (u->tx_n ? 0 : LSR_IDLE);
}

static uint32_t read_stat(const struct aux *u)
{
    return (u->rx_n ? 1 : 0) | (u->tx_n < FIFO ? 2 : 0) | 4 | (u->tx_n ? 0 : 8) |
           (u->tx_n == FIFO ? 0x20 : 0) | 0x80 | (u->tx_n ? 0 : 0x300) |
           (uint32_t)u->rx_n << 16 | (uint32_t)u->tx_n << 24;
}

static int is_off(struct aux *u, const struct pb_reg *r)
{
    if (r->id <= R_ENABLES || (u->enables & ENABLE_MU))
        return 0;
    soc_guest_error(&u->b, "bcm2835-aux: mini UART register used while AUX_ENABLES has it off, "
                           "section 2.1.1");
    return 1;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct aux *u = self;

    (void)i;
    if (is_off(u, r))
        return 0;
    switch (r->id) {
    case R_IRQ:
        return pending(u);
    case R_IO:
        return read_io(u);
    case R_IER:
        return u->lcr & LCR_DLAB ? u->baud >> 8 : u->ier;
    case R_IIR:
        return identify(u) | IIR_FIFOS;
    case R_LSR:
        return read_lsr(u);
    case R_MSR:
        return MSR_CTS;
    case R_STAT:
        return read_stat(u);
    default:
        return *(uint32_t *)pb_reg_slot(r, u, 0);
    }
}

static void clear_fifos(struct aux *u, uint64_t v)
{
    if (v & 2) {
        set_rx_n(u, 0);
        make_room(u);
    }
    if (v & 4)
        u->tx_n = 0;
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct aux *u = self;

    (void)i;
    if (is_off(u, r))
        return;
    switch (r->id) {
    case R_IO:
        write_io(u, (uint8_t)v);
        break;
    case R_IER:
        if (u->lcr & LCR_DLAB)
            u->baud = (u->baud & 0xff) | (uint32_t)(v & 0xff) << 8;
        else
            u->ier = v & 15;
        break;
    case R_IIR:
        clear_fifos(u, v);
        break;
    case R_CNTL:
        u->cntl = (uint32_t)(v & r->mask);
        if (u->tx_n && (u->cntl & CNTL_TX))
            flush(u);
        break;
    default:
        *(uint32_t *)pb_reg_slot(r, u, 0) = (uint32_t)(v & r->mask);
    }
    update(u);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define VAR(m) .var = PB_REG_VAR(struct aux, m)
#define REG(n, o, acc, k, m, fl, ...) {.name = "AUX_" n, .off = o, .width = 4, .access = acc, \
    .mask = m, .id = k, .flags = fl, .section = "2.1", __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG("IRQ", 0x00, PB_R_RO, R_IRQ, 0, PB_REG_HOOK_R),
    REG("ENABLES", 0x04, PB_R_RW, R_ENABLES, 7, PB_REG_HOOK_W, VAR(enables)),
    REG("MU_IO", 0x40, PB_R_RW, R_IO, 0xff, HOOKS),
    REG("MU_IER", 0x44, PB_R_RW, R_IER, 15, HOOKS, VAR(ier)),
    REG("MU_IIR", 0x48, PB_R_RW, R_IIR, 6, HOOKS),
    REG("MU_LCR", 0x4c, PB_R_RW, R_LCR, 0xff, HOOKS, VAR(lcr)),
    REG("MU_MCR", 0x50, PB_R_RW, R_MCR, 0xff, HOOKS, VAR(mcr)),
    REG("MU_LSR", 0x54, PB_R_RO, R_LSR, 0, PB_REG_HOOK_R),
    REG("MU_MSR", 0x58, PB_R_RO, R_MSR, 0, PB_REG_HOOK_R),
    REG("MU_SCRATCH", 0x5c, PB_R_RW, R_SCRATCH, 0xff, HOOKS, VAR(scratch)),
    REG("MU_CNTL", 0x60, PB_R_RW, R_CNTL, 0xff, HOOKS, VAR(cntl), .reset = 3),
    REG("MU_STAT", 0x64, PB_R_RO, R_STAT, 0, PB_REG_HOOK_R),
    REG("MU_BAUD", 0x68, PB_R_RW, R_BAUD, 0xffff, HOOKS, VAR(baud)),
    REG("SPI1", 0x80, PB_R_RSVD, R_SPI, 0, 0, .count = 16, .stride = 4),
    REG("SPI2", 0xc0, PB_R_RSVD, R_SPI, 0, 0, .count = 16, .stride = 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-aux", reg_read, reg_write};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_char_ops ops = {sizeof ops, 0, chr_room, chr_data, NULL};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct aux *u = self;

    u->thread = h->get(h, PB_SVC_THREAD);
    u->chr = h->get(h, PB_SVC_CHAR);
    u->irq = line->out(d, "irq", 0);
    u->c = u->chr ? prop->get_char(d, P_CHARDEV) : NULL;
    int rc = soc_realize(&u->b, d, h, &table, 0x100, e);
    if (rc < 0 || !u->c)
        return rc;
    if ((rc = u->chr->attach(u->c, &ops, u)) < 0)
        return h->fail(e, rc, "chardev is in use by another device");
    u->chr->on_drained(u->c, chr_drained, u);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct aux *u = self;

    if (u->c)
        u->chr->attach(u->c, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct aux *u = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, u);
        set_rx_n(u, 0);
        u->tx_n = 0;
    } else if (phase == PB_RESET_HOLD) {
        update(u);
    } else {
        make_room(u);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct aux *u = self;

    (void)s;
    if (u->rx_n > FIFO || u->tx_n > FIFO)
        return u->b.h->fail(e, PB_EINVAL, "bcm2835-aux: saved FIFO counts are too large");
    if (u->tx_n)
        u->b.time->soon(u->b.dev, flush_soon, u); /* this backend has not refused anything yet */
    return PB_OK;
}

#define U32(m) PB_FIELD(struct aux, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(enables), U32(ier), U32(lcr), U32(mcr), U32(scratch), U32(cntl), U32(baud),
    PB_FIELD_ARRAY(struct aux, rx, PB_S_U8, FIFO), PB_FIELD_ARRAY(struct aux, tx, PB_S_U8, FIFO),
    PB_FIELD(struct aux, rx_n, PB_S_U8), PB_FIELD(struct aux, tx_n, PB_S_U8),
    PB_FIELD(struct aux, full, PB_S_U8),
};
static const char *const chr_iface[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "Character backend of the mini UART", .type = PB_T_LINK,
     .choices = chr_iface},
};
static const char *const lines_out[] = {"irq", NULL};

const struct pb_device_class bcm2835_aux_class = {
    .size = sizeof bcm2835_aux_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-aux",
    .title = "BCM2835 auxiliary block: mini UART", .category = "misc",
    .spec = "Broadcom BCM2835 ARM Peripherals, chapter 2", .props = props, .n_props = 1,
    .n_regions = 1, .lines_out = lines_out, .instance_size = sizeof(struct aux),
    .state_version = 1, .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .load = load,
};
