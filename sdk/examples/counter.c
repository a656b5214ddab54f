/* SPDX-License-Identifier: MIT */
/* counter.c - a whole device in few lines, without a register table: COUNT (offset 4) counts
 * its reads, bit 0 of CTRL (offset 0) drives the line `irq`.
 *
 * Not modelled: nothing more was ever promised.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

struct counter {
    const struct pb_line *irq;
    uint32_t ctrl, count;
};

static uint64_t counter_read(void *self, uint64_t off, uint32_t bytes)
{
    struct counter *c = self;

    (void)bytes; /* the region takes 4 and nothing else */
    return off == 0 ? c->ctrl : off == 4 ? c->count++ : 0;
}

static void counter_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct counter *c = self;

    (void)bytes;
    if (off == 0)
        pb_line_set(c->irq, (c->ctrl = (uint32_t)val) & 1);
}

static int counter_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {counter_read, counter_write, .min = 4, .max = 4,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM); /* in needs: it is there */
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct counter *c = self;

    c->irq = line->out(d, "irq", 0);
    pb_region *r = mem->io(d, "regs", 0x1000, &ops, c, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void counter_reset(void *self, uint32_t kind, uint32_t phase)
{
    struct counter *c = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        c->ctrl = c->count = 0;
    else if (phase == PB_RESET_HOLD)
        pb_line_set(c->irq, 0);
}

static const struct pb_field state[] = {
    PB_FIELD(struct counter, ctrl, PB_S_U32),
    PB_FIELD(struct counter, count, PB_S_U32),
};
static const char *const lines_out[] = {"irq", NULL};
static const struct pb_device_class counter = {
    .size = sizeof counter, .id = "example-counter", .title = "Read counter",
    .category = "misc", .n_regions = 1, .lines_out = lines_out,
    .instance_size = sizeof(struct counter), .state_version = 1, .state = state, .n_state = 2,
    .realize = counter_realize, .reset = counter_reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &counter}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.example.counter",
    .version = "1.0", .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
