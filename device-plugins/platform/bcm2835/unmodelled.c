/* SPDX-License-Identifier: MIT */
/* unmodelled.c - a block of the SoC that is known to be there and does nothing.
 *
 * Drivers that probe it find zeros instead of an abort; -d unimp tells of each access.
 *
 * Not modelled: the block.
 */
#include "soc.h"

enum { P_SIZE, P_WHAT };

struct unmodelled {
    struct soc_block b;
    const char *what;
};

static void say(struct unmodelled *u, const char *verb, uint64_t off)
{
    char text[120];

    if (!u->b.h->log_on[PB_LOG_UNIMP])
        return;
    snprintf(text, sizeof text, "%s offset 0x%llx of %s, which is not modelled", verb,
             (unsigned long long)off, u->what);
    u->b.h->log(u->b.h, u->b.dev, PB_LOG_UNIMP, text);
}

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    (void)bytes;
    say(self, "read of", off);
    return 0;
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    (void)val, (void)bytes;
    say(self, "write to", off);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 1, .max = 8,
        .impl_min = 1, .impl_max = 8};
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct unmodelled *u = self;

    u->b = (struct soc_block){h, d, NULL, NULL};
    u->what = prop->get_str(d, P_WHAT);
    pb_region *r = mem->io(d, u->what, (uint64_t)prop->get_int(d, P_SIZE), &ops, u, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static const struct pb_prop props[] = {
    {.name = "size", .doc = "Bytes of its registers", .type = PB_T_SIZE, .def = "4K", .min = 1,
     .max = 0x1000000},
    {.name = "what", .doc = "Its name, for messages", .type = PB_T_STR, .def = "block"},
};

const struct pb_device_class bcm2835_unmodelled_class = {
    .size = sizeof bcm2835_unmodelled_class, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL,
    .id = "bcm2835-unmodelled", .title = "Block of the BCM2835 that is not modelled",
    .category = "misc", .props = props, .n_props = 2, .n_regions = 1,
    .instance_size = sizeof(struct unmodelled), .state_version = 1, .realize = realize,
};
