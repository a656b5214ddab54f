/* SPDX-License-Identifier: MIT */
/* toy.c - the hand-written half of a device whose registers are generated.
 *
 * Not modelled: anything.
 */
#include "toy-regs.h"

#include <plugboard/device.h>
#include <plugboard/plugin.h>

struct toy {
    const pb_host *h;
    pb_dev *dev;
    TOY_REGS_VARS
};
TOY_REGS_DECLARE;

#ifdef HOOK
static void toy_reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    (void)i;
    ((struct toy *)self)->r_ctrl = (uint32_t)(val & r->mask);
}
#endif

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct toy *t = self;

    return pb_regs_read(&toy_regs, t, t->h, t->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct toy *t = self;

    pb_regs_write(&toy_regs, t, t->h, t->dev, off, val, bytes);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 4,
        .impl_min = 1, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct toy *t = self;

    t->h = h;
    t->dev = d;
    pb_region *r = mem->io(d, "regs", 0x100, &ops, t, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&toy_regs, self);
}

static const struct pb_field state[] = {TOY_REGS_STATE};
static const struct pb_device_class toy = {
    .size = sizeof toy, .id = "toy", .title = "Generated", .category = "misc", .n_regions = 1,
    .instance_size = sizeof(struct toy), .state_version = 1, .state = state,
    .n_state = sizeof state / sizeof *state, .regs = &toy_regs, .realize = realize,
    .reset = reset};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &toy}};
static const char *const needs[] = {PB_SVC_MEM, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .id = "test.toy-regs", .version = "1", .license = "MIT",
    .needs = needs, .classes = classes, .n_classes = 1};
