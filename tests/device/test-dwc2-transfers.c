/* SPDX-License-Identifier: MIT */
/* test-dwc2-transfers.c - claim: the controller finds, resets and asks what is plugged in, as USB
 * 2.0 and the core's registers say; what waits costs nothing and survives a reload; an idle
 * bus lets its host sleep. */
#include "suite.h"
#include "usb-driver.h"

#include <string.h>

static struct ud u;
static pb_dev *wire;

static void plug(const char *props)
{
    char text[100];

    ud_init(&u);
    pbt_load(u.b, "usb-net");
    wire = pbt_net_new(u.b, "w");
    snprintf(text, sizeof text, "netdev=w%s", props);
    pbt_add_child(u.hc, 0, "usb-net", "n", text);
}

static void port_finds_and_loses(void)
{
    ud_init(&u);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 3, 0);
    CU_ASSERT_EQUAL(pbt_level(u.hc, "irq", 0), 0);
    pb_dev *hub = pbt_add_child(u.hc, 0, "usb-hub", "h", NULL);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 3, 3);
    CU_ASSERT_EQUAL(pbt_level(u.hc, "irq", 0), 1);
    ud_set(&u, HPRT, 1 << 12 | 2);
    CU_ASSERT_EQUAL(pbt_level(u.hc, "irq", 0), 0);
    ud_port_reset(&u);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 0x60005, 5); /* connected, enabled, high speed */
    CU_ASSERT_EQUAL(pbt_unplug(hub), PB_OK);
    CU_ASSERT_EQUAL(ud_get(&u, HPRT) & 5, 0);
    CU_ASSERT_EQUAL(ud_get(&u, GINTSTS) >> 29 & 1, 1);
    CU_ASSERT_EQUAL(ud_in(&u, 0, 0, 64), PB_USB_SILENT);
    ud_fini(&u);
}

static void chapter_nine(void)
{
    uint8_t d[256];

    plug(",port=1,serial=abc");
    ud_port_reset(&u);
    CU_ASSERT_EQUAL(ud_control(&u, 0, 0x80, 6, 0x100, 0, d, 18), 18);
    CU_ASSERT_EQUAL(memcmp(d, "\x12\x01\x00\x02\x02\x00\x00\x40\x25\x05\xa2\xa4", 12), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 0, 0, 5, 9, 0, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 0, 0x80, 6, 0x100, 0, d, 18), PB_USB_SILENT);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x200, 0, d, 9), 9);
    uint32_t total = d[2] | (uint32_t)d[3] << 8;
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x200, 0, d, 255), (int)total);
    uint32_t at = 0;
    while (at < total && d[at])
        at += d[at];
    CU_ASSERT_EQUAL(at, total); /* the descriptors tile it */
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x303, 0x409, d, 255), 8);
    CU_ASSERT_EQUAL(memcmp(d, "\x08\x03" "a\0b\0c\0", 8), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x600, 0, d, 10), 10); /* qualifier */
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x309, 0x409, d, 255), PB_USB_STALL);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0, 9, 7, 0, NULL, 0), PB_USB_STALL);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0, 9, 1, 0, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 8, 0, 0, d, 1), 1);
    CU_ASSERT_EQUAL(d[0], 1);
    CU_ASSERT_EQUAL(ud_in(&u, 9, 2, 512), PB_USB_SILENT); /* alternate setting 0 has none */
    CU_ASSERT_EQUAL(ud_control(&u, 9, 1, 11, 1, 1, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_in(&u, 9, 2, 512), UD_WAITS);
    ud_cancel(&u);
    CU_ASSERT_EQUAL(ud_get(&u, HCINT) & 3, 2);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 2, 3, 0, 0x82, NULL, 0), 0); /* halt the endpoint */
    CU_ASSERT_EQUAL(ud_in(&u, 9, 2, 512), PB_USB_STALL);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x82, 0, 0, 0x82, d, 2), 2);
    CU_ASSERT_EQUAL(d[0], 1);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 2, 1, 0, 0x82, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_in(&u, 9, 2, 512), UD_WAITS);
    ud_set(&u, HCCHAR, ud_get(&u, HCCHAR) & ~(1u << 31)); /* only the core takes ChEna away */
    CU_ASSERT_EQUAL(ud_get(&u, HCCHAR) >> 31, 1);
    pbt_reload(u.b);
    ud_fini(&u);
}

