/* SPDX-License-Identifier: MIT */
/* tags.c - what the property tags ask of the firmware.
 * Raspberry Pi firmware wiki, "Mailbox property interface"; tags that it leaves out as in
 * Linux include/soc/bcm2835/raspberrypi-firmware.h.
 *
 * Set operations keep what they are told within the limits that their Get tells, so that what
 * a driver sets it reads again.
 *
 * Not modelled: the VideoCore's own memory (allocate, lock), execute, OTP, EDID, other pins than
 * the expander's; a changed clock or voltage changes nothing else.
 */
#include "mbox.h"

#include <string.h>

enum {
    T_FIRMWARE_REVISION = 0x1, T_BOARD_MODEL = 0x10001, T_BOARD_REVISION = 0x10002,
    T_MAC = 0x10003, T_SERIAL = 0x10004, T_ARM_MEMORY = 0x10005, T_VC_MEMORY = 0x10006,
    T_CLOCKS = 0x10007, T_POWER_STATE = 0x20001, T_POWER_TIMING = 0x20002,
    T_SET_POWER_STATE = 0x28001, T_CLOCK_STATE = 0x30001, T_CLOCK_RATE = 0x30002,
    T_VOLTAGE = 0x30003, T_MAX_CLOCK_RATE = 0x30004, T_MAX_VOLTAGE = 0x30005,
    T_TEMPERATURE = 0x30006, T_MIN_CLOCK_RATE = 0x30007, T_MIN_VOLTAGE = 0x30008,
    T_TURBO = 0x30009, T_MAX_TEMPERATURE = 0x3000a, T_DOMAIN_STATE = 0x30030,
    T_GPIO_STATE = 0x30041, T_GPIO_CONFIG = 0x30043, T_THROTTLED = 0x30046,
    T_CLOCK_MEASURED = 0x30047, T_NOTIFY_REBOOT = 0x30048, T_SET_CLOCK_STATE = 0x38001,
    T_SET_CLOCK_RATE = 0x38002, T_SET_VOLTAGE = 0x38003, T_SET_TURBO = 0x38009,
    T_SET_DOMAIN_STATE = 0x38030, T_SET_GPIO_STATE = 0x38041, T_SDHOST_CLOCK = 0x38042,
    T_SET_GPIO_CONFIG = 0x38043, T_DMA_CHANNELS = 0x60001
};

/* ---- Clocks ---------------------------------------------------------------------------- */

/* By clock id: rate after reset, lowest and highest. */
static const struct {
    uint32_t rate, min, max;
} clocks[CLOCKS] = {
    [1] = {200000000, 200000000, 200000000},  /* EMMC */
    [2] = {48000000, 0, 1000000000},          /* UART */
    [3] = {1200000000, 600000000, 1400000000}, /* ARM */
    [4] = {400000000, 200000000, 400000000},  /* CORE */
    [5] = {300000000, 250000000, 300000000},  /* V3D */
    [6] = {300000000, 0, 300000000},          /* H264 */
    [7] = {300000000, 0, 300000000},          /* ISP */
    [8] = {450000000, 400000000, 500000000},  /* SDRAM */
    [9] = {148500000, 0, 340000000},          /* PIXEL */
    [10] = {0, 0, 500000000},                 /* PWM */
    [11] = {163682864, 0, 340000000},         /* HSM */
    [13] = {108000000, 0, 108000000},         /* VEC */
};

static int known_clock(uint32_t id)
{
    return id < CLOCKS && clocks[id].max != 0;
}

static int clock_list(uint32_t *v)
{
    uint32_t n = 0;

    for (uint32_t id = 1; id < CLOCKS; id++) {
        if (known_clock(id)) {
            v[2 * n] = 0; /* parent: none */
            v[2 * n++ + 1] = id;
        }
    }
    return (int)(8 * n);
}

static uint32_t within(uint32_t v, uint32_t min, uint32_t max)
{
    return v < min ? min : v > max ? max : v;
}

static uint32_t clock_rate(struct mbox *m, uint32_t tag, uint32_t id)
{
    switch (tag) {
    case T_MAX_CLOCK_RATE:
        return clocks[id].max;
    case T_MIN_CLOCK_RATE:
        return clocks[id].min;
    case T_CLOCK_MEASURED:
        return m->clock_off[id] ? 0 : m->clock_hz[id];
    default:
        return m->clock_hz[id];
    }
}

/* v: id, then a rate or a state. State: bit 0 on, bit 1 there is no such clock. */
static int clock(struct mbox *m, uint32_t tag, uint32_t *v)
{
    uint32_t id = v[0];
    int state = tag == T_CLOCK_STATE || tag == T_SET_CLOCK_STATE;

    if (!known_clock(id)) {
        v[1] = state ? 2 : 0;
        return 8;
    }
    if (tag == T_SET_CLOCK_STATE)
        m->clock_off[id] = !(v[1] & 1);
    if (tag == T_SET_CLOCK_RATE)
        m->clock_hz[id] = within(v[1], clocks[id].min, clocks[id].max);
    v[1] = state ? !m->clock_off[id] : clock_rate(m, tag, id);
    return 8;
}

/* ---- Power ----------------------------------------------------------------------------- */

/* Devices (SD, UART0, UART1, USB, I2C0-2, SPI, CCP2TX) have a state with bit 1 set when they
 * are not there; domains are numbered from 1. */
static int power(struct mbox *m, uint32_t tag, uint32_t *v)
{
    uint32_t *of = tag == T_DOMAIN_STATE || tag == T_SET_DOMAIN_STATE ? m->domain : m->power;
    uint32_t n = of == m->domain ? DOMAINS : DEVICES;
    uint32_t id = v[0];

    if (id >= n || (of == m->domain && id == 0)) {
        v[1] = 2;
        return 8;
    }
    if (tag == T_SET_POWER_STATE || tag == T_SET_DOMAIN_STATE)
        of[id] = v[1] & 1;
    v[1] = of[id];
    return 8;
}

