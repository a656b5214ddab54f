/* SPDX-License-Identifier: MIT */
/* pl061.c - Arm PrimeCell general-purpose input and output: eight pins.
 * ARM DDI 0190B; section numbers below are of it.
 *
 * GPIODATA is 256 words: address bits 9:2 say which pins an access touches (3.3.1). An input
 * pin interrupts by level, by one edge, or by both. A pin that is an output reads back what
 * was written to it.
 *
 * Not modelled: the alternate function's signals (GPIOAFSEL is kept), test registers.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { R_DATA, R_DIR, R_IS, R_IBE, R_IEV, R_IE, R_RIS, R_MIS, R_IC, R_AFSEL, R_ID };

struct pl061 {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_line *irq, *out[8];
    uint32_t data;  /* what was written to outputs */
    uint32_t in;    /* levels of the inputs */
    uint32_t dir, is, ibe, iev, ie, edges, afsel; /* edges: pins whose edge interrupts */
};

static uint32_t pins(const struct pl061 *g)
{
    return (g->data & g->dir) | (g->in & ~g->dir);
}

/* Level-sensitive pins follow the pin, the others keep their edge (3.3.3 to 3.3.5). */
static uint32_t raw(const struct pl061 *g)
{
    return (g->is & ~(pins(g) ^ g->iev) & 0xff) | (~g->is & g->edges);
}

static void update(struct pl061 *g)
{
    pb_line_set(g->irq, (raw(g) & g->ie) != 0);
}

/* Pins changed from `was`. */
static void changed(struct pl061 *g, uint32_t was)
{
    uint32_t now = pins(g), rise = now & ~was, fall = was & ~now;

    g->edges |= ~g->is & ((g->ibe & (rise | fall)) | (~g->ibe & g->iev & rise) |
                          (~g->ibe & ~g->iev & fall)) & 0xff;
    for (uint32_t i = 0; i < 8; i++)
        pb_line_set(g->out[i], (g->data & g->dir) >> i & 1);
    update(g);
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct pl061 *g = self;
    uint32_t was = pins(g);

    g->in = (g->in & ~(1u << n)) | (uint32_t)(level != 0) << n;
    changed(g, was);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    static const uint8_t id[8] = {0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1};
    struct pl061 *g = self;

    switch (r->id) {
    case R_DATA:
        return pins(g) & i;
    case R_RIS:
        return raw(g);
    case R_MIS:
        return raw(g) & g->ie;
    default:
        return id[i];
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct pl061 *g = self;
    uint32_t v = (uint32_t)val & 0xff, was = pins(g);

    switch (r->id) {
    case R_DATA:
        g->data = (g->data & ~i) | (v & i);
        break;
    case R_DIR:
        g->dir = v;
        break;
    case R_IC:
        g->edges &= ~v;
        break;
    default: /* what a level or an edge is */
        *(uint32_t *)pb_reg_slot(r, g, 0) = v;
    }
    changed(g, was);
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
#define REG(n, o, acc, fl, sec, ...) {.name = "GPIO" #n, .off = o, .width = 4, .access = acc, \
    .mask = 0xff, .id = R_##n, .flags = fl, .section = sec, __VA_ARGS__}
#define VAR(m) .var = PB_REG_VAR(struct pl061, m)
static const struct pb_reg regs[] = {
    REG(DATA, 0x000, PB_R_RW, HOOKS, "3.3.1", .count = 256, .stride = 4),
    REG(DIR, 0x400, PB_R_RW, PB_REG_HOOK_W, "3.3.2", VAR(dir), .doc = "1: output"),
    REG(IS, 0x404, PB_R_RW, PB_REG_HOOK_W, "3.3.3", VAR(is), .doc = "1: level"),
    REG(IBE, 0x408, PB_R_RW, PB_REG_HOOK_W, "3.3.4", VAR(ibe), .doc = "1: both edges"),
    REG(IEV, 0x40c, PB_R_RW, PB_REG_HOOK_W, "3.3.5", VAR(iev), .doc = "1: high or rising"),
    REG(IE, 0x410, PB_R_RW, PB_REG_HOOK_W, "3.3.6", VAR(ie)),
    REG(RIS, 0x414, PB_R_RO, PB_REG_HOOK_R, "3.3.7"),
    REG(MIS, 0x418, PB_R_RO, PB_REG_HOOK_R, "3.3.8"),
    REG(IC, 0x41c, PB_R_WO, PB_REG_HOOK_W, "3.3.9"),
    REG(AFSEL, 0x420, PB_R_RW, 0, "3.3.10", VAR(afsel), .doc = "kept, no effect"),
    REG(ID, 0xfe0, PB_R_RO, PB_REG_HOOK_R, "3.3.11", .count = 8, .stride = 4),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs, "pl061",
                                     reg_read, reg_write};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct pl061 *g = self;

    (void)bytes; /* the bus has 32 bits; narrower accesses take the low ones */
    return pb_regs_read(&table, g, g->h, g->dev, off, 4);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct pl061 *g = self;

    (void)bytes;
    pb_regs_write(&table, g, g->h, g->dev, off, val, 4);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct pl061 *g = self;

    g->h = h;
    g->dev = d;
    g->irq = line->out(d, "irq", 0);
    for (uint32_t i = 0; i < 8; i++)
        g->out[i] = line->out(d, "out", i);
    pb_region *r = mem->io(d, "regs", 0x1000, &ops, g, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct pl061 *g = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, g);
        g->data = g->edges = 0;
    } else if (phase == PB_RESET_HOLD) {
        changed(g, pins(g));
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct pl061, data, PB_S_U32), PB_FIELD(struct pl061, in, PB_S_U32),
    PB_FIELD(struct pl061, dir, PB_S_U32), PB_FIELD(struct pl061, is, PB_S_U32),
    PB_FIELD(struct pl061, ibe, PB_S_U32), PB_FIELD(struct pl061, iev, PB_S_U32),
    PB_FIELD(struct pl061, ie, PB_S_U32), PB_FIELD(struct pl061, edges, PB_S_U32),
    PB_FIELD(struct pl061, afsel, PB_S_U32),
};
static const char *const lines_out[] = {"irq", "out[]", NULL};
static const char *const lines_in[] = {"pin[8]", NULL};

static const struct pb_device_class pl061 = {
    .size = sizeof pl061, .flags = PB_DEV_NO_USER, .id = "pl061",
    .title = "Arm PrimeCell GPIO (PL061)", .category = "misc", .spec = "ARM DDI 0190B",
    .n_regions = 1, .lines_out = lines_out, .lines_in = lines_in,
    .instance_size = sizeof(struct pl061), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .line_in = line_in,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &pl061}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.pl061",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "Arm PrimeCell GPIO",
    .needs = needs, .classes = classes, .n_classes = 1};
