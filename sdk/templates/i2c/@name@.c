/* SPDX-License-Identifier: MIT */
/* @name@.c - a target on an I2C bus with eight registers. NXP UM10204, section 3.
 *
 *     -device @name@,bus=i2c1          (on a board with an I2C controller, such as raspi3b)
 *
 * The first byte written after START is the number of a register; those that follow go to it and
 * the next ones, and a read goes on from there. Register 0 tells what the device is; the rest keep
 * what was written. A number that is none, and a write to register 0, are not acknowledged.
 *
 * Not modelled: addresses of ten bits, clock stretching.
 */
#include <plugboard/device.h>
#include <plugboard/i2c.h>
#include <plugboard/plugin.h>

#include <string.h>

enum { P_ADDRESS };
enum { REGS = 8, ID = 0x5b };

struct @ident@ {
    const pb_host *h;
    uint32_t address;
    uint32_t at;    /* register; REGS: past the last */
    uint32_t first; /* the next byte written is its number */
    uint8_t reg[REGS];
};

/* ---- The bus --------------------------------------------------------------------------- */

static uint32_t start(void *self, uint32_t address, uint32_t read)
{
    struct @ident@ *x = self;

    if (address != x->address)
        return 0;
    x->first = !read;
    return 1;
}

static uint32_t write(void *self, uint8_t byte)
{
    struct @ident@ *x = self;

    if (x->first) {
        x->first = 0;
        x->at = byte < REGS ? byte : REGS;
        return byte < REGS;
    }
    if (x->at == 0 || x->at == REGS)
        return 0;
    x->reg[x->at++] = byte;
    return 1;
}

static uint8_t read(void *self)
{
    struct @ident@ *x = self;

    return x->at < REGS ? x->reg[x->at++] : 0xff; /* nobody pulls the wire down */
}

static void stop(void *self)
{
    (void)self; /* the pointer stays for a read that follows */
}

/* ---- The class ------------------------------------------------------------------------- */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct @ident@ *x = self;

    (void)e;
    x->h = h;
    x->address = (uint32_t)prop->get_int(d, P_ADDRESS);
    return PB_OK;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct @ident@ *x = self;

    (void)kind;
    if (phase != PB_RESET_ENTER)
        return;
    x->at = x->first = 0;
    memset(x->reg, 0, sizeof x->reg);
    x->reg[0] = ID;
}

/* A saved file may say anything. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct @ident@ *x = self;

    (void)s;
    if (x->at > REGS)
        return x->h->fail(e, PB_EINVAL, "@name@: the saved state has no such register");
    return PB_OK;
}

static const struct pb_prop props[] = {
    {.name = "address", .doc = "On the bus", .type = PB_T_UINT, .def = "0x48", .min = 8,
     .max = 0x77},
};
static const struct pb_field state[] = {
    PB_FIELD(struct @ident@, at, PB_S_U32), PB_FIELD(struct @ident@, first, PB_S_U32),
    PB_FIELD_ARRAY(struct @ident@, reg, PB_S_U8, REGS),
};
static const struct pb_i2c_target target = {sizeof target, 0, start, write, read, stop};
static const struct pb_provide provides[] = {{PB_I2C_TARGET, &target}};

static const struct pb_device_class @ident@ = {
    .size = sizeof @ident@, .id = "@name@", .title = "Example I2C target @name@",
    .category = "misc", .spec = "NXP UM10204", .bus = "i2c-bus", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct @ident@), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize, .reset = reset,
    .load = load,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &@ident@}};
static const char *const needs[] = {PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.@name@",
    .version = "0.1.0", .license = "MIT", .vendor = "Example", .doc = "I2C target @name@",
    .needs = needs, .classes = classes, .n_classes = 1};
