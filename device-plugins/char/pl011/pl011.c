/* SPDX-License-Identifier: MIT */
/* pl011.c - Arm PrimeCell UART.
 * ARM DDI 0183G; section numbers below are of it. Identifies itself as revision r1p3, with
 * FIFOs of 16.
 *
 * Bytes move at once. One that the backend does not take waits in the transmit FIFO; the
 * backend is never offered more room than the receive FIFO has. Transmit and receive
 * interrupts are set when the FIFO passes its trigger level and cleared by UARTICR or when it
 * passes back (2.8.2, 2.8.3); the receive time-out is 32 bit times of silence with data in the
 * FIFO (2.8.4). Like other emulators, and unlike the chip, it moves data while UARTCR.UARTEN is
 * 0: programs for bare metal rely on that.
 *
 * Not modelled: IrDA (2.4.5), DMA (2.4.7), transmitted breaks, parity and framing errors,
 * modem inputs other than loopback's, auto CTS.
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#define FIFO 16u
#define DR_BE 0x400u
#define DR_OE 0x800u
#define RSR_OE 8u
enum { FR_CTS = 1, FR_DSR = 2, FR_DCD = 4, FR_BUSY = 8, FR_RXFE = 16, FR_TXFF = 32, FR_RXFF = 64,
       FR_TXFE = 128, FR_RI = 256 };
enum { LCR_BRK = 1, LCR_FEN = 16 };
enum { CR_UARTEN = 1, CR_LBE = 0x80, CR_TXE = 0x100, CR_RXE = 0x200, CR_DTR = 0x400,
       CR_RTS = 0x800, CR_OUT1 = 0x1000, CR_OUT2 = 0x2000 };
enum { INT_RI = 1, INT_CTS = 2, INT_DCD = 4, INT_DSR = 8, INT_RX = 16, INT_TX = 32, INT_RT = 64,
       INT_BE = 0x200, INT_OE = 0x400, INT_ALL = 0x7ff };
enum { R_DR, R_RSR, R_FR, R_ILPR, R_IBRD, R_FBRD, R_LCR_H, R_CR, R_IFLS, R_IMSC, R_RIS, R_MIS,
       R_ICR, R_DMACR, R_ID };
enum { P_CHARDEV };

struct pl011 {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_svc_char *chr;
    const struct pb_line *irq;
    pb_char *c;
    pb_timer *timeout;
    uint32_t rsr, ilpr, ibrd, fbrd, lcr_h, cr, ifls, imsc, ris, dmacr;
    uint16_t rx[FIFO]; /* with the error bits of UARTDR */
    uint8_t tx[FIFO];
    uint8_t rx_n, tx_n; /* rx_n and lcr_h: also read by room(), outside the domain */
    uint8_t full;       /* the backend was told that there is no room */
    uint8_t warned;
};

static uint32_t depth(const struct pl011 *u)
{
    return u->lcr_h & LCR_FEN ? FIFO : 1;
}

/* Bytes at which UARTIFLS triggers: 1/8, 1/4, 1/2, 3/4, 7/8 (3.3.9). */
static uint32_t trigger(const struct pl011 *u, uint32_t shift)
{
    static const uint8_t eighths[8] = {1, 2, 4, 6, 7, 7, 7, 7};

    return u->lcr_h & LCR_FEN ? FIFO * eighths[u->ifls >> shift & 7] / 8 : 1;
}

static void update(struct pl011 *u)
{
    pb_line_set(u->irq, (u->ris & u->imsc) != 0);
}

static void set_rx_n(struct pl011 *u, uint32_t n)
{
    __atomic_store_n(&u->rx_n, (uint8_t)n, __ATOMIC_RELAXED);
}

static void guest_error(struct pl011 *u, const char *text)
{
    if (u->h->log_on[PB_LOG_GUEST])
        u->h->log(u->h, u->dev, PB_LOG_GUEST, text);
}

/* ---- Receiver ---------------------------------------------------------------------- */

static void restart_timeout(struct pl011 *u)
{
    uint64_t hz = u->time->clock_hz(u->dev, 0), div = u->ibrd * 64 + u->fbrd;

    if (u->rx_n == 0) {
        u->time->disarm(u->timeout);
        return;
    }
    int64_t ns = (int64_t)(32 * 16 * (div ? div : 1) * 1000000000ull / 64 / (hz ? hz : 24000000));
    u->time->arm(u->timeout, u->time->now(u->h, PB_CLK_VIRTUAL) + ns);
}

