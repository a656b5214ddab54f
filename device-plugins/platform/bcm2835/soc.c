/* SPDX-License-Identifier: MIT */
/* soc.c - what the blocks of the BCM2835 family share.
 * Broadcom BCM2835 ARM Peripherals (6 February 2012), 1.2 and 1.3: registers have 32 bits. */
#include "soc.h"

static uint64_t block_read(void *self, uint64_t off, uint32_t bytes)
{
    struct soc_block *b = self;

    return pb_regs_read(b->table, b, b->h, b->dev, off, bytes);
}

static void block_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct soc_block *b = self;

    pb_regs_write(b->table, b, b->h, b->dev, off, val, bytes);
}

int soc_realize(struct soc_block *b, pb_dev *d, const pb_host *h, const struct pb_regs *t,
                uint64_t len, pb_err *e)
{
    static const struct pb_region_ops ops = {block_read, block_write, .min = 1, .max = 8,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);

    b->h = h;
    b->dev = d;
    b->time = h->get(h, PB_SVC_TIME);
    b->table = t;
    pb_region *r = mem->io(d, "regs", len, &ops, b, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

void soc_guest_error(struct soc_block *b, const char *text)
{
    if (b->h->log_on[PB_LOG_GUEST])
        b->h->log(b->h, b->dev, PB_LOG_GUEST, text);
}

void soc_unmodelled(struct soc_block *b, const char *text)
{
    if (b->h->log_on[PB_LOG_UNIMP])
        b->h->log(b->h, b->dev, PB_LOG_UNIMP, text);
}

int soc_unlocked(struct soc_block *b, const struct pb_reg *r, uint64_t v)
{
    char text[120];

    if ((v & 0xff000000) == SOC_PASSWORD)
        return 1;
    if (b->h->log_on[PB_LOG_GUEST]) {
        snprintf(text, sizeof text, "%s: %s written without the password 0x5a in bits 31:24",
                 b->table->name, r->name);
        b->h->log(b->h, b->dev, PB_LOG_GUEST, text);
    }
    return 0;
}
