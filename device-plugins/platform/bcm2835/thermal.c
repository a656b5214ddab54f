/* SPDX-License-Identifier: MIT */
/* thermal.c - the BCM2837's temperature sensor.
 * Linux Documentation/devicetree/bindings/thermal/brcm,bcm2835-thermal.yaml. A reading r stands
 * for 412 - 0.538 r degrees Celsius on the BCM2837.
 *
 * The temperature is the property of that name, which may be set while the machine runs.
 *
 * Not modelled: the thermal interrupt and reset, conversion times (a reading is there at once).
 */
#include "sensor.h"
#include "soc.h"

#define OFFSET 412000
#define SLOPE 538
enum { STAT_VALID = 1 << 10 };
enum { P_TEMPERATURE };

struct thermal {
    struct soc_block b;
    const struct pb_svc_prop *prop;
    uint32_t ctl;
};

static int32_t millidegrees(void *self)
{
    struct thermal *t = self;

    return (int32_t)t->prop->get_int(t->b.dev, P_TEMPERATURE);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    (void)r, (void)i;
    return STAT_VALID | (uint32_t)((OFFSET - millidegrees(self)) / SLOPE);
}

static const struct pb_reg regs[] = {
    {.name = "TSENSCTL", .off = 0, .width = 4, .access = PB_R_RW, .mask = 0x3ffffff,
     .var = PB_REG_VAR(struct thermal, ctl)},
    {.name = "TSENSSTAT", .off = 4, .width = 4, .access = PB_R_RO, .flags = PB_REG_HOOK_R,
     .doc = "10 valid, 9:0 reading"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-thermal", reg_read, NULL};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct thermal *t = self;

    t->prop = h->get(h, PB_SVC_PROP);
    return soc_realize(&t->b, d, h, &table, 8, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&table, self);
}

static const struct pb_field state[] = {PB_FIELD(struct thermal, ctl, PB_S_U32)};
static const struct pb_prop props[] = {
    {.name = "temperature", .doc = "Of the SoC, in 1/1000 degree Celsius", .def = "46000",
     .min = -40000, .max = 125000, .type = PB_T_INT, .flags = PB_P_RUNTIME},
};
static const struct bcm2835_sensor sensor = {sizeof sensor, 0, millidegrees};
static const struct pb_provide provides[] = {{BCM2835_SENSOR, &sensor}};

const struct pb_device_class bcm2835_thermal_class = {
    .size = sizeof bcm2835_thermal_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-thermal",
    .title = "BCM2837 temperature sensor", .category = "misc", .spec = "brcm,bcm2837-thermal",
    .props = props, .n_props = 1, .n_regions = 1, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct thermal), .state_version = 1, .n_state = 1, .state = state,
    .regs = &table, .realize = realize, .reset = reset,
};
