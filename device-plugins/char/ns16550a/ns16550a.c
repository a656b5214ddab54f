/* SPDX-License-Identifier: MIT */
/* ns16550a.c - the 16550A serial port with its two 16-byte FIFOs.
 * National Semiconductor PC16550D data sheet (June 1995); section numbers are of it.
 *
 * Bytes move at once, not at the baud rate: what the guest writes goes straight to the
 * character backend, and waits in the transmit FIFO (with LSR true to it) only while the
 * backend takes nothing. The receive FIFO offers its free room to the backend, so it
 * overruns in loopback only. The baud rate matters for the receive time-out (8.4.1).
 *
 * Not modelled: word length (a character is a byte whatever LCR says: programs that never
 * set LCR rely on it), transmitted breaks, parity and framing errors, DMA mode,
 * modem inputs (CTS, DSR and DCD are always active).
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#define FIFO 16u

enum { IER_ERBFI = 1, IER_ETBEI = 2, IER_ELSI = 4, IER_EDSSI = 8 };
enum { IIR_NONE = 1, IIR_MSI = 0, IIR_THRE = 2, IIR_RDA = 4, IIR_RLS = 6, IIR_CTI = 12,
       IIR_FIFO = 0xc0 };
enum { FCR_ENABLE = 1, FCR_RX_RESET = 2, FCR_TX_RESET = 4, FCR_TRIGGER = 0xc0 };
enum { LCR_WLS = 3, LCR_STB = 4, LCR_PEN = 8, LCR_DLAB = 0x80 };
enum { MCR_DTR = 1, MCR_RTS = 2, MCR_OUT1 = 4, MCR_OUT2 = 8, MCR_LOOP = 16 };
enum { LSR_DR = 1, LSR_OE = 2, LSR_PE = 4, LSR_FE = 8, LSR_BI = 16, LSR_THRE = 32,
       LSR_TEMT = 64, LSR_FIFO_ERR = 128, LSR_ERRORS = LSR_PE | LSR_FE | LSR_BI };
enum { MSR_DCTS = 1, MSR_DDSR = 2, MSR_TERI = 4, MSR_DDCD = 8, MSR_CTS = 16, MSR_DSR = 32,
       MSR_RI = 64, MSR_DCD = 128, MSR_DELTAS = 15 };

enum { R_DATA, R_IER, R_IIR, R_LCR, R_MCR, R_LSR, R_MSR, R_SCR };
enum { P_CHARDEV, P_REG_SHIFT };

struct ns16550a {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_svc_char *chr;
    pb_char *c; /* NULL: nobody is at the other end */
    const struct pb_line *irq;
    pb_timer *timeout;
    uint32_t shift;
    /* registers */
    uint8_t ier, fcr, lcr, mcr, msr, scr;
    uint8_t oe;      /* LSR.OE */
    uint8_t errors;  /* LSR.PE FE BI of the byte at the top, shown until LSR is read */
    uint8_t thre_irq; /* the transmitter-empty interrupt waits to be seen (8.4.1) */
    uint8_t timed_out;
    uint16_t divisor;
    uint8_t rx[FIFO], rx_flags[FIFO], tx[FIFO];
    uint8_t rx_n; /* written with the domain held, read by room() without it */
    uint8_t tx_n, full; /* full: the backend may hold back more */
};

static uint32_t depth(const struct ns16550a *u)
{
    return u->fcr & FCR_ENABLE ? FIFO : 1;
}

static uint32_t trigger(const struct ns16550a *u)
{
    static const uint8_t level[] = {1, 4, 8, 14};

    return u->fcr & FCR_ENABLE ? level[u->fcr >> 6] : 1;
}

static void set_rx_n(struct ns16550a *u, uint32_t n)
{
    __atomic_store_n(&u->rx_n, (uint8_t)n, __ATOMIC_RELAXED);
}

/* ---- Interrupts (8.4, table II) ---------------------------------------------------- */

static uint8_t identify(const struct ns16550a *u)
{
    if ((u->ier & IER_ELSI) && (u->oe || u->errors))
        return IIR_RLS;
    if ((u->ier & IER_ERBFI) && u->rx_n >= trigger(u))
        return IIR_RDA;
    if ((u->ier & IER_ERBFI) && u->timed_out)
        return IIR_CTI;
    if ((u->ier & IER_ETBEI) && u->thre_irq)
        return IIR_THRE;
    if ((u->ier & IER_EDSSI) && (u->msr & MSR_DELTAS))
        return IIR_MSI;
    return IIR_NONE;
}

