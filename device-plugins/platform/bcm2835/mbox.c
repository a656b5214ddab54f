/* SPDX-License-Identifier: MIT */
/* mbox.c - the mailboxes between the ARM and the VideoCore, whose firmware we are.
 * Raspberry Pi firmware wiki, "Mailboxes" and "Accessing mailboxes"; register names as in
 * Linux's driver of "brcm,bcm2835-mbox".
 *
 * The ARM writes mailbox 1 and reads mailbox 0; the low four bits of a word name a channel.
 * Channel 8 carries the address of a message with property tags (property.c). Answers are there
 * at once, so mailbox 1 is never full; a word on another channel is noted and dropped.
 *
 * Not modelled: the other channels (power management, the old framebuffer's, VCHIQ, buttons, touch
 * screen), the second ARM, error interrupts.
 */
#include "mbox.h"

#include <plugboard/board.h>

#include <string.h>

enum { CHANNEL_PROPERTY = 8 };
enum { STA_FULL = 1u << 31, STA_EMPTY = 1u << 30 };
enum { CNF_DATA_IRQ = 1, CNF_CLEAR = 8, CNF_DATA_PENDING = 16 };
enum { R_RD, R_POL, R_SND, R_STA, R_CNF, R_WRT, R_STA1 };
enum { P_SENSOR, P_MAC, P_SERIAL, P_REVISION, P_VC_BASE, P_VC_SIZE };

static void update(struct mbox *m)
{
    pb_line_set(m->irq, m->n_reply && (m->config & CNF_DATA_IRQ));
}

static uint32_t take(struct mbox *m)
{
    uint32_t v = m->reply[0];

    if (m->n_reply == 0)
        return 0;
    m->n_reply--;
    for (uint32_t i = 0; i < m->n_reply; i++)
        m->reply[i] = m->reply[i + 1];
    update(m);
    return v;
}

static void give(struct mbox *m, uint32_t v)
{
    if ((v & 15) != CHANNEL_PROPERTY) {
        soc_unmodelled(&m->b, "bcm2835-mbox: only the property channel, 8, is modelled");
        return;
    }
    if (m->n_reply == FIFO) {
        soc_guest_error(&m->b, "bcm2835-mbox: eight answers have not been read; the request is "
                               "lost");
        return;
    }
    mbox_property(m, v & ~15u);
    m->reply[m->n_reply++] = v;
    update(m);
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct mbox *m = self;

    (void)i;
    switch (r->id) {
    case R_RD:
        return take(m);
    case R_POL:
        return m->n_reply ? m->reply[0] : 0;
    case R_STA:
        return (m->n_reply ? 0 : STA_EMPTY) | (m->n_reply == FIFO ? STA_FULL : 0) | m->n_reply;
    case R_CNF:
        return m->config | (m->n_reply && (m->config & CNF_DATA_IRQ) ? CNF_DATA_PENDING : 0);
    default: /* R_STA1 */
        return STA_EMPTY;
    }
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct mbox *m = self;

    (void)i;
    if (r->id == R_CNF) {
        m->config = v & CNF_DATA_IRQ;
        if (v & CNF_CLEAR)
            m->n_reply = 0;
        update(m);
    } else {
        give(m, (uint32_t)v);
    }
}

#define REG(n, o, acc, k, fl, ...) {.name = n, .off = o, .width = 4, .access = acc, .id = k, \
    .flags = fl, __VA_ARGS__}
static const struct pb_reg regs[] = {
    REG("MAIL0_RD", 0x00, PB_R_RO, R_RD, PB_REG_HOOK_R),
    REG("MAIL0_POL", 0x10, PB_R_RO, R_POL, PB_REG_HOOK_R),
    REG("MAIL0_SND", 0x14, PB_R_RO, R_SND, 0),
    REG("MAIL0_STA", 0x18, PB_R_RO, R_STA, PB_REG_HOOK_R),
    REG("MAIL0_CNF", 0x1c, PB_R_RW, R_CNF, PB_REG_HOOK_R | PB_REG_HOOK_W,
        .var = PB_REG_VAR(struct mbox, config), .mask = CNF_DATA_IRQ),
    REG("MAIL1_WRT", 0x20, PB_R_WO, R_WRT, PB_REG_HOOK_W, .mask = 0xffffffff),
    REG("MAIL1_STA", 0x38, PB_R_RO, R_STA1, PB_REG_HOOK_R),
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "bcm2835-mbox", reg_read, reg_write};

