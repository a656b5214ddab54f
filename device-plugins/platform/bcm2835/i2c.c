/* SPDX-License-Identifier: MIT */
/* i2c.c - Broadcom serial controller (BSC), an I2C master.
 * BCM2835 ARM Peripherals, chapter 3.
 *
 * A transfer goes on as far as the FIFO has bytes or room, in no time. One that is started while
 * another is under way takes its place with a repeated START.
 *
 * Not modelled: ten-bit addresses (driven by software through the FIFO on the chip, too), clock
 * speed and delays (kept), clock stretching (CLKT is never set).
 */
#include "soc.h"

#include <plugboard/i2c.h>

#define FIFO 16u
#define TARGETS 16u
enum { C_READ = 1, C_CLEAR = 3 << 4, C_ST = 1 << 7, C_INTD = 1 << 8, C_INTT = 1 << 9,
       C_INTR = 1 << 10, C_I2CEN = 1 << 15, C_KEPT = C_READ | C_INTD | C_INTT | C_INTR | C_I2CEN };
enum { S_TA = 1, S_DONE = 2, S_TXW = 4, S_RXR = 8, S_TXD = 16, S_RXD = 32, S_TXE = 64,
       S_RXF = 128, S_ERR = 256, S_CLKT = 512, S_W1C = S_DONE | S_ERR | S_CLKT };
enum { R_C, R_S, R_DLEN, R_FIFO };

struct i2c {
    struct soc_block b;
    const struct pb_svc_bus *bus;
    const struct pb_line *irq;
    struct {
        pb_dev *dev;
        const struct pb_i2c_target *t;
        void *self;
    } target[TARGETS];
    uint32_t n_targets;
    uint32_t c, s, dlen, a, div, del, clkt;
    uint32_t active, left; /* bytes that are still to be moved on the wires */
    uint32_t addressed;    /* index + 1 of the target that acknowledged */
    uint32_t level;        /* of the FIFO */
    uint8_t fifo[FIFO];
};

static uint32_t status(const struct i2c *d)
{
    uint32_t v = d->s | (d->active ? S_TA : 0), reading = d->c & C_READ;

    if (reading)
        return v | (d->level ? S_RXD : 0) | (d->level == FIFO ? S_RXF : 0) | S_TXE | S_TXD |
               (d->active && d->level >= FIFO * 3 / 4 ? S_RXR : 0);
    return v | (d->level ? 0 : S_TXE) | (d->level < FIFO ? S_TXD : 0) |
           (d->active && d->left > d->level && d->level < FIFO / 4 ? S_TXW : 0);
}

static void update(struct i2c *d)
{
    uint32_t v = status(d);

    pb_line_set(d->irq, (d->c & C_I2CEN) && ((d->c & C_INTD && v & S_DONE) ||
                                             (d->c & C_INTT && v & S_TXW) ||
                                             (d->c & C_INTR && v & S_RXR)));
}

/* ---- Transfers ------------------------------------------------------------------------- */

static void release(struct i2c *d)
{
    if (d->addressed)
        d->target[d->addressed - 1].t->stop(d->target[d->addressed - 1].self);
    d->addressed = 0;
}

static void end(struct i2c *d, uint32_t why)
{
    release(d);
    d->active = 0;
    d->s |= S_DONE | why;
}

static void pop(struct i2c *d)
{
    d->level--;
    for (uint32_t i = 0; i < d->level; i++)
        d->fifo[i] = d->fifo[i + 1];
}

static void move(struct i2c *d)
{
    uint32_t n = d->addressed - 1, reading = d->c & C_READ;

    while (d->active && d->left && (reading ? d->level < FIFO : d->level > 0)) {
        d->left--;
        if (reading) {
            d->fifo[d->level++] = d->target[n].t->read(d->target[n].self);
            continue;
        }
        uint8_t byte = d->fifo[0];
        pop(d);
        if (!d->target[n].t->write(d->target[n].self, byte))
            end(d, S_ERR);
    }
    if (d->active && !d->left)
        end(d, 0);
}

static void start(struct i2c *d)
{
    uint32_t before = d->addressed, found = 0;

    d->s &= ~(uint32_t)(S_DONE | S_ERR);
    for (uint32_t i = 0; i < d->n_targets && !found; i++)
        found = d->target[i].t->start(d->target[i].self, d->a, d->c & C_READ) ? i + 1 : 0;
    if (before && before != found)
        release(d);
    d->addressed = found;
    d->active = 1;
    d->left = d->dlen;
    if (found)
        move(d);
    else
        end(d, S_ERR);
}

/* ---- Registers (3.2) ------------------------------------------------------------------- */

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct i2c *d = self;
    uint8_t byte;

    (void)i;
    if (r->id == R_S)
        return status(d);
    if (r->id == R_DLEN)
        return d->active ? d->left : d->dlen;
    if (!(d->c & C_READ) || !d->level)
        return 0; /* R_FIFO */
    byte = d->fifo[0];
    pop(d);
    move(d);
    update(d);
    return byte;
}