static void on_timeout(void *self)
{
    struct pl011 *u = self;

    if (u->rx_n)
        u->ris |= INT_RT;
    update(u);
}

static void receive(struct pl011 *u, uint16_t v)
{
    if (u->rx_n >= depth(u)) { /* the FIFO keeps what it has (3.3.2) */
        u->rsr |= RSR_OE;
        u->ris |= INT_OE;
        u->rx[u->rx_n - 1] |= DR_OE;
        return;
    }
    u->rx[u->rx_n] = v;
    set_rx_n(u, u->rx_n + 1u);
    u->full = u->rx_n >= depth(u); /* a break or the loop fills it, too: the backend saw no room */
    if (v & DR_BE)
        u->ris |= INT_BE;
    if (u->rx_n >= trigger(u, 3))
        u->ris |= INT_RX;
}

static void make_room(struct pl011 *u)
{
    if (u->full && u->c && u->rx_n < depth(u)) {
        u->full = 0;
        u->chr->accept(u->c);
    }
}

static uint32_t read_dr(struct pl011 *u)
{
    uint32_t v = u->rx[0];

    if (u->rx_n == 0)
        return v & 0xff;
    for (uint32_t i = 1; i < u->rx_n; i++)
        u->rx[i - 1] = u->rx[i];
    set_rx_n(u, u->rx_n - 1u);
    u->rsr = v >> 8 & 15; /* the status of this character (3.3.2) */
    if (u->rx_n < trigger(u, 3))
        u->ris &= ~(uint32_t)INT_RX;
    if (u->rx_n == 0)
        u->ris &= ~(uint32_t)INT_RT;
    restart_timeout(u);
    make_room(u);
    update(u);
    return v;
}

static uint32_t chr_room(void *self)
{
    struct pl011 *u = self;
    uint32_t n = __atomic_load_n(&u->rx_n, __ATOMIC_RELAXED);
    uint32_t max = __atomic_load_n(&u->lcr_h, __ATOMIC_RELAXED) & LCR_FEN ? FIFO : 1;

    return n < max ? max - n : 0;
}

static int chr_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct pl011 *u = self;
    uint32_t took = 0;

    u->thread->enter(u->dev);
    if (u->cr & CR_LBE)
        took = n; /* the receiver hears the transmitter */
    while (took < n && u->rx_n < depth(u))
        receive(u, buf[took++]);
    restart_timeout(u);
    update(u);
    u->thread->leave(u->dev);
    return (int)took;
}

static void chr_event(void *self, uint32_t ev)
{
    struct pl011 *u = self;

    if (ev != PB_CHR_BREAK)
        return;
    u->thread->enter(u->dev);
    if (!(u->cr & CR_LBE)) {
        receive(u, DR_BE);
        restart_timeout(u);
        update(u);
    }
    u->thread->leave(u->dev);
}

/* ---- Transmitter ------------------------------------------------------------------- */

/* Hand the FIFO to the backend, as far as it takes it. */
static void flush(struct pl011 *u)
{
    int took = u->c ? u->chr->write(u->c, u->tx, u->tx_n) : u->tx_n;

    if (took <= 0 || u->tx_n == 0)
        return;
    for (uint32_t i = (uint32_t)took; i < u->tx_n; i++)
        u->tx[i - (uint32_t)took] = u->tx[i];
    u->tx_n = took < u->tx_n ? (uint8_t)(u->tx_n - took) : 0;
    if (u->tx_n <= (u->lcr_h & LCR_FEN ? trigger(u, 0) : 0))
        u->ris |= INT_TX;
}

static void chr_drained(void *self)
{
    struct pl011 *u = self;

    u->thread->enter(u->dev);
    flush(u);
    update(u);
    u->thread->leave(u->dev);
}

static void flush_soon(void *self)
{
    flush(self);
    update(self);
}

static void write_dr(struct pl011 *u, uint8_t v)
{
    uint32_t need = CR_UARTEN | CR_TXE;

    if ((u->cr & need) != need && !u->warned) {
        u->warned = 1;
        guest_error(u, "pl011: UARTDR written while UARTCR.UARTEN or TXE is 0, section 3.3.8");
    }
    u->ris &= ~(uint32_t)INT_TX;
    if (u->cr & CR_LBE) {
        receive(u, v);
        restart_timeout(u);
        u->ris |= INT_TX;
    } else if (u->tx_n >= depth(u)) {
        guest_error(u, "pl011: UARTDR written while the transmit FIFO is full, section 3.3.1");
    } else {
        u->tx[u->tx_n++] = v;
        if (u->tx_n == 1)
            flush(u); /* more than one: the backend refused before and will call */
    }
    update(u);
}

