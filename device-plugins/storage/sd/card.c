/* SPDX-License-Identifier: MIT */
/* card.c - an SD memory card: SDSC, SDHC or SDXC, by the size of its image.
 * SD Specifications, Part 1, Physical Layer Simplified Specification 3.01.
 *
 * Commands are answered at once; data waits for the medium (data.c). An image of any size is a
 * card: its capacity is rounded up to what a CSD can say, and what lies behind the image reads
 * 0 and cannot be written. Writing reaches the medium before the card stops being busy.
 *
 * Not modelled: SPI mode, UHS and 1.8 V, partial and misaligned blocks (block length is 512),
 * locking and passwords, write-protected groups, programming the CSD, security, SDIO.
 */
#include "card.h"

#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { P_DRIVE, P_SERIAL };

/* ---- The class ------------------------------------------------------------------------- */

static void power(void *self, uint32_t on)
{
    uint32_t r[4];

    if (!on)
        card_command(self, 0, 0, r);
}

static uint32_t read_only(void *self)
{
    return ((struct card *)self)->read_only;
}

static uint64_t bytes(void *self)
{
    return ((struct card *)self)->image;
}

static void peeked(struct pb_block_req *r)
{
    (void)r; /* drain() tells */
}

/* Nothing is in flight before the machine runs, so drain() waits for this one alone. */
static int peek(void *self, uint64_t at, void *buf, uint32_t n)
{
    struct card *c = self;
    uint64_t from = at & ~(uint64_t)(BLOCK - 1), skip = at - from;
    uint64_t all = (skip + n + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);

    if (n == 0 || at > c->image || n > c->image - at)
        return n ? PB_EINVAL : PB_OK;
    uint8_t *copy = malloc(all);
    if (!copy)
        return PB_ENOMEM;
    struct pb_iov iov = {copy, all};
    struct pb_block_req r = {.size = sizeof r, .op = PB_BLK_READ, .offset = from, .bytes = all,
                             .iov = &iov, .n_iov = 1, .flags = PB_BLK_REPORT, .done = peeked};
    c->blk->submit(c->node, &r);
    c->blk->drain(c->node);
    if (r.status == PB_OK)
        memcpy(buf, copy + skip, n);
    free(copy);
    return r.status;
}

static void note_size(struct card *c)
{
    char text[160];

    if (c->capacity == c->image || !c->h->log_on[PB_LOG_INFO])
        return;
    snprintf(text, sizeof text, "the image of %llu bytes is a card of %llu: what is missing reads "
             "0 and cannot be written", (unsigned long long)c->image,
             (unsigned long long)c->capacity);
    c->h->log(c->h, c->dev, PB_LOG_INFO, text);
}

static int open_medium(struct card *c, pb_err *e)
{
    struct pb_block_info i = {.size = sizeof i};

    if (!c->node || c->blk->info(c->node, &i) < 0)
        return c->h->fail(e, PB_EINVAL, "sd-card: no medium; give it one by -drive "
                                        "if=none,id=X,… and drive=X, or use -sd FILE");
    if (i.align > BLOCK)
        return c->h->fail(e, PB_ENOTSUP, "sd-card: the medium has larger blocks than 512 bytes; "
                                         "leave cache.direct off");
    if (i.bytes < BLOCK)
        return c->h->fail(e, PB_EINVAL, "sd-card: the image is empty; a card image holds at least "
                                        "a partition table");
    if (i.bytes > 2ull << 40)
        return c->h->fail(e, PB_EINVAL, "sd-card: the image is larger than 2 TiB, the most that "
                                        "an SDXC card has");
    c->read_only = i.read_only;
    card_size(c, i.bytes & ~(uint64_t)(BLOCK - 1));
    note_size(c);
    return PB_OK;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    struct card *c = self;

    c->h = h;
    c->dev = d;
    c->blk = h->get(h, PB_SVC_BLOCK);
    c->thread = h->get(h, PB_SVC_THREAD);
    c->time = h->get(h, PB_SVC_TIME);
    c->host = bus->parent(d, PB_SD_HOST, &c->host_self);
    c->node = prop->get_block(d, P_DRIVE);
    c->serial = (uint32_t)prop->get_int(d, P_SERIAL);
    return open_medium(c, e);
}

static void drain(void *self)
{
    struct card *c = self;

    c->blk->drain(c->node);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        power(self, 0);
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct card *c = self;

    (void)s;
    if (c->state > ST_DIS || c->mode > D_ERASE || c->len > BUFFER || c->pos > c->len ||
        c->at > c->capacity || (c->mode == D_REGISTER && c->len > REGISTER_MAX) ||
        (c->mode == D_WRITE && c->len > c->capacity - c->at) || c->width > 3)
        return c->h->fail(e, PB_EINVAL, "sd-card: the saved state cannot be of this card");
    c->io = c->cancelled = 0;
    card_resume(c);
    return PB_OK;
}

#define U32(m) PB_FIELD(struct card, m, PB_S_U32)
#define U64(m) PB_FIELD(struct card, m, PB_S_U64)
static const struct pb_field state[] = {
    U32(state), U32(status), U32(rca), U32(app), U32(ready), U32(width), U32(high_speed),
    U32(count), U32(written), U64(erase_from), U64(erase_to), U32(erase_set), U32(mode),
    U32(left), U32(pos), U32(len), U64(at), PB_FIELD_ARRAY(struct card, reg, PB_S_BYTES, 64),
    PB_FIELD_ARRAY(struct card, buf, PB_S_BYTES, BUFFER),
};
static const char *const block_iface[] = {PB_IF_BLOCK, NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .doc = "Node with the card's image", .type = PB_T_LINK,
     .choices = block_iface, .flags = PB_P_REQUIRED, .qemu_type = "str"},
    {.name = "serial", .doc = "Product serial number", .type = PB_T_UINT, .def = "0x20220101",
     .min = 0, .max = UINT32_MAX, .qemu_type = "uint32"},
};
static const struct pb_sd_card card_table = {
    sizeof card_table, 0, card_command, card_room, card_take, card_give, card_busy, power,
    read_only, bytes, peek};
static const struct pb_provide provides[] = {{PB_SD_CARD, &card_table}};

const struct pb_device_class sd_card_class = {
    .size = sizeof sd_card_class, .id = "sd-card", .title = "SD memory card",
    .category = "storage", .spec = "SD Physical Layer 3.01", .bus = "sd-bus", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct card), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .realize = realize,
    .reset = reset, .load = load, .drain = drain,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &sd_card_class},
                                              {PB_CLASS_DEVICE, &sd_slot_class}};
static const char *const needs[] = {PB_SVC_BLOCK, PB_SVC_BUS, PB_SVC_PROP, PB_SVC_THREAD,
                                    PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.sd",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard", .doc = "SD card and slot",
    .needs = needs, .classes = classes, .n_classes = 2};