static void write_fifo(struct i2c *d, uint8_t byte)
{
    if (d->c & C_READ || d->level == FIFO) {
        soc_guest_error(&d->b, "bcm2835-i2c: a byte for a full FIFO is lost");
        return;
    }
    d->fifo[d->level++] = byte;
    move(d);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct i2c *d = self;

    (void)i;
    switch (r->id) {
    case R_C:
        if (v & C_CLEAR || (v ^ d->c) & C_READ)
            d->level = 0;
        d->c = (uint32_t)v & C_KEPT;
        if (!(d->c & C_I2CEN) && d->active)
            end(d, 0);
        if (v & C_ST && d->c & C_I2CEN)
            start(d);
        break;
    case R_S:
        d->s &= ~(uint32_t)(v & S_W1C);
        break;
    case R_DLEN:
        d->dlen = (uint32_t)v & 0xffff;
        break;
    default: /* R_FIFO */
        write_fifo(d, (uint8_t)v);
    }
    update(d);
}

#define VAR(m) .var = PB_REG_VAR(struct i2c, m)
#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, m, fl, ...) {.name = n, .off = o, .width = 4, .access = PB_R_RW, .mask = m, \
    .flags = fl, .section = "3.2", __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG("C", 0x00, 0x87b1, PB_REG_HOOK_W, VAR(c), .id = R_C),
    REG("S", 0x04, S_W1C, HOOKS, VAR(s), .id = R_S),
    REG("DLEN", 0x08, 0xffff, HOOKS, VAR(dlen), .id = R_DLEN),
    REG("A", 0x0c, 0x7f, 0, VAR(a)),
    REG("FIFO", 0x10, 0xff, HOOKS, .id = R_FIFO),
    REG("DIV", 0x14, 0xffff, 0, VAR(div), .reset = 0x5dc, .doc = "no effect"),
    REG("DEL", 0x18, 0xffffffff, 0, VAR(del), .reset = 0x00300030, .doc = "no effect"),
    REG("CLKT", 0x1c, 0xffff, 0, VAR(clkt), .reset = 0x40, .doc = "no effect"),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-i2c", reg_read, reg_write};

/* ---- The class ------------------------------------------------------------------------- */

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct i2c *d = self;
    void *of = NULL;
    const struct pb_i2c_target *t = d->bus->side(child, PB_I2C_TARGET, &of);

    (void)bus;
    if (!t || d->n_targets == TARGETS)
        return d->b.h->fail(e, PB_ENOSPC, "bcm2835-i2c: a bus takes sixteen I2C targets, and "
                                          "nothing else");
    d->target[d->n_targets].dev = child;
    d->target[d->n_targets].t = t;
    d->target[d->n_targets++].self = of;
    return PB_OK;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    struct i2c *d = self;
    uint32_t n = 0;

    (void)bus;
    if (d->active)
        end(d, S_ERR);
    d->addressed = 0;
    for (uint32_t i = 0; i < d->n_targets; i++) {
        if (d->target[i].dev != child)
            d->target[n++] = d->target[i];
    }
    d->n_targets = n;
}

static int realize(void *self, pb_dev *dev, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct i2c *d = self;

    d->bus = h->get(h, PB_SVC_BUS);
    d->irq = line->out(dev, "irq", 0);
    return soc_realize(&d->b, dev, h, &table, 0x20, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct i2c *d = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        release(d);
        pb_regs_reset(&table, d);
        d->active = d->left = d->level = 0;
    } else if (phase == PB_RESET_HOLD) {
        update(d);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct i2c *d = self;

    (void)s;
    if (d->level > FIFO || d->addressed > d->n_targets || (d->active && !d->addressed) ||
        d->dlen > 0xffff || d->left > 0xffff)
        return d->b.h->fail(e, PB_EINVAL, "bcm2835-i2c: the saved state cannot be of this bus");
    return PB_OK;
}

#define U32(m) PB_FIELD(struct i2c, m, PB_S_U32)
static const struct pb_field state[] = {
    U32(c), U32(s), U32(dlen), U32(a), U32(div), U32(del), U32(clkt), U32(active), U32(left),
    U32(addressed), U32(level), PB_FIELD_ARRAY(struct i2c, fifo, PB_S_BYTES, FIFO),
};
static const struct pb_bus_parent parent = {
    .size = sizeof parent, .attach = attach, .detach = detach};
static const struct pb_provide provides[] = {{PB_BUS_PARENT, &parent}};
static const char *const lines_out[] = {"irq", NULL};
static const char *const buses_out[] = {"@=i2c-bus", NULL};

const struct pb_device_class bcm2835_i2c_class = {
    .size = sizeof bcm2835_i2c_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-i2c",
    .title = "BCM2835 I2C controller", .category = "misc",
    .spec = "BCM2835 ARM Peripherals, chapter 3", .n_regions = 1, .lines_out = lines_out,
    .buses_out = buses_out, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct i2c), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table, .realize = realize,
    .reset = reset, .load = load,
};