static void requests_cross_reloads(void)
{
    uint8_t d[256];

    plug(",port=1,serial=abc");
    u.reload = 1;
    CU_ASSERT_EQUAL(ud_configure(&u, 9, 1), 0); /* the address counts after the status stage */
    CU_ASSERT_EQUAL(ud_control(&u, 9, 0x80, 6, 0x303, 0x409, d, 255), 8);
    CU_ASSERT_EQUAL(memcmp(d, "\x08\x03" "a\0b\0c\0", 8), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 1, 11, 1, 1, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 9, 2, 3, 0, 0x82, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_in(&u, 9, 2, 512), PB_USB_STALL);
    ud_fini(&u);
}

static void data_crosses_a_reload(void)
{
    uint8_t f[700], got[800];

    plug(",port=1");
    CU_ASSERT_EQUAL(ud_configure(&u, 5, 1), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 5, 1, 11, 1, 1, NULL, 0), 0);
    for (uint32_t i = 0; i < sizeof f; i++)
        f[i] = (uint8_t)(i * 7);
    memcpy(f, "\x52\x54\x00\x12\x34\x56", 6);
    CU_ASSERT_EQUAL(ud_in(&u, 5, 2, 1536), UD_WAITS);
    pbt_reload(u.b); /* in mid-transfer */
    CU_ASSERT_EQUAL(pbt_net_inject(wire, f, sizeof f, 0), (int)sizeof f);
    pbt_settle(u.b);
    CU_ASSERT_EQUAL(ud_result(&u, 1536), (int)sizeof f);
    CU_ASSERT_EQUAL(memcmp(u.ram + (UD_BUF - UD_RAM), f, sizeof f), 0);
    pbt_net_full(wire, 1);
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, f, sizeof f), (int)sizeof f); /* one waits in the card */
    f[20] = 99;
    CU_ASSERT_EQUAL(ud_out(&u, 5, 2, f, sizeof f), UD_WAITS);
    pbt_reload(u.b);
    pbt_net_full(wire, 0);
    pbt_run_ns(u.b, 1000000);
    CU_ASSERT_EQUAL(ud_result(&u, 0), 0);
    CU_ASSERT_EQUAL(pbt_net_sent(wire), 2);
    pbt_net_take(wire, got, sizeof got, NULL);
    CU_ASSERT_EQUAL(pbt_net_take(wire, got, sizeof got, NULL), sizeof f);
    CU_ASSERT_EQUAL(memcmp(got, f, sizeof f), 0);
    ud_fini(&u);
}

static void refused(const char *port, const char *why)
{
    char text[64];

    snprintf(text, sizeof text, "port=%s", port);
    pb_dev *d = pbt_create(u.b, u.hc, 0, "usb-hub", "x", text);
    CU_ASSERT_TRUE(d && pbt_realize(d) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(u.b), why));
    if (!strstr(pbt_error(u.b), why))
        fprintf(stderr, "port=%s: %s\n", port, pbt_error(u.b));
    pbt_remove(d);
}