static void update(struct ns16550a *u)
{
    pb_line_set(u->irq, identify(u) != IIR_NONE);
}

/* ---- Receiver ---------------------------------------------------------------------- */

/* Four character times without a read or a new byte (8.4.1 B). */
static void restart_timeout(struct ns16550a *u)
{
    u->timed_out = 0;
    if (!(u->fcr & FCR_ENABLE) || u->rx_n == 0) {
        u->time->disarm(u->timeout);
        return;
    }
    uint64_t hz = u->time->clock_hz(u->dev, 0), div = u->divisor ? u->divisor : 1;
    uint64_t bits = 1 + 5 + (u->lcr & LCR_WLS) + (u->lcr & LCR_PEN ? 1 : 0) +
                    (u->lcr & LCR_STB ? 2 : 1);
    int64_t ns = (int64_t)(4 * bits * 16 * div * 1000000000ull / (hz ? hz : 3686400));
    u->time->arm(u->timeout, u->time->now(u->h, PB_CLK_VIRTUAL) + ns);
}

static void on_timeout(void *self)
{
    struct ns16550a *u = self;

    u->timed_out = u->rx_n > 0;
    update(u);
}

static void receive(struct ns16550a *u, uint8_t byte, uint8_t flags)
{
    if (u->rx_n >= depth(u)) { /* the shift register is lost, or RBR overwritten (8.6.2) */
        u->oe = 1;
        if (u->fcr & FCR_ENABLE)
            return;
        set_rx_n(u, 0);
    }
    if (u->rx_n == 0)
        u->errors |= flags;
    u->rx[u->rx_n] = byte;
    u->rx_flags[u->rx_n] = flags;
    set_rx_n(u, u->rx_n + 1u);
    u->full = u->rx_n >= depth(u); /* a break or the loop fills it, too: the backend saw no room */
}

static void clear_rx(struct ns16550a *u)
{
    set_rx_n(u, 0);
    u->errors = 0;
    restart_timeout(u);
    if (u->full && u->c)
        u->chr->accept(u->c);
    u->full = 0;
}

static uint8_t read_rbr(struct ns16550a *u)
{
    uint8_t v = u->rx[0];

    if (u->rx_n == 0)
        return v; /* the last byte again */
    for (uint32_t i = 1; i < u->rx_n; i++) {
        u->rx[i - 1] = u->rx[i];
        u->rx_flags[i - 1] = u->rx_flags[i];
    }
    set_rx_n(u, u->rx_n - 1u);
    u->errors = u->rx_n ? u->rx_flags[0] : 0;
    restart_timeout(u);
    if (u->rx_n == 0 && u->full && u->c) {
        u->full = 0;
        u->chr->accept(u->c);
    }
    update(u);
    return v;
}

static uint32_t chr_room(void *self)
{
    struct ns16550a *u = self;
    uint32_t n = __atomic_load_n(&u->rx_n, __ATOMIC_RELAXED);
    uint32_t fcr = __atomic_load_n(&u->fcr, __ATOMIC_RELAXED);
    uint32_t max = fcr & FCR_ENABLE ? FIFO : 1;

    return n < max ? max - n : 0;
}

static int chr_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct ns16550a *u = self;
    uint32_t took = 0;

    u->thread->enter(u->dev);
    if (u->mcr & MCR_LOOP)
        took = n; /* the receiver is cut off from the line (8.6.7) */
    while (took < n && u->rx_n < depth(u))
        receive(u, buf[took++], 0);
    restart_timeout(u);
    update(u);
    u->thread->leave(u->dev);
    return (int)took;
}

static void chr_event(void *self, uint32_t ev)
{
    struct ns16550a *u = self;

    if (ev != PB_CHR_BREAK)
        return;
    u->thread->enter(u->dev);
    if (!(u->mcr & MCR_LOOP)) {
        receive(u, 0, LSR_BI);
        restart_timeout(u);
        update(u);
    }
    u->thread->leave(u->dev);
}

/* ---- Transmitter ------------------------------------------------------------------- */

static void tx_empty(struct ns16550a *u)
{
    u->thre_irq = 1;
    update(u);
}

