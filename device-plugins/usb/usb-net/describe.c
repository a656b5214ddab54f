/* SPDX-License-Identifier: MIT */
/* describe.c - descriptors of the network adapter: CDC 1.2, 5.2.3 (functional descriptors);
 * CDC-ECM 1.2, 3.3 and 5.4; RNDIS: [MS-RNDIS], and the interface that Windows' driver binds to. */
#include "usb-net.h"

#include <string.h>

enum { S_MANUFACTURER = 1, S_PRODUCT, S_SERIAL, S_MAC, S_N };

static const uint8_t ecm_functions[] = {
    5, 0x24, 0x00, 0x10, 0x01,               /* header: CDC 1.10 */
    5, 0x24, 0x06, 0, 1,                     /* union of interfaces 0 and 1 */
    13, 0x24, 0x0f, S_MAC, 0, 0, 0, 0, 0xea, 0x05, 0, 0, 0, /* Ethernet: segments of 1514 */
};
static const uint8_t rndis_functions[] = {
    5, 0x24, 0x00, 0x10, 0x01, /* header */
    5, 0x24, 0x01, 0x00, 1,    /* call management: none */
    4, 0x24, 0x02, 0x00,       /* ACM: no capabilities */
    5, 0x24, 0x06, 0, 1,       /* union */
};

static const struct pb_usb_ep notify[] = {
    {.address = EP_NOTIFY | PB_USB_IN, .attributes = PB_USB_EP_INTERRUPT, .packet = 16,
     .packet_high = 16, .interval = 32, .interval_high = 9}};
static const struct pb_usb_ep data[] = {
    {.address = EP_DATA | PB_USB_IN, .attributes = PB_USB_EP_BULK, .packet = 64,
     .packet_high = 512},
    {.address = EP_DATA, .attributes = PB_USB_EP_BULK, .packet = 64, .packet_high = 512}};

static const struct pb_usb_interface ecm[] = {
    {.number = 0, .cls = 2, .subclass = 6, .n_ep = 1, .ep = notify, .extra = ecm_functions,
     .n_extra = sizeof ecm_functions},
    {.number = 1, .alternate = 0, .cls = 10}, /* CDC-ECM 3.3: no endpoints, no frames */
    {.number = 1, .alternate = 1, .cls = 10, .n_ep = 2, .ep = data}};
static const struct pb_usb_interface rndis[] = {
    {.number = 0, .cls = 2, .subclass = 2, .protocol = 0xff, .n_ep = 1, .ep = notify,
     .extra = rndis_functions, .n_extra = sizeof rndis_functions},
    {.number = 1, .cls = 10, .n_ep = 2, .ep = data}};

static const struct pb_usb_config configs[] = {
    {.value = CONFIG_RNDIS, .attributes = 0x40, .power = 50, .n_interfaces = 2,
     .interface = rndis},
    {.value = CONFIG_ECM, .attributes = 0x40, .power = 50, .n_interfaces = 3, .interface = ecm}};

void net_describe(struct net *n)
{
    static const char hex[] = "0123456789ABCDEF";

    for (uint32_t i = 0; i < 6; i++) {
        n->mac_text[2 * i] = hex[n->mac[i] >> 4];
        n->mac_text[2 * i + 1] = hex[n->mac[i] & 15];
    }
    n->strings[S_MANUFACTURER - 1] = "Plugboard";
    n->strings[S_PRODUCT - 1] = "USB network adapter";
    n->strings[S_SERIAL - 1] = "1";
    n->strings[S_MAC - 1] = n->mac_text;
    n->desc = (struct pb_usb_desc){
        .size = sizeof n->desc, .vendor = 0x0525, .product = 0xa4a2, .release = 0x0100,
        .usb = 0x0200, .cls = 2, .packet0 = 64, .manufacturer = S_MANUFACTURER,
        .product_name = S_PRODUCT, .serial = S_SERIAL, .n_configs = 2, .n_strings = S_N - 1,
        .config = configs, .string = n->strings};
}