static void places(void)
{
    char path[32] = "1", name[8] = "h0";

    plug(",port=1");
    refused("1", "is in use");
    refused("2", "does not exist");
    refused("1.1", "is behind a hub that is not there");
    refused("x", "is not of the form");
    refused("1.", "is not of the form");
    refused("4294967297", "is not of the form");
    refused("1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1", "is not of the form");
    pbt_remove(pbt_find(u.b, "n"));
    for (uint32_t i = 0; i < 6; i++) { /* a root port and five hubs behind each other */
        char text[64];
        snprintf(text, sizeof text, "port=%s", path);
        name[1] = (char)('0' + i);
        pbt_add_child(u.hc, 0, "usb-hub", name, text);
        strcat(path, ".2");
    }
    refused(path, "behind more than five hubs");
    refused("1.9", "does not exist");
    CU_ASSERT_EQUAL(pbt_unplug(pbt_find(u.b, "h0")), PB_EBUSY);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_error(u.b), "remove what is plugged into the hub first"));
    pbt_add_child(u.hc, 0, "usb-hub", "free", NULL);
    ud_fini(&u);
}

static void memory_that_is_not(void)
{
    plug(",port=1");
    CU_ASSERT_EQUAL(ud_configure(&u, 5, 1), 0);
    ud_set(&u, HCINT, 0x7ff);
    ud_set(&u, HCTSIZ, 64 | 1 << 19 | 3u << 29);
    ud_set(&u, HCDMA, 0x10);
    ud_set(&u, HCCHAR, 64 | 5 << 22 | 1u << 31);
    CU_ASSERT_EQUAL(ud_get(&u, HCINT), 6); /* AHB error, halted */
    ud_fini(&u);
}

/* A hub comes by itself, so that there is room for a second device. */
static void behind_a_hub(void)
{
    uint8_t d[18], bits[4];

    plug("");
    CU_ASSERT_EQUAL(ud_configure(&u, 3, 1), 0); /* the hub that came by itself */
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0x23, 3, 8, 1, NULL, 0), 0);
    u.type = PB_USB_EP_INTERRUPT;
    u.packet = 2;
    CU_ASSERT_EQUAL(ud_in(&u, 3, 1, 2), 2);
    CU_ASSERT_EQUAL(u.ram[UD_BUF - UD_RAM], 2); /* port 1 changed */
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0x23, 1, 16, 1, NULL, 0), 0); /* it is told of no more */
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0x23, 3, 8, 4, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_in(&u, 3, 1, 2), UD_WAITS);
    pbt_reload(u.b); /* while it is polled */
    pbt_add_child(u.hc, 0, "usb-hub", "later", "port=1.4");
    pbt_settle(u.b);
    CU_ASSERT_EQUAL(ud_result(&u, 2), 2);
    CU_ASSERT_EQUAL(u.ram[UD_BUF - UD_RAM], 1 << 4);
    CU_ASSERT_EQUAL(ud_configure_below(&u, 3, 1, 4, 1), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0xa3, 0, 0, 1, bits, 4), 4);
    CU_ASSERT_EQUAL(memcmp(bits, "\x03\x05\x00\x00", 4), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 4, 0x80, 6, 0x100, 0, d, 18), 18);
    CU_ASSERT_EQUAL(d[8] | d[9] << 8, 0x0525);
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0x23, 1, 1, 1, NULL, 0), 0); /* disable the port */
    CU_ASSERT_EQUAL(ud_control(&u, 4, 0x80, 6, 0x100, 0, d, 18), PB_USB_SILENT);
    ud_fini(&u);
}

static const char *info(void)
{
    static char text[1000];
    const struct pb_info *i = pbt_provides(u.hc, PB_INFO);

    i->text(pbt_self(u.hc), text, sizeof text);
    return text;
}

/* A hub that came by itself and the two behind it come back where they were, after one before them
 * has gone. */
