/* SPDX-License-Identifier: MIT */
/* @name@.c - a device with four registers: it adds up what is written to DATA and, WORK_NS
 * later, says so in STATUS and by its interrupt.
 *
 * Replace the registers by those of your data sheet: decoding, reset values, messages,
 * `plugboard inspect @name@` and the fuzzer's aim all come from the table.
 *
 * Not modelled: everything that a real chip of that name would do.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { ID_VALUE = 0x504c5547, WORK_NS = 1000 };
enum { CTRL_IRQ_ENABLE = 1, STATUS_DONE = 1, STATUS_BUSY = 2 };
enum { R_CTRL, R_STATUS, R_DATA };

struct @ident@ {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_line *irq;
    pb_timer *work;
    uint32_t ctrl, status, sum;
};

static void update(struct @ident@ *n)
{
    pb_line_set(n->irq, (n->ctrl & CTRL_IRQ_ENABLE) && (n->status & STATUS_DONE));
}

static void work_done(void *opaque)
{
    struct @ident@ *n = opaque;

    n->status = (n->status & ~(uint32_t)STATUS_BUSY) | STATUS_DONE;
    update(n);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct @ident@ *n = self;

    (void)i;
    switch (r->id) {
    case R_CTRL:
        n->ctrl = (uint32_t)(val & r->mask);
        break;
    case R_STATUS: /* write 1 to clear */
        n->status &= ~(uint32_t)(val & r->mask);
        break;
    case R_DATA:
        n->sum += (uint32_t)val;
        n->status |= STATUS_BUSY;
        n->time->arm(n->work, n->time->now(n->h, PB_CLK_VIRTUAL) + WORK_NS);
        break;
    }
    update(n);
}

static const struct pb_regfield ctrl_fields[] = {
    {.name = "IE", .lsb = 0, .width = 1, .doc = "interrupt when DONE"},
};
static const struct pb_regfield status_fields[] = {
    {.name = "DONE", .lsb = 0, .width = 1, .access = PB_R_W1C, .doc = "the sum is there"},
    {.name = "BUSY", .lsb = 1, .width = 1, .access = PB_R_RO, .doc = "still adding"},
};
static const struct pb_reg regs[] = {
    {.name = "ID", .off = 0x0, .width = 4, .access = PB_R_RO, .reset = ID_VALUE,
     .doc = "\"PLUG\""},
    {.name = "CTRL", .off = 0x4, .width = 4, .access = PB_R_RW, .mask = CTRL_IRQ_ENABLE,
     .var = PB_REG_VAR(struct @ident@, ctrl), .id = R_CTRL, .flags = PB_REG_HOOK_W,
     .fields = ctrl_fields, .n_fields = 1, .doc = "control"},
    {.name = "STATUS", .off = 0x8, .width = 4, .access = PB_R_W1C, .mask = STATUS_DONE,
     .var = PB_REG_VAR(struct @ident@, status), .id = R_STATUS, .flags = PB_REG_HOOK_W,
     .fields = status_fields, .n_fields = 2, .doc = "what became of it"},
    {.name = "DATA", .off = 0xc, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .var = PB_REG_VAR(struct @ident@, sum), .id = R_DATA, .flags = PB_REG_HOOK_W,
     .doc = "written: add this; read: the sum"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "@name@",
                                     NULL, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct @ident@ *n = self;

    return pb_regs_read(&table, n, n->h, n->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct @ident@ *n = self;

    pb_regs_write(&table, n, n->h, n->dev, off, val, bytes);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct @ident@ *n = self;

    n->h = h;
    n->dev = d;
    n->time = h->get(h, PB_SVC_TIME);
    n->irq = line->out(d, "irq", 0);
    n->work = n->time->timer(d, "work", PB_CLK_VIRTUAL, work_done, n, e);
    pb_region *r = n->work ? mem->io(d, "regs", 0x1000, &ops, n, e) : NULL;
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct @ident@ *n = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, n);
        n->time->disarm(n->work);
    } else if (phase == PB_RESET_HOLD) {
        update(n);
    }
}

/* Timers and line levels are the host's and are saved by it. */
static const struct pb_field state[] = {
    PB_FIELD(struct @ident@, ctrl, PB_S_U32),
    PB_FIELD(struct @ident@, status, PB_S_U32),
    PB_FIELD(struct @ident@, sum, PB_S_U32),
};
static const char *const lines_out[] = {"irq", NULL};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .title = "Example device @name@",
    .category = "misc", .spec = "plugboard-sdk(7)", .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct @ident@), .state_version = 1, .state = state,
    .n_state = sizeof state / sizeof *state, .regs = &table, .realize = realize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "Example device @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