/* Hand the FIFO to the backend, as far as it takes it. */
static void flush(struct ns16550a *u)
{
    int took = u->c ? u->chr->write(u->c, u->tx, u->tx_n) : u->tx_n;

    if (took <= 0 || u->tx_n == 0)
        return;
    for (uint32_t i = (uint32_t)took; i < u->tx_n; i++)
        u->tx[i - (uint32_t)took] = u->tx[i];
    u->tx_n = took < u->tx_n ? (uint8_t)(u->tx_n - took) : 0;
    if (u->tx_n == 0)
        tx_empty(u);
}

static void chr_drained(void *self)
{
    struct ns16550a *u = self;

    u->thread->enter(u->dev);
    flush(u);
    u->thread->leave(u->dev);
}

static void flush_soon(void *self)
{
    flush(self);
}

static void guest_error(struct ns16550a *u, const char *text)
{
    if (u->h->log_on[PB_LOG_GUEST])
        u->h->log(u->h, u->dev, PB_LOG_GUEST, text);
}

static void write_thr(struct ns16550a *u, uint8_t v)
{
    u->thre_irq = 0;
    if (u->mcr & MCR_LOOP) {
        receive(u, v, 0);
        restart_timeout(u);
        tx_empty(u);
        return;
    }
    if (u->tx_n >= depth(u)) {
        guest_error(u, "ns16550a: THR written while the transmit FIFO is full, section 8.6.6");
        u->tx[u->tx_n - 1] = v;
        update(u);
        return;
    }
    u->tx[u->tx_n++] = v;
    if (u->tx_n == 1)
        flush(u); /* more than one: the backend refused before and will call */
    if (u->tx_n)
        update(u);
}

/* ---- Registers (table II) ---------------------------------------------------------- */

static uint8_t read_lsr(struct ns16550a *u)
{
    uint8_t v = (uint8_t)((u->rx_n ? LSR_DR : 0) | (u->oe ? LSR_OE : 0) | u->errors |
                          (u->tx_n ? 0 : LSR_THRE | LSR_TEMT));

    for (uint32_t i = 0; (u->fcr & FCR_ENABLE) && i < u->rx_n; i++) {
        if (u->rx_flags[i] & LSR_ERRORS)
            v |= LSR_FIFO_ERR;
    }
    u->oe = 0;
    u->errors = 0;
    if (u->rx_n)
        u->rx_flags[0] = 0;
    update(u);
    return v;
}