static void made_anew(void)
{
    char before[1000];

    plug("");
    pbt_net_new(u.b, "net1");
    pbt_add_child(u.hc, 0, "usb-net", "second", "netdev=net1");
    CU_ASSERT_EQUAL(ud_configure(&u, 3, 1), 0);
    CU_ASSERT_EQUAL(ud_control(&u, 3, 0x23, 3, 8, 2, NULL, 0), 0);
    CU_ASSERT_EQUAL(ud_configure_below(&u, 3, 2, 4, 1), 0);
    pbt_remove(pbt_find(u.b, "n"));
    strcpy(before, info());
    CU_ASSERT_PTR_NOT_NULL(strstr(before, "Device 0.3, Port 1,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(before, "Device 0.4, Port 1.2,"));
    pbt_reload(u.b);
    CU_ASSERT_STRING_EQUAL(info(), before);
    ud_fini(&u);
}

/* Before the guest's count of frames, modulo 2^14, is half a round further. */
static void a_poll_ends(void)
{
    plug("");
    CU_ASSERT_EQUAL(ud_configure(&u, 3, 1), 0);
    u.type = PB_USB_EP_INTERRUPT;
    u.packet = 2;
    CU_ASSERT_EQUAL(ud_in(&u, 3, 1, 2), UD_WAITS);
    pbt_run_ns(u.b, 400000000);
    CU_ASSERT_EQUAL(ud_get(&u, HCCHAR) >> 31, 1);
    pbt_run_ns(u.b, 200000000);
    CU_ASSERT_EQUAL(ud_get(&u, HCCHAR) >> 31, 0);
    CU_ASSERT_EQUAL(ud_get(&u, HCINT), 0x12); /* NAK, halted */
    ud_fini(&u);
}

static void frames_thin_out(void)
{
    uint64_t first, later;

    plug(",port=1");
    CU_ASSERT_EQUAL(ud_configure(&u, 5, 1), 0);
    uint32_t a = ud_get(&u, HFNUM) & 0x3fff;
    pbt_run_ns(u.b, 1000000);
    CU_ASSERT_EQUAL((ud_get(&u, HFNUM) & 0x3fff) - a, 8);
    CU_ASSERT_EQUAL(pbt_next_deadline(u.b), INT64_MAX); /* nobody hears of frames */
    ud_set(&u, GINTMSK, 1 << 3);
    first = pbt_rises(u.hc, "irq", 0);
    for (int i = 0; i < 8; i++) {
        pbt_run_ns(u.b, 125000);
        ud_set(&u, GINTSTS, 8);
    }
    CU_ASSERT_EQUAL(pbt_rises(u.hc, "irq", 0) - first, 8); /* each, while it may matter */
    for (int i = 0; i < 8000; i++) {
        pbt_run_ns(u.b, 125000);
        if (ud_get(&u, GINTSTS) & 8)
            ud_set(&u, GINTSTS, 8);
    }
    later = pbt_rises(u.hc, "irq", 0);
    CU_ASSERT_TRUE(later - first < 320);
    for (int i = 0; i < 8000; i++) {
        pbt_run_ns(u.b, 125000);
        if (ud_get(&u, GINTSTS) & 8)
            ud_set(&u, GINTSTS, 8);
    }
    CU_ASSERT_TRUE(pbt_rises(u.hc, "irq", 0) - later <= 95);
    CU_ASSERT_TRUE(pbt_rises(u.hc, "irq", 0) - later >= 80);
    if (ud_get(&u, GINTSTS) & 8)
        ud_set(&u, GINTSTS, 8);
    pbt_run_ns(u.b, 2500000);
    CU_ASSERT_EQUAL(ud_get(&u, GINTSTS) & 8, 0);
    CU_ASSERT_EQUAL(ud_get(&u, GINTMSK), 8); /* a driver that has a transfer looks */
    pbt_run_ns(u.b, 125000);
    CU_ASSERT_EQUAL(ud_get(&u, GINTSTS) & 8, 8);
    ud_fini(&u);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"the port finds and loses a device", port_finds_and_loses},
        {"requests of chapter 9", chapter_nine},
        {"requests cross reloads", requests_cross_reloads},
        {"data cross a reload", data_crosses_a_reload},
        {"places to plug in", places},
        {"memory that is not there", memory_that_is_not},
        {"behind a hub", behind_a_hub},
        {"made anew where they were", made_anew},
        {"a poll that finds nothing ends", a_poll_ends},
        {"frames thin out", frames_thin_out},
    };
    return SUITE_RUN("dwc2", tests);
}
