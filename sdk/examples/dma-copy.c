/* SPDX-License-Identifier: MIT */
/* dma-copy.c - a bus master: copies LEN bytes from SRC to DST, one page each microsecond of
 * guest time, and interrupts when it is done or when an address was not memory.
 *
 * DMA goes through the address space that the device's bus gives it, is refused as a whole when
 * a byte is not reachable, and runs from a timer: a register write only starts it.
 *
 * Not modelled: scatter lists.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { PAGE = 4096, PAGE_NS = 1000 };
enum { CTRL_START = 1, CTRL_IE = 2, STATUS_DONE = 1, STATUS_FAULT = 2, STATUS_BUSY = 4 };
enum { R_CTRL = 1, R_STATUS };

struct copier {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    const struct pb_svc_time *time;
    const struct pb_line *irq;
    pb_timer *step;
    uint64_t src, dst, len, done;
    uint32_t ctrl, status;
};

static void update(struct copier *c)
{
    pb_line_set(c->irq, (c->ctrl & CTRL_IE) && (c->status & (STATUS_DONE | STATUS_FAULT)));
}

static void finish(struct copier *c, uint32_t how)
{
    c->status = (c->status & ~(uint32_t)STATUS_BUSY) | how;
    update(c);
}

static void step(void *opaque)
{
    struct copier *c = opaque;
    uint8_t page[PAGE];
    uint64_t left = c->len - c->done, n = left < PAGE ? left : PAGE;
    pb_as *as = c->mem->as(c->dev);

    if (c->mem->read(as, c->src + c->done, page, n) < 0 ||
        c->mem->write(as, c->dst + c->done, page, n) < 0) {
        finish(c, STATUS_FAULT);
        return;
    }
    c->done += n;
    if (c->done >= c->len)
        finish(c, STATUS_DONE);
    else
        c->time->arm(c->step, c->time->now(c->h, PB_CLK_VIRTUAL) + PAGE_NS);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct copier *c = self;

    (void)i;
    if (r->id == R_STATUS) {
        c->status &= ~(uint32_t)(val & r->mask);
    } else {
        c->ctrl = (uint32_t)val & CTRL_IE;
        if ((val & CTRL_START) && !(c->status & STATUS_BUSY)) {
            c->done = 0;
            c->status = STATUS_BUSY;
            c->time->arm(c->step, c->time->now(c->h, PB_CLK_VIRTUAL) + PAGE_NS);
        }
    }
    update(c);
}

static const struct pb_regfield ctrl_fields[] = {
    {.name = "START", .lsb = 0, .width = 1, .access = PB_R_WO, .doc = "begin"},
    {.name = "IE", .lsb = 1, .width = 1, .doc = "interrupt on DONE and FAULT"},
};
static const struct pb_regfield status_fields[] = {
    {.name = "DONE", .lsb = 0, .width = 1, .doc = "all was copied"},
    {.name = "FAULT", .lsb = 1, .width = 1, .doc = "an address was no memory"},
    {.name = "BUSY", .lsb = 2, .width = 1, .access = PB_R_RO, .doc = "copying"},
};
static const struct pb_reg regs[] = {
    {.name = "SRC", .off = 0x00, .width = 8, .access = PB_R_RW, .mask = ~0ull,
     .var = PB_REG_VAR(struct copier, src), .doc = "address to read from"},
    {.name = "DST", .off = 0x08, .width = 8, .access = PB_R_RW, .mask = ~0ull,
     .var = PB_REG_VAR(struct copier, dst), .doc = "address to write to"},
    {.name = "LEN", .off = 0x10, .width = 8, .access = PB_R_RW, .mask = 0xffffff,
     .var = PB_REG_VAR(struct copier, len), .doc = "bytes"},
    {.name = "CTRL", .off = 0x18, .width = 4, .access = PB_R_RW, .mask = CTRL_IE,
     .var = PB_REG_VAR(struct copier, ctrl), .id = R_CTRL, .flags = PB_REG_HOOK_W,
     .fields = ctrl_fields, .n_fields = 2, .doc = "control"},
    {.name = "STATUS", .off = 0x1c, .width = 4, .access = PB_R_W1C,
     .mask = STATUS_DONE | STATUS_FAULT, .var = PB_REG_VAR(struct copier, status),
     .id = R_STATUS, .flags = PB_REG_HOOK_W, .fields = status_fields, .n_fields = 3,
     .doc = "what became of it"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "example-copier", NULL, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct copier *c = self;

    return pb_regs_read(&table, c, c->h, c->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct copier *c = self;

    pb_regs_write(&table, c, c->h, c->dev, off, val, bytes);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 8,
        .impl_min = 4, .impl_max = 8};
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct copier *c = self;

    c->h = h;
    c->dev = d;
    c->mem = h->get(h, PB_SVC_MEM);
    c->time = h->get(h, PB_SVC_TIME);
    c->irq = line->out(d, "irq", 0);
    c->step = c->time->timer(d, "step", PB_CLK_VIRTUAL, step, c, e);
    pb_region *r = c->step ? c->mem->io(d, "regs", 0x1000, &ops, c, e) : NULL;
    return r ? c->mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct copier *c = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, c);
        c->time->disarm(c->step);
        c->done = 0;
    } else if (phase == PB_RESET_HOLD) {
        update(c);
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct copier, src, PB_S_U64),    PB_FIELD(struct copier, dst, PB_S_U64),
    PB_FIELD(struct copier, len, PB_S_U64),    PB_FIELD(struct copier, done, PB_S_U64),
    PB_FIELD(struct copier, ctrl, PB_S_U32),   PB_FIELD(struct copier, status, PB_S_U32),
};
static const char *const lines_out[] = {"irq", NULL};
static const struct pb_device_class copier = {
    .size = sizeof copier, .id = "example-copier", .title = "Memory copier",
    .category = "misc", .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct copier), .state_version = 1, .state = state,
    .n_state = sizeof state / sizeof *state, .regs = &table, .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &copier}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.copier",
    .version = "1.0", .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