static uint8_t modem_inputs(const struct ns16550a *u)
{
    if (!(u->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((u->mcr & MCR_RTS ? MSR_CTS : 0) | (u->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (u->mcr & MCR_OUT1 ? MSR_RI : 0) | (u->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_mcr(struct ns16550a *u, uint8_t v)
{
    uint8_t was = u->msr, now, changed;

    u->mcr = v;
    now = modem_inputs(u);
    changed = was ^ now;
    u->msr = (uint8_t)((was & MSR_DELTAS) | now | (changed & MSR_CTS ? MSR_DCTS : 0) |
                       (changed & MSR_DSR ? MSR_DDSR : 0) | (changed & MSR_DCD ? MSR_DDCD : 0) |
                       (changed & was & MSR_RI ? MSR_TERI : 0));
    update(u);
}

static void write_fcr(struct ns16550a *u, uint8_t v)
{
    uint8_t toggled = (u->fcr ^ v) & FCR_ENABLE;

    if (!(v & FCR_ENABLE))
        v &= FCR_ENABLE; /* the other bits count only together with it (8.5) */
    __atomic_store_n(&u->fcr, (uint8_t)(v & (FCR_ENABLE | FCR_TRIGGER)), __ATOMIC_RELAXED);
    if (toggled || (v & FCR_RX_RESET))
        clear_rx(u);
    if ((toggled || (v & FCR_TX_RESET)) && u->tx_n) {
        u->tx_n = 0;
        u->thre_irq = 1;
    }
    update(u);
}

static void write_ier(struct ns16550a *u, uint8_t v)
{
    uint8_t rising = (uint8_t)(v & ~u->ier);

    u->ier = v & 15;
    if ((rising & IER_ETBEI) && u->tx_n == 0)
        u->thre_irq = 1; /* enabling it with an empty transmitter interrupts at once */
    update(u);
}

static uint8_t read_iir(struct ns16550a *u)
{
    uint8_t v = identify(u);

    if (v == IIR_THRE) {
        u->thre_irq = 0;
        update(u);
    }
    return (uint8_t)(v | (u->fcr & FCR_ENABLE ? IIR_FIFO : 0));
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct ns16550a *u = self;
    uint8_t v;

    (void)i;
    switch (r->id) {
    case R_DATA:
        return u->lcr & LCR_DLAB ? u->divisor & 0xffu : read_rbr(u);
    case R_IER:
        return u->lcr & LCR_DLAB ? u->divisor >> 8 : u->ier;
    case R_IIR:
        return read_iir(u);
    case R_LSR:
        return read_lsr(u);
    default: /* R_MSR */
        v = u->msr;
        u->msr &= (uint8_t)~MSR_DELTAS;
        update(u);
        return v;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct ns16550a *u = self;
    uint8_t v = (uint8_t)val;

    (void)i;
    switch (r->id) {
    case R_DATA:
        if (u->lcr & LCR_DLAB)
            u->divisor = (uint16_t)((u->divisor & 0xff00) | v);
        else
            write_thr(u, v);
        break;
    case R_IER:
        if (u->lcr & LCR_DLAB)
            u->divisor = (uint16_t)((u->divisor & 0xff) | v << 8);
        else
            write_ier(u, v);
        break;
    case R_IIR:
        write_fcr(u, v);
        break;
    case R_MCR:
        write_mcr(u, v & 31);
        break;
    default: /* LSR and MSR: writing is for factory tests (8.6.2) */
        guest_error(u, r->id == R_LSR ? "ns16550a: write to LSR" : "ns16550a: write to MSR");
    }
}

#define F(n, l, w) {.name = n, .lsb = l, .width = w}
static const struct pb_regfield ier_f[] = {F("ERBFI", 0, 1), F("ETBEI", 1, 1), F("ELSI", 2, 1),
                                           F("EDSSI", 3, 1)};
static const struct pb_regfield lcr_f[] = {F("WLS", 0, 2), F("STB", 2, 1), F("PEN", 3, 1),
    F("EPS", 4, 1), F("SP", 5, 1), F("BREAK", 6, 1), F("DLAB", 7, 1)};
static const struct pb_regfield mcr_f[] = {F("DTR", 0, 1), F("RTS", 1, 1), F("OUT1", 2, 1),
                                           F("OUT2", 3, 1), F("LOOP", 4, 1)};
static const struct pb_regfield lsr_f[] = {F("DR", 0, 1), F("OE", 1, 1), F("PE", 2, 1),
    F("FE", 3, 1), F("BI", 4, 1), F("THRE", 5, 1), F("TEMT", 6, 1), F("ERR", 7, 1)};
static const struct pb_regfield msr_f[] = {F("DCTS", 0, 1), F("DDSR", 1, 1), F("TERI", 2, 1),
    F("DDCD", 3, 1), F("CTS", 4, 1), F("DSR", 5, 1), F("RI", 6, 1), F("DCD", 7, 1)};
#undef F
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, i, fl, sec, ...) {.name = n, .off = o, .width = 1, .access = acc, \
    .mask = 0xff, .id = i, .flags = fl, .section = sec, __VA_ARGS__}
#define FIELDS(f) .fields = f, .n_fields = sizeof f / sizeof *f

static const struct pb_reg regs[] = {
    REG("RBR/THR/DLL", 0, PB_R_RW, R_DATA, HOOKS, "8.1", .doc = "DLL while LCR.DLAB"),
    REG("IER/DLM", 1, PB_R_RW, R_IER, HOOKS, "8.8", FIELDS(ier_f), .doc = "DLM while LCR.DLAB"),
    REG("IIR/FCR", 2, PB_R_RW, R_IIR, HOOKS, "8.4, 8.5", .doc = "read IIR, write FCR"),
    REG("LCR", 3, PB_R_RW, R_LCR, 0, "8.2", FIELDS(lcr_f),
        .var = PB_REG_VAR(struct ns16550a, lcr)),
    REG("MCR", 4, PB_R_RW, R_MCR, PB_REG_HOOK_W, "8.6", FIELDS(mcr_f),
        .var = PB_REG_VAR(struct ns16550a, mcr)),
    REG("LSR", 5, PB_R_RW, R_LSR, HOOKS, "8.3", FIELDS(lsr_f)),
    REG("MSR", 6, PB_R_RW, R_MSR, HOOKS, "8.7", FIELDS(msr_f)),
    REG("SCR", 7, PB_R_RW, R_SCR, 0, "8.9", .var = PB_REG_VAR(struct ns16550a, scr)),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "ns16550a",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct ns16550a *u = self;

    (void)bytes; /* registers have 8 bits, however wide the bus reads */
    return pb_regs_read(&table, u, u->h, u->dev, off >> u->shift, 1);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct ns16550a *u = self;

    (void)bytes;
    pb_regs_write(&table, u, u->h, u->dev, off >> u->shift, val & 0xff, 1);
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
    struct ns16550a *u = self;

    u->h = h;
    u->dev = d;
    u->time = h->get(h, PB_SVC_TIME);
    u->thread = h->get(h, PB_SVC_THREAD);
    u->chr = h->get(h, PB_SVC_CHAR);
    u->shift = (uint32_t)prop->get_int(d, P_REG_SHIFT);
    u->irq = line->out(d, "irq", 0);
    u->timeout = u->time->timer(d, "rx-timeout", PB_CLK_VIRTUAL, on_timeout, u, e);
    pb_region *r = u->timeout ? mem->io(d, "regs", 0x100, &ops, u, e) : NULL;
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
    struct ns16550a *u = self;

    if (u->c)
        u->chr->attach(u->c, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct ns16550a *u = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, u);
        u->ier = u->oe = u->errors = u->thre_irq = u->timed_out = 0;
        __atomic_store_n(&u->fcr, 0, __ATOMIC_RELAXED);
        u->divisor = 12;
        u->tx_n = 0;
        u->rx[0] = 0;
        u->msr = modem_inputs(u);
        set_rx_n(u, 0);
        u->time->disarm(u->timeout);
    } else if (phase == PB_RESET_HOLD) {
        update(u);
    } else if (u->full && u->c) {
        u->full = 0;
        u->chr->accept(u->c);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct ns16550a *u = self;

    (void)s;
    if (u->rx_n > depth(u) || u->tx_n > depth(u))
        return u->h->fail(e, PB_EINVAL, "ns16550a: saved FIFO counts are too large");
    if (u->tx_n)
        u->time->soon(u->dev, flush_soon, u); /* this backend has not refused anything yet */
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD(struct ns16550a, ier, PB_S_U8), PB_FIELD(struct ns16550a, fcr, PB_S_U8),
    PB_FIELD(struct ns16550a, lcr, PB_S_U8), PB_FIELD(struct ns16550a, mcr, PB_S_U8),
    PB_FIELD(struct ns16550a, msr, PB_S_U8), PB_FIELD(struct ns16550a, scr, PB_S_U8),
    PB_FIELD(struct ns16550a, oe, PB_S_U8), PB_FIELD(struct ns16550a, errors, PB_S_U8),
    PB_FIELD(struct ns16550a, thre_irq, PB_S_U8),
    PB_FIELD(struct ns16550a, timed_out, PB_S_U8),
    PB_FIELD(struct ns16550a, divisor, PB_S_U16), PB_FIELD_ARRAY(struct ns16550a, rx, PB_S_U8, 16),
    PB_FIELD_ARRAY(struct ns16550a, rx_flags, PB_S_U8, 16),
    PB_FIELD_ARRAY(struct ns16550a, tx, PB_S_U8, 16), PB_FIELD(struct ns16550a, rx_n, PB_S_U8),
    PB_FIELD(struct ns16550a, tx_n, PB_S_U8), PB_FIELD(struct ns16550a, full, PB_S_U8),
};
static const char *const chardev_ifs[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "Character backend at the other end of the line",
     .choices = chardev_ifs, .type = PB_T_LINK, .qemu_type = "str"},
    {.name = "reg-shift", .doc = "Registers are 1 << reg-shift bytes apart", .def = "0",
     .min = 0, .max = 5, .type = PB_T_UINT, .qemu_type = "uint8"},
};
static const char *const lines_out[] = {"irq", NULL};

static const struct pb_device_class ns16550a = {
    .size = sizeof ns16550a, .flags = PB_DEV_NO_USER, .id = "ns16550a",
    .title = "16550A serial port", .category = "input", .spec = "NS PC16550D",
    .props = props, .n_props = sizeof props / sizeof *props, .n_regions = 1,
    .lines_out = lines_out, .instance_size = sizeof(struct ns16550a), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &ns16550a}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, PB_SVC_THREAD,
                                    PB_SVC_PROP, PB_SVC_CHAR, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.ns16550a",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "16550A serial port",
    .needs = needs, .classes = classes, .n_classes = 1};