/* What is wrong with the properties, or NULL. */
static const char *check(struct mbox *m)
{
    if (!(m->revision >> 23 & 1))
        return "bcm2835-mbox: board-rev: not a new-style revision code (bit 23)";
    if (m->vc_size == 0 || m->vc_base > BUS_MASK || m->vc_size > BUS_MASK + 1 - m->vc_base)
        return "bcm2835-mbox: vc-base, vc-size: the VideoCore's memory lies within 1 GiB";
    return NULL;
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct mbox *m = self;

    m->mem = h->get(h, PB_SVC_MEM);
    m->irq = line->out(d, "irq", 0);
    m->as = m->mem->as(d);
    m->sensor = prop->get_link(d, P_SENSOR, BCM2835_SENSOR, &m->sensor_self);
    m->mac = (uint64_t)prop->get_int(d, P_MAC);
    m->serial = (uint64_t)prop->get_int(d, P_SERIAL);
    m->revision = (uint32_t)prop->get_int(d, P_REVISION);
    m->vc_base = (uint32_t)prop->get_int(d, P_VC_BASE);
    m->vc_size = (uint32_t)prop->get_int(d, P_VC_SIZE);
    const char *why = check(m);
    return why ? h->fail(e, PB_EINVAL, why) : soc_realize(&m->b, d, h, &table, 0x40, e);
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct mbox *m = self;

    (void)kind;
    if (phase == PB_RESET_ENTER) {
        pb_regs_reset(&table, m);
        m->n_reply = 0;
        mbox_tags_reset(m);
        mbox_fb_reset(m);
    } else if (phase == PB_RESET_HOLD) {
        update(m);
    }
}

static int load(void *self, pb_state *s, pb_err *e)
{
    struct mbox *m = self;

    (void)s;
    if (m->n_reply > FIFO || !mbox_fb_sane(m))
        return m->b.h->fail(e, PB_EINVAL, "bcm2835-mbox: the saved state has more than eight "
                            "answers, or a framebuffer that does not fit");
    return PB_OK;
}

/* What the tree says, too. */
static int number(void *self, const char *name, uint64_t *v)
{
    const struct mbox *m = self;

    if (strcmp(name, "serial") == 0)
        *v = m->serial;
    else if (strcmp(name, "mac") == 0)
        *v = m->mac;
    else if (strcmp(name, "vc-base") == 0)
        *v = m->vc_base;
    else
        return PB_ENOENT;
    return PB_OK;
}

static const struct pb_field state[] = {
    PB_FIELD_ARRAY(struct mbox, reply, PB_S_U32, FIFO), PB_FIELD(struct mbox, n_reply, PB_S_U32),
    PB_FIELD(struct mbox, config, PB_S_U32),
    PB_FIELD_ARRAY(struct mbox, clock_hz, PB_S_U32, CLOCKS),
    PB_FIELD_ARRAY(struct mbox, clock_off, PB_S_U32, CLOCKS),
    PB_FIELD_ARRAY(struct mbox, power, PB_S_U32, DEVICES),
    PB_FIELD_ARRAY(struct mbox, domain, PB_S_U32, DOMAINS),
    PB_FIELD(struct mbox, turbo, PB_S_U32),
    {"pin", PB_S_U32, offsetof(struct mbox, pin), EXPANDER * 5, 1},
    {"fb", PB_S_U32, offsetof(struct mbox, fb), sizeof(struct fb) / 4, 1},
};
static const char *const sensor_iface[] = {BCM2835_SENSOR, NULL};
static const struct pb_prop props[] = {
    {.name = "sensor", .doc = "The SoC's temperature sensor", .type = PB_T_LINK,
     .choices = sensor_iface},
    {.name = "mac", .doc = "Address that the board's network card is given",
     .type = PB_T_MAC, .def = "b8:27:eb:00:00:01"},
    {.name = "serial", .doc = "Serial number of the board", .type = PB_T_UINT,
     .def = "0x10000001"},
    {.name = "board-rev", .doc = "Revision code of the board", .type = PB_T_UINT,
     .def = "0xa020d3", .min = 0, .max = 0xffffffff},
    {.name = "vc-base", .doc = "Where the VideoCore's memory begins", .type = PB_T_UINT,
     .def = "0x3c000000", .min = 0, .max = 0x3fffffff},
    {.name = "vc-size", .doc = "Size of the VideoCore's memory", .type = PB_T_SIZE,
     .def = "64M", .min = 0x100000, .max = 0x40000000},
};
static const char *const lines_out[] = {"irq", NULL};
static const struct pb_board_facts facts = {sizeof facts, 0, number};
static const struct pb_provide provides[] = {{PB_DISPLAY, &mbox_display},
                                             {PB_BOARD_FACTS, &facts}};

const struct pb_device_class bcm2835_mbox_class = {
    .size = sizeof bcm2835_mbox_class, .flags = PB_DEV_NO_USER, .id = "bcm2835-mbox",
    .title = "BCM2835 mailbox and firmware services", .category = "misc",
    .spec = "brcm,bcm2835-mbox", .props = props, .n_props = sizeof props / sizeof *props,
    .n_regions = 1, .lines_out = lines_out, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct mbox),
    .state_version = 1, .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .reset = reset, .load = load,
};
