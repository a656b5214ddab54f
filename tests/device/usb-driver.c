/* SPDX-License-Identifier: MIT */
/* usb-driver.c - a host's driver of the DesignWare controller, one channel at a time. */
#include "usb-driver.h"

#include <string.h>

uint32_t ud_get(struct ud *u, uint32_t reg)
{
    return (uint32_t)pbt_read(u->hc, 0, reg, 4);
}

void ud_set(struct ud *u, uint32_t reg, uint32_t v)
{
    pbt_write(u->hc, 0, reg, v, 4);
}

void ud_start(struct ud *u)
{
    ud_set(u, GRSTCTL, 1);
    ud_set(u, GAHBCFG, 0x21);
    ud_set(u, GINTMSK, 1 << 25 | 1 << 24 | 1 << 29);
    ud_set(u, HAINTMSK, 0xff);
    for (uint32_t n = 0; n < 8; n++)
        ud_set(u, HCINTMSK + 0x20 * n, 0x7ff);
    ud_set(u, HPRT, 1 << 12);
}

void ud_init(struct ud *u)
{
    *u = (struct ud){.b = pbt_new(), .type = PB_USB_EP_BULK, .packet = 512};
    u->ram = pbt_ram(u->b, UD_RAM, UD_RAM_LEN);
    pbt_load(u->b, "dwc2");
    pbt_load(u->b, "usb-hub");
    u->hc = pbt_add(u->b, "dwc2", "hc", NULL);
    ud_start(u);
}

void ud_fini(struct ud *u)
{
    pbt_free(u->b);
}

void ud_port_reset(struct ud *u)
{
    ud_set(u, HPRT, 1 << 12 | 1 << 8 | 2);
    pbt_run_ns(u->b, 10000000);
    ud_set(u, HPRT, 1 << 12);
    ud_set(u, HPRT, 1 << 12 | 8);
}

static void start(struct ud *u, uint32_t address, uint32_t ep, uint32_t in, uint32_t pid,
                  uint32_t len)
{
    uint32_t packets = len ? (len + u->packet - 1) / u->packet : 1;

    ud_set(u, HCINT, 0x7ff);
    ud_set(u, HCTSIZ, (in ? packets * u->packet : len) | packets << 19 | pid << 29);
    ud_set(u, HCDMA, UD_BUF);
    ud_set(u, HCSPLT, u->split);
    ud_set(u, HCCHAR, u->packet | ep << 11 | in << 15 | u->type << 18 | 1 << 20 |
                          address << 22 | 1u << 31);
}

int ud_result(struct ud *u, uint32_t len)
{
    uint32_t v = ud_get(u, HCINT), left = ud_get(u, HCTSIZ) & 0x7ffff;

    if (!(v & 2))
        return UD_WAITS;
    if (v & 1)
        return (int)(len - left);
    return v & 8 ? PB_USB_STALL : v & 16 ? PB_USB_NAK : v & 256 ? PB_USB_BABBLE : PB_USB_SILENT;
}

static void between(struct ud *u)
{
    if (u->reload)
        pbt_reload(u->b);
}

/* The rest of a split transaction, or the transfer as it is. */
static int finish(struct ud *u, uint32_t address, uint32_t ep, uint32_t in, uint32_t len)
{
    if (u->split && (ud_get(u, HCINT) & 32)) {
        between(u);
        ud_set(u, HCINT, 0x7ff);
        ud_set(u, HCTSIZ, (in ? u->packet : 0) | 1 << 19);
        ud_set(u, HCDMA, UD_BUF);
        ud_set(u, HCSPLT, u->split | 1 << 16);
        ud_set(u, HCCHAR, u->packet | ep << 11 | in << 15 | u->type << 18 | 1 << 20 |
                              address << 22 | 1u << 31);
    }
    pbt_settle(u->b);
    return ud_result(u, in ? (len + u->packet - 1) / u->packet * u->packet +
                                 (len ? 0 : u->packet) : 0);
}

int ud_in(struct ud *u, uint32_t address, uint32_t ep, uint32_t len)
{
    start(u, address, ep, 1, 0, len);
    return finish(u, address, ep, 1, len);
}

int ud_out(struct ud *u, uint32_t address, uint32_t ep, const void *data, uint32_t len)
{
    if (len)
        memcpy(u->ram + (UD_BUF - UD_RAM), data, len);
    start(u, address, ep, 0, 0, len);
    int rc = finish(u, address, ep, 0, len);
    return rc == 0 ? (int)len : rc;
}

void ud_cancel(struct ud *u)
{
    ud_set(u, HCCHAR, ud_get(u, HCCHAR) | 1u << 30);
}

int ud_control(struct ud *u, uint32_t address, uint32_t type, uint32_t request, uint32_t value,
               uint32_t index, void *data, uint32_t len)
{
    const uint8_t setup[8] = {(uint8_t)type, (uint8_t)request, (uint8_t)value,
                              (uint8_t)(value >> 8), (uint8_t)index, (uint8_t)(index >> 8),
                              (uint8_t)len, (uint8_t)(len >> 8)};
    uint32_t was = u->type, packet = u->packet;
    int rc, got = 0;

    u->type = PB_USB_EP_CONTROL;
    u->packet = 64;
    memcpy(u->ram + (UD_BUF - UD_RAM), setup, 8);
    start(u, address, 0, 0, 3, 8);
    rc = finish(u, address, 0, 0, 8);
    between(u);
    if (rc == 0 && len)
        got = rc = type & 0x80 ? ud_in(u, address, 0, len) : ud_out(u, address, 0, data, len);
    if (rc >= 0 && len && (type & 0x80))
        memcpy(data, u->ram + (UD_BUF - UD_RAM), (size_t)(got < (int)len ? got : (int)len));
    between(u);
    if (rc >= 0)
        rc = type & 0x80 && len ? ud_out(u, address, 0, NULL, 0) : ud_in(u, address, 0, 0);
    u->type = was;
    u->packet = packet;
    return rc < 0 ? rc : got;
}

static int enumerate(struct ud *u, uint32_t address, uint32_t config)
{
    int rc = ud_control(u, 0, 0, 5, address, 0, NULL, 0);

    return rc < 0 ? rc : ud_control(u, address, 0, 9, config, 0, NULL, 0);
}

int ud_configure(struct ud *u, uint32_t address, uint32_t config)
{
    ud_port_reset(u);
    return enumerate(u, address, config);
}

int ud_configure_below(struct ud *u, uint32_t hub, uint32_t p, uint32_t address, uint32_t config)
{
    int rc = ud_control(u, hub, 0x23, 3, 8, p, NULL, 0); /* power, reset, its change cleared */

    rc = rc < 0 ? rc : ud_control(u, hub, 0x23, 3, 4, p, NULL, 0);
    rc = rc < 0 ? rc : ud_control(u, hub, 0x23, 1, 20, p, NULL, 0);
    return rc < 0 ? rc : enumerate(u, address, config);
}
