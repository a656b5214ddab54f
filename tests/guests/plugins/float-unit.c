/* SPDX-License-Identifier: MIT */
/* float-unit.c - a device that computes, in floating point as C has it: by the host's own unit, to
 * nearest, with subnormal numbers, on whichever thread accesses it. A guest's rounding mode, its
 * flushing to zero and its flags must not be seen here, nor what this does there.
 *
 * A (0), B (8): operands, doubles by their bits. SUM (16), QUOTIENT (24) and SCALED (32) are
 * computed when they are read: A + B, A / B, A * 2^-1022. CHAIN (40) is A * B + B as it was when B
 * was written.
 *
 * Not modelled: accesses of other sizes.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <string.h>

enum { A = 0, B = 8, SUM = 16, QUOTIENT = 24, SCALED = 32, CHAIN = 40 };

struct unit {
    double a, b, chain;
};

static uint64_t bits(double v)
{
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    return u;
}

static uint64_t unit_read(void *self, uint64_t off, uint32_t bytes)
{
    const struct unit *u = self;

    (void)bytes; /* the region takes 8 and nothing else */
    switch (off) {
    case A: return bits(u->a);
    case B: return bits(u->b);
    case SUM: return bits(u->a + u->b);
    case QUOTIENT: return bits(u->a / u->b);
    case SCALED: return bits(u->a * 0x1p-1022);
    case CHAIN: return bits(u->chain);
    default: return 0;
    }
}

static void unit_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct unit *u = self;

    (void)bytes;
    if (off == A) {
        memcpy(&u->a, &val, sizeof val);
    } else if (off == B) {
        memcpy(&u->b, &val, sizeof val);
        u->chain = u->a * u->b + u->b;
    }
}

static int unit_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {unit_read, unit_write, .min = 8, .max = 8,
        .impl_min = 8, .impl_max = 8};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM); /* in needs: it is there */
    pb_region *r = mem->io(d, "regs", 0x1000, &ops, self, e);

    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void unit_reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        memset(self, 0, sizeof(struct unit));
}

static const struct pb_field state[] = {
    PB_FIELD(struct unit, a, PB_S_U64),
    PB_FIELD(struct unit, b, PB_S_U64),
    PB_FIELD(struct unit, chain, PB_S_U64),
};
static const struct pb_device_class unit = {
    .size = sizeof unit, .id = "float-unit", .title = "Unit that adds and divides",
    .category = "misc", .n_regions = 1, .flags = PB_DEV_NO_USER,
    .instance_size = sizeof(struct unit), .state_version = 1, .state = state, .n_state = 3,
    .realize = unit_realize, .reset = unit_reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &unit}};
static const char *const needs[] = {PB_SVC_MEM, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = "test.float-unit", .version = "1",
                   .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
