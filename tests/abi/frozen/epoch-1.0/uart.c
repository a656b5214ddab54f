/* SPDX-License-Identifier: MIT */
/* uart.c - a serial port of two registers: DATA (offset 0) and STATUS (offset 4, bit 0: a byte
 * is there, bit 1: room to send). The line `irq` is high while a byte is there.
 *
 * The character backend calls data() as [io]: it enters the device's domain itself.
 *
 * Not modelled: speed, parity and all else that a byte stream does not show.
 */
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <string.h>

enum { P_CHARDEV };
enum { FIFO = 64 };
static const char *const char_kinds[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "chardev", .doc = "Character backend", .choices = char_kinds, .type = PB_T_LINK},
};

struct uart {
    pb_dev *dev;
    const struct pb_svc_char *chr;
    const struct pb_svc_thread *thread;
    const struct pb_line *irq;
    pb_char *end;
    uint8_t rx[FIFO];
    uint32_t rx_n, dropped;
};

static uint32_t room(void *self)
{
    struct uart *u = self;

    return FIFO - __atomic_load_n(&u->rx_n, __ATOMIC_RELAXED);
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct uart *u = self;
    uint32_t k = 0;

    u->thread->enter(u->dev);
    for (; k < n && u->rx_n < FIFO; k++)
        u->rx[u->rx_n++] = buf[k];
    pb_line_set(u->irq, u->rx_n != 0);
    u->thread->leave(u->dev);
    return (int)k;
}

static uint64_t uart_read(void *self, uint64_t off, uint32_t bytes)
{
    struct uart *u = self;
    uint64_t v = 0;

    (void)bytes;
    if (off == 4)
        return (u->rx_n ? 1 : 0) | 2;
    if (off || !u->rx_n)
        return 0;
    v = u->rx[0];
    memmove(u->rx, u->rx + 1, --u->rx_n);
    pb_line_set(u->irq, u->rx_n != 0);
    if (u->end)
        u->chr->accept(u->end);
    return v;
}

static void uart_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct uart *u = self;
    uint8_t b = (uint8_t)val;

    (void)bytes;
    if (off == 0 && u->end && u->chr->write(u->end, &b, 1) == 0)
        u->dropped++; /* no FIFO to send from: what the backend does not take is lost */
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {uart_read, uart_write, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    static const struct pb_char_ops device = {.size = sizeof device, .room = room, .data = data};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct uart *u = self;

    u->dev = d;
    u->chr = h->get(h, PB_SVC_CHAR);
    u->thread = h->get(h, PB_SVC_THREAD);
    u->irq = line->out(d, "irq", 0);
    u->end = prop->get_char(d, P_CHARDEV);
    if (u->end && u->chr->attach(u->end, &device, u) < 0)
        return h->fail(e, PB_EBUSY, "the character backend has a user already");
    pb_region *r = mem->io(d, "regs", 0x100, &ops, u, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void unrealize(void *self)
{
    struct uart *u = self;

    if (u->end)
        u->chr->attach(u->end, NULL, NULL);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct uart *u = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        u->rx_n = u->dropped = 0;
    else if (phase == PB_RESET_HOLD)
        pb_line_set(u->irq, 0);
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct uart, rx, PB_S_U8, FIFO),
    PB_FIELD(struct uart, rx_n, PB_S_U32),
    PB_FIELD(struct uart, dropped, PB_S_U32),
};

static int load(void *self, pb_state *s, pb_err *e)
{
    struct uart *u = self;

    (void)s, (void)e;
    if (u->rx_n > FIFO) /* a snapshot is no more to be trusted than a guest */
        return PB_EINVAL;
    return PB_OK;
}

static const char *const lines_out[] = {"irq", NULL};
static const struct pb_device_class uart = {
    .size = sizeof uart, .id = "frozen-uart", .title = "Serial port of two registers",
    .category = "input", .props = props, .n_props = 1, .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct uart), .state_version = 1, .state = state,
    .n_state = sizeof state / sizeof *state, .realize = realize, .unrealize = unrealize,
    .reset = reset, .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &uart}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_PROP, PB_SVC_CHAR,
                                    PB_SVC_THREAD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.frozen-uart",
    .version = "1.0", .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
