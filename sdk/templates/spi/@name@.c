/* SPDX-License-Identifier: MIT */
/* @name@.c - a target on an SPI bus with eight registers.
 *
 *     -device @name@,bus=spi,cs=0      (on a board with an SPI controller, such as raspi3b)
 *
 * The first byte after the chip's selection is a register's number, with bit 7 set to write. The
 * bytes that follow go to it and the next ones, or come from there; the last is followed by the
 * first. Register 0 tells what the device is; the rest keep what was written.
 *
 * Not modelled: clock modes; both sides agree.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/spi.h>

#include <string.h>

enum { P_CS };
enum { REGS = 8, ID = 0x5b, WRITE = 0x80 };

struct @ident@ {
    const pb_host *h;
    uint32_t cs;
    uint32_t selected;
    uint32_t first; /* the next byte is a register's number */
    uint32_t writes;
    uint32_t at;
    uint8_t reg[REGS];
};

/* ---- The bus --------------------------------------------------------------------------- */

static uint32_t chip_select(void *self)
{
    return ((struct @ident@ *)self)->cs;
}

static void select_chip(void *self, uint32_t on)
{
    struct @ident@ *x = self;

    x->selected = x->first = on;
}

static uint8_t byte(struct @ident@ *x, uint8_t out)
{
    uint8_t in = 0;

    if (x->first) {
        x->first = 0;
        x->writes = out & WRITE;
        x->at = out % REGS;
        return 0;
    }
    if (!x->writes)
        in = x->reg[x->at];
    else if (x->at != 0)
        x->reg[x->at] = out;
    x->at = (x->at + 1) % REGS;
    return in;
}

static void exchange(void *self, const uint8_t *out, uint8_t *in, uint32_t n)
{
    struct @ident@ *x = self;

    for (uint32_t i = 0; x->selected && i < n; i++)
        in[i] = byte(x, out[i]);
}

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct @ident@ *x = self;

    (void)e;
    x->h = h;
    x->cs = (uint32_t)prop->get_int(d, P_CS);
    return PB_OK;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct @ident@ *x = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    x->selected = x->first = x->writes = x->at = 0;
    memset(x->reg, 0, sizeof x->reg);
    x->reg[0] = ID;
}

/* A saved file may say anything. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct @ident@ *x = self;

    (void)s;
    if (x->at >= REGS)
        return x->h->fail(e, PB_EINVAL, "@name@: the saved state has no such register");
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "cs", .doc = "Chip select of the bus", .type = PB_T_UINT, .def = "0", .max = 15},
};
static const struct pb_field state[] = {
    PB_FIELD(struct @ident@, selected, PB_S_U32), PB_FIELD(struct @ident@, first, PB_S_U32),
    PB_FIELD(struct @ident@, writes, PB_S_U32), PB_FIELD(struct @ident@, at, PB_S_U32),
    PB_FIELD_ARRAY(struct @ident@, reg, PB_S_U8, REGS),
};
static const struct pb_spi_target target = {sizeof target, 0, chip_select, select_chip, exchange};
static const struct pb_provide provides[] = {{PB_SPI_TARGET, &target}};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .title = "Example SPI target @name@",
    .category = "misc", .spec = "none: an example", .bus = "spi-bus", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct @ident@), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize, .reset = reset,
    .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "SPI target @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