/* ---- Registers (3.3) --------------------------------------------------------------- */

static uint32_t modem(const struct pl011 *u)
{
    if (!(u->cr & CR_LBE))
        return FR_CTS | FR_DSR | FR_DCD;
    return (u->cr & CR_RTS ? FR_CTS : 0) | (u->cr & CR_DTR ? FR_DSR : 0) |
           (u->cr & CR_OUT1 ? FR_DCD : 0) | (u->cr & CR_OUT2 ? FR_RI : 0);
}

static uint32_t read_fr(const struct pl011 *u)
{
    return modem(u) | (u->tx_n ? FR_BUSY : FR_TXFE) | (u->rx_n ? 0 : FR_RXFE) |
           (u->tx_n >= depth(u) ? FR_TXFF : 0) | (u->rx_n >= depth(u) ? FR_RXFF : 0);
}

static void write_cr(struct pl011 *u, uint32_t v)
{
    uint32_t was = modem(u), now;

    u->cr = v;
    now = was ^ modem(u);
    u->ris |= (now & FR_CTS ? INT_CTS : 0) | (now & FR_DSR ? INT_DSR : 0) |
              (now & FR_DCD ? INT_DCD : 0) | (now & FR_RI ? INT_RI : 0);
    update(u);
}

/* Switching the FIFOs flushes both (3.3.7). */
static void write_lcr_h(struct pl011 *u, uint32_t v)
{
    uint32_t toggled = (u->lcr_h ^ v) & LCR_FEN;

    __atomic_store_n(&u->lcr_h, v, __ATOMIC_RELAXED);
    if (toggled) {
        set_rx_n(u, 0);
        u->tx_n = 0;
        u->ris &= ~(uint32_t)(INT_RX | INT_RT);
        restart_timeout(u);
        make_room(u);
    }
    update(u);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[8] = {0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct pl011 *u = self;

    switch (r->id) {
    case R_DR:
        return read_dr(u);
    case R_FR:
        return read_fr(u);
    case R_MIS:
        return u->ris & u->imsc;
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct pl011 *u = self;
    uint32_t v = (uint32_t)(val & r->mask);

    (void)i;
    switch (r->id) {
    case R_DR:
        write_dr(u, (uint8_t)v);
        break;
    case R_RSR:
        u->rsr = 0; /* UARTECR: any value (3.3.2) */
        break;
    case R_LCR_H:
        write_lcr_h(u, v);
        break;
    case R_CR:
        write_cr(u, v);
        break;
    case R_IMSC:
        u->imsc = v;
        update(u);
        break;
    default: /* R_ICR */
        u->ris &= ~v;
        update(u);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, m, rst, fl, sec, ...) {.name = "UART" #n, .off = o, .width = 4, \
    .access = acc, .mask = m, .reset = rst, .id = R_##n, .flags = fl, .section = sec, __VA_ARGS__}
#define VAR(m) .var = PB_REG_VAR(struct pl011, m)
static const struct pb_reg regs[] = {
    REG(DR, 0x000, PB_R_RW, 0xff, 0, HOOKS, "3.3.1"),
    REG(RSR, 0x004, PB_R_RW, 0xff, 0, PB_REG_HOOK_W, "3.3.2", VAR(rsr), .doc = "write: UARTECR"),
    REG(FR, 0x018, PB_R_RO, 0, 0x90, PB_REG_HOOK_R, "3.3.3"),
    REG(ILPR, 0x020, PB_R_RW, 0xff, 0, 0, "3.3.4", VAR(ilpr), .doc = "IrDA: kept, no effect"),
    REG(IBRD, 0x024, PB_R_RW, 0xffff, 0, 0, "3.3.5", VAR(ibrd)),
    REG(FBRD, 0x028, PB_R_RW, 0x3f, 0, 0, "3.3.6", VAR(fbrd)),
    REG(LCR_H, 0x02c, PB_R_RW, 0xff, 0, PB_REG_HOOK_W, "3.3.7", VAR(lcr_h)),
    REG(CR, 0x030, PB_R_RW, 0xff87, 0x300, PB_REG_HOOK_W, "3.3.8", VAR(cr)),
    REG(IFLS, 0x034, PB_R_RW, 0x3f, 0x12, 0, "3.3.9", VAR(ifls)),
    REG(IMSC, 0x038, PB_R_RW, INT_ALL, 0, PB_REG_HOOK_W, "3.3.10", VAR(imsc)),
    REG(RIS, 0x03c, PB_R_RO, 0, 0, 0, "3.3.11", VAR(ris)),
    REG(MIS, 0x040, PB_R_RO, 0, 0, PB_REG_HOOK_R, "3.3.12"),
    REG(ICR, 0x044, PB_R_WO, INT_ALL, 0, PB_REG_HOOK_W, "3.3.13"),
    REG(DMACR, 0x048, PB_R_RW, 7, 0, 0, "3.3.14", VAR(dmacr), .doc = "kept, no effect"),
    REG(ID, 0xfe0, PB_R_RO, 0, 0, PB_REG_HOOK_R, "3.3.15", .count = 8, .stride = 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "pl011",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct pl011 *u = self;

    (void)bytes; /* the bus has 32 bits; narrower accesses take the low ones */
    return pb_regs_read(&table, u, u->h, u->dev, off, 4);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct pl011 *u = self;

    (void)bytes;
    pb_regs_write(&table, u, u->h, u->dev, off, val, 4);
}

/* ---- Life -------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    static const struct pb_char_ops chr = {sizeof chr, 0, chr_room, chr_data, chr_event};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct pl011 *u = self;

    u->h = h;
    u->dev = d;
    u->time = h->get(h, PB_SVC_TIME);
    u->thread = h->get(h, PB_SVC_THREAD);
    u->chr = h->get(h, PB_SVC_CHAR);
    u->irq = line->out(d, "irq", 0);
    u->timeout = u->time->timer(d, "rx-timeout", PB_CLK_VIRTUAL, on_timeout, u, e);
    pb_region *r = u->timeout ? mem->io(d, "regs", 0x1000, &ops, u, e) : NULL;
    if (!r)
        return PB_ENOMEM;
    u->c = prop->get_char(d, P_CHARDEV);
    if (u->c) {
        int rc = u->chr->attach(u->c, &chr, u);
        if (rc < 0)
            return h->fail(e, rc, "chardev is in use by another device");
        u->chr->on_drained(u->c, chr_drained, u);
    }
    return mem->publish(d, 0, r, e);
}

static void unrealize(void *self)
{
    struct pl011 *u = self;

    if (u->c)
        u->chr->attach(u->c, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct pl011 *u = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, u);
        u->rx[0] = 0;
        set_rx_n(u, 0);
        u->tx_n = u->warned = 0;
        u->time->disarm(u->timeout);
    } else if (phase == PB_RESET_HOLD) {
        update(u);
    } else {
        make_room(u);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct pl011 *u = self;

    (void)s;
    if (u->rx_n > depth(u) || u->tx_n > depth(u))
        return u->h->fail(e, PB_EINVAL, "pl011: saved FIFO counts are too large");
    if (u->tx_n)
        u->time->soon(u->dev, flush_soon, u); /* this backend has not refused anything yet */
    return PB_OK;
}

#define F(m, t) PB_FIELD(struct pl011, m, t)
static const struct pb_field state[] = {
    F(rsr, PB_S_U32), F(ilpr, PB_S_U32), F(ibrd, PB_S_U32), F(fbrd, PB_S_U32),
    F(lcr_h, PB_S_U32), F(cr, PB_S_U32), F(ifls, PB_S_U32), F(imsc, PB_S_U32),
    F(ris, PB_S_U32), F(dmacr, PB_S_U32), PB_FIELD_ARRAY(struct pl011, rx, PB_S_U16, FIFO),
    PB_FIELD_ARRAY(struct pl011, tx, PB_S_U8, FIFO), F(rx_n, PB_S_U8), F(tx_n, PB_S_U8),
    F(full, PB_S_U8),
};
static const char *const chardev_ifs[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "Character backend at the other end of the line",
     .choices = chardev_ifs, .type = PB_T_LINK, .qemu_type = "str"},
};
static const char *const lines_out[] = {"irq", NULL};

static const struct pb_device_class pl011 = {
    .size = sizeof pl011, .flags = PB_DEV_NO_USER, .id = "pl011",
    .title = "Arm PrimeCell UART (PL011)", .category = "input", .spec = "ARM DDI 0183G",
    .props = props, .n_props = sizeof props / sizeof *props, .n_regions = 1,
    .lines_out = lines_out, .instance_size = sizeof(struct pl011), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &pl011}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, PB_SVC_THREAD,
                                    PB_SVC_PROP, PB_SVC_CHAR, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.pl011",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "Arm PrimeCell UART",
    .needs = needs, .classes = classes, .n_classes = 1};