/* Microvolts above 1.2 V, of the core (1) and the memory's three (2 to 4). */
static int voltage(uint32_t *v)
{
    v[1] = v[0] >= 1 && v[0] <= 4 ? 1200000 : 0x80000000;
    return 8;
}

/* ---- The GPIO expander ----------------------------------------------------------------- */

/* v: number (128 and up), then the state, or direction, polarity, termination, pull. The first
 * word of the answer is 0 when that pin is there. */
static int expander(struct mbox *m, uint32_t tag, uint32_t *v)
{
    uint32_t config = tag == T_GPIO_CONFIG || tag == T_SET_GPIO_CONFIG;
    struct expander_pin *p = v[0] - 128 < EXPANDER ? &m->pin[v[0] - 128] : NULL;

    v[0] = p == NULL;
    if (p && tag == T_SET_GPIO_STATE)
        p->state = v[1] != 0;
    if (p && tag == T_SET_GPIO_CONFIG) {
        *p = (struct expander_pin){p->state, v[1], v[2], v[3], v[4]};
        if (v[1])
            p->state = v[5] != 0;
    }
    if (!p || (tag != T_GPIO_STATE && tag != T_GPIO_CONFIG))
        return config ? 20 : 8;
    if (!config) {
        v[1] = p->state;
        return 8;
    }
    v[1] = p->direction;
    v[2] = p->polarity;
    v[3] = p->term;
    v[4] = p->pull;
    return 20;
}

/* ---- What the board is ----------------------------------------------------------------- */

static int board_facts(struct mbox *m, uint32_t tag, uint32_t *v)
{
    switch (tag) {
    case T_FIRMWARE_REVISION:
        v[0] = 1640995200; /* seconds since 1970, of a build: 2022-01-01 */
        return 4;
    case T_BOARD_MODEL:
        v[0] = 0;
        return 4;
    case T_BOARD_REVISION:
        v[0] = m->revision;
        return 4;
    case T_MAC: /* six bytes in the order of the wire */
        v[0] = (uint32_t)(m->mac >> 40 & 0xff) | (uint32_t)(m->mac >> 24 & 0xff00) |
               (uint32_t)(m->mac >> 8 & 0xff0000) | (uint32_t)(m->mac << 8 & 0xff000000);
        v[1] = (uint32_t)(m->mac >> 8 & 0xff) | (uint32_t)(m->mac << 8 & 0xff00);
        return 6;
    case T_SERIAL:
        v[0] = (uint32_t)m->serial;
        v[1] = (uint32_t)(m->serial >> 32);
        return 8;
    case T_ARM_MEMORY:
        v[0] = 0;
        v[1] = m->vc_base;
        return 8;
    default: /* T_VC_MEMORY */
        v[0] = m->vc_base;
        v[1] = m->vc_size;
        return 8;
    }
}

int mbox_tag(struct mbox *m, uint32_t tag, uint32_t *v)
{
    switch (tag) {
    case T_FIRMWARE_REVISION: case T_BOARD_MODEL: case T_BOARD_REVISION: case T_MAC:
    case T_SERIAL: case T_ARM_MEMORY: case T_VC_MEMORY:
        return board_facts(m, tag, v);
    case T_CLOCKS:
        return clock_list(v);
    case T_CLOCK_STATE: case T_SET_CLOCK_STATE: case T_CLOCK_RATE: case T_SET_CLOCK_RATE:
    case T_MAX_CLOCK_RATE: case T_MIN_CLOCK_RATE: case T_CLOCK_MEASURED:
        return clock(m, tag, v);
    case T_POWER_STATE: case T_SET_POWER_STATE: case T_DOMAIN_STATE: case T_SET_DOMAIN_STATE:
        return power(m, tag, v);
    case T_POWER_TIMING:
        v[1] = 0; /* microseconds until it is usable */
        return 8;
    case T_VOLTAGE: case T_SET_VOLTAGE: case T_MAX_VOLTAGE: case T_MIN_VOLTAGE:
        return voltage(v);
    case T_TEMPERATURE:
        v[1] = m->sensor ? (uint32_t)m->sensor->millidegrees(m->sensor_self) : 0;
        return 8;
    case T_MAX_TEMPERATURE:
        v[1] = 85000;
        return 8;
    case T_SET_TURBO:
        m->turbo = v[1] & 1;
        return 8;
    case T_TURBO:
        v[1] = m->turbo;
        return 8;
    case T_GPIO_STATE: case T_SET_GPIO_STATE: case T_GPIO_CONFIG: case T_SET_GPIO_CONFIG:
        return expander(m, tag, v);
    case T_THROTTLED:
        v[0] = 0; /* the supply is good */
        return 4;
    case T_NOTIFY_REBOOT:
        return 0;
    case T_SDHOST_CLOCK: /* the host sets its divider itself when told 0 */
        v[0] = v[1] = v[2] = 0;
        return 12;
    case T_DMA_CHANNELS:
        v[0] = 0x7f35; /* not those that the VideoCore keeps */
        return 4;
    default:
        return mbox_fb_tag(m, tag, v);
    }
}

void mbox_tags_reset(struct mbox *m)
{
    for (uint32_t id = 0; id < CLOCKS; id++)
        m->clock_hz[id] = clocks[id].rate;
    memset(m->clock_off, 0, sizeof m->clock_off);
    memset(m->power, 0, sizeof m->power);
    memset(m->domain, 0, sizeof m->domain);
    memset(m->pin, 0, sizeof m->pin);
    m->turbo = 0;
}
