/* SPDX-License-Identifier: MIT */
/* rndis.c - Remote NDIS: commands and answers, and the head before a frame. [MS-RNDIS] 2.2
 * (messages), 3.2 (a device); object identifiers as NDIS has them.
 *
 * Not modelled: object identifiers beyond the table, per-packet information, several frames in
 * one transfer (INITIALIZE says one).
 */
#include "usb-net.h"

#include <string.h>

enum { M_PACKET = 1, M_INITIALIZE, M_HALT, M_QUERY, M_SET, M_RESET, M_INDICATE, M_KEEPALIVE };
#define COMPLETE 0x80000000u
enum { ST_SUCCESS = 0 };
#define ST_NOT_SUPPORTED 0xc00000bbu
#define ST_INVALID_DATA 0xc0010015u
#define ST_MEDIA_CONNECT 0x4001000bu
#define ST_MEDIA_DISCONNECT 0x4001000cu

enum { O_SUPPORTED_LIST = 0x00010101, O_HARDWARE_STATUS, O_MEDIA_SUPPORTED, O_MEDIA_IN_USE,
       O_MAXIMUM_FRAME_SIZE = 0x00010106, O_LINK_SPEED, O_TRANSMIT_BLOCK_SIZE = 0x0001010a,
       O_RECEIVE_BLOCK_SIZE, O_VENDOR_ID, O_VENDOR_DESCRIPTION, O_CURRENT_PACKET_FILTER,
       O_MAXIMUM_TOTAL_SIZE = 0x00010111, O_MEDIA_CONNECT_STATUS = 0x00010114,
       O_VENDOR_DRIVER_VERSION = 0x00010116,
       O_PHYSICAL_MEDIUM = 0x00010202, O_XMIT_OK = 0x00020101, O_RCV_OK, O_XMIT_ERROR,
       O_RCV_ERROR, O_RCV_NO_BUFFER, O_PERMANENT_ADDRESS = 0x01010101, O_CURRENT_ADDRESS,
       O_MULTICAST_LIST, O_MAXIMUM_LIST_SIZE, O_RCV_ERROR_ALIGNMENT = 0x01020101,
       O_XMIT_ONE_COLLISION, O_XMIT_MORE_COLLISIONS };

static const uint32_t oids[] = {
    O_SUPPORTED_LIST, O_HARDWARE_STATUS, O_MEDIA_SUPPORTED, O_MEDIA_IN_USE,
    O_MAXIMUM_FRAME_SIZE, O_LINK_SPEED, O_TRANSMIT_BLOCK_SIZE, O_RECEIVE_BLOCK_SIZE,
    O_VENDOR_ID, O_VENDOR_DESCRIPTION, O_CURRENT_PACKET_FILTER, O_MAXIMUM_TOTAL_SIZE,
    O_MEDIA_CONNECT_STATUS, O_VENDOR_DRIVER_VERSION, O_PHYSICAL_MEDIUM, O_XMIT_OK, O_RCV_OK, O_XMIT_ERROR,
    O_RCV_ERROR, O_RCV_NO_BUFFER, O_PERMANENT_ADDRESS, O_CURRENT_ADDRESS, O_MULTICAST_LIST,
    O_MAXIMUM_LIST_SIZE, O_RCV_ERROR_ALIGNMENT, O_XMIT_ONE_COLLISION, O_XMIT_MORE_COLLISIONS,
};

void rndis_reset(struct net *n)
{
    n->initialized = n->reply_len = 0;
    n->filter = 0;
    net_set_up(n, 0);
}

/* ---- Answers: a queue that the host fetches from, 3.2.5 -------------------------------- */

static uint8_t *answer(struct net *n, uint32_t type, uint32_t len)
{
    uint8_t *m = n->reply + n->reply_len;

    if (len > REPLY_MAX - n->reply_len)
        return NULL; /* a host that does not fetch gets no more */
    memset(m, 0, len);
    put32(m, type);
    put32(m + 4, len);
    n->reply_len += len;
    net_notify(n, NOTICE_REPLY);
    return m;
}

int rndis_reply(struct net *n, uint8_t *data, uint32_t len)
{
    uint32_t first = n->reply_len ? le32(n->reply + 4) : 0, k = first < len ? first : len;

    if (!first) { /* nothing is there: one zero, as devices do */
        if (len)
            data[0] = 0;
        return len ? 1 : 0;
    }
    memcpy(data, n->reply, k);
    n->reply_len -= first;
    memmove(n->reply, n->reply + first, n->reply_len);
    if (n->reply_len)
        net_notify(n, NOTICE_REPLY);
    return (int)k;
}

/* ---- Object identifiers ------------------------------------------------------------------ */

static uint32_t number(const struct net *n, uint32_t oid)
{
    switch (oid) {
    case O_MAXIMUM_FRAME_SIZE:
        return 1500;
    case O_LINK_SPEED: /* in 100 bit/s */
        return n->usb->speed(n->fn) == PB_USB_HIGH ? 4800000 : 120000;
    case O_TRANSMIT_BLOCK_SIZE:
    case O_RECEIVE_BLOCK_SIZE:
        return FRAME_MAX;
    case O_VENDOR_ID:
        return 0xffffff; /* none */
    case O_CURRENT_PACKET_FILTER:
        return n->filter;
    case O_MAXIMUM_TOTAL_SIZE:
        return HEAD_MAX + FRAME_MAX;
    case O_MEDIA_CONNECT_STATUS:
        return !n->cable;
    case O_VENDOR_DRIVER_VERSION:
    case O_MAXIMUM_LIST_SIZE:
        return 1;
    case O_XMIT_OK:
        return n->sent;
    case O_RCV_OK:
        return n->received;
    case O_RCV_NO_BUFFER:
        return n->dropped;
    default: /* hardware ready, 802.3, medium unspecified, no errors */
        return 0;
    }
}

/* The value into v[REPLY_MAX / 2]; its length, 0: not known. */
static uint32_t value(const struct net *n, uint32_t oid, uint8_t *v)
{
    static const char vendor[] = "Plugboard";
    uint32_t i = 0;

    while (i < sizeof oids / sizeof *oids && oids[i] != oid)
        i++;
    if (i == sizeof oids / sizeof *oids)
        return 0;
    switch (oid) {
    case O_SUPPORTED_LIST:
        for (i = 0; i < sizeof oids / sizeof *oids; i++)
            put32(v + 4 * i, oids[i]);
        return sizeof oids;
    case O_VENDOR_DESCRIPTION:
        memcpy(v, vendor, sizeof vendor);
        return sizeof vendor;
    case O_PERMANENT_ADDRESS:
    case O_CURRENT_ADDRESS:
        memcpy(v, n->mac, 6);
        return 6;
    case O_MULTICAST_LIST:
        memset(v, 0, 6);
        v[0] = 0xe0; /* as gadgets do: a host asks, and needs some answer */
        return 6;
    default:
        put32(v, number(n, oid));
        return 4;
    }
}

static void query(struct net *n, const uint8_t *m)
{
    uint8_t v[REPLY_MAX / 2];
    uint32_t len = value(n, le32(m + 12), v);
    uint8_t *a = answer(n, M_QUERY | COMPLETE, 24 + len);

    if (!a)
        return;
    put32(a + 8, le32(m + 8));
    put32(a + 12, len ? ST_SUCCESS : ST_NOT_SUPPORTED);
    put32(a + 16, len);
    put32(a + 20, len ? 16 : 0); /* from the request ID on */
    memcpy(a + 24, v, len);
}

static uint32_t set(struct net *n, const uint8_t *m, uint32_t len)
{
    uint32_t oid = le32(m + 12), bytes = le32(m + 16), at = le32(m + 20);

    if (at > len - 8 || bytes > len - 8 - at)
        return ST_INVALID_DATA;
    if (oid == O_MULTICAST_LIST)
        return ST_SUCCESS; /* the filter lets all multicast frames through */
    if (oid != O_CURRENT_PACKET_FILTER)
        return ST_NOT_SUPPORTED;
    if (bytes < 4)
        return ST_INVALID_DATA;
    n->filter = le32(m + 8 + at);
    net_set_up(n, n->initialized && n->filter);
    return ST_SUCCESS;
}

/* ---- Commands ---------------------------------------------------------------------------- */

static void initialize(struct net *n, const uint8_t *m)
{
    uint8_t *a = answer(n, M_INITIALIZE | COMPLETE, 52);

    if (!a)
        return;
    n->initialized = 1;
    put32(a + 8, le32(m + 8));
    put32(a + 16, 1); /* version 1.0 */
    put32(a + 24, 1); /* connectionless */
    put32(a + 32, 1); /* one packet a transfer */
    put32(a + 36, HEAD_MAX + FRAME_MAX);
}

/* [MS-RNDIS] 2.2.3 and on. A broken message is stalled. */
int rndis_command(struct net *n, const uint8_t *m, uint32_t len)
{
    static const uint8_t least[] = {[M_INITIALIZE] = 24, [M_HALT] = 12, [M_QUERY] = 28,
                                    [M_SET] = 28, [M_RESET] = 12, [M_KEEPALIVE] = 12};
    uint32_t type = len >= 8 ? le32(m) : 0, result;
    uint8_t *a;

    if (type >= sizeof least || !least[type] || len < least[type] || le32(m + 4) > len)
        return PB_USB_STALL;
    switch (type) {
    case M_INITIALIZE:
        initialize(n, m);
        break;
    case M_HALT:
        rndis_reset(n);
        break;
    case M_QUERY:
        query(n, m);
        break;
    case M_SET:
        result = set(n, m, len);
        if ((a = answer(n, M_SET | COMPLETE, 16))) {
            put32(a + 8, le32(m + 8));
            put32(a + 12, result);
        }
        break;
    case M_RESET:
        n->reply_len = 0;
        if ((a = answer(n, M_RESET | COMPLETE, 16)))
            put32(a + 12, 1); /* the filter must be set again */
        n->filter = 0;
        net_set_up(n, 0);
        break;
    default: /* M_KEEPALIVE */
        if ((a = answer(n, M_KEEPALIVE | COMPLETE, 16)))
            put32(a + 8, le32(m + 8));
    }
    return 0;
}

/* ---- Data, 2.2.14 ------------------------------------------------------------------------ */

uint32_t rndis_head(uint8_t *head, uint32_t len)
{
    memset(head, 0, HEAD_MAX);
    put32(head, M_PACKET);
    put32(head + 4, HEAD_MAX + len);
    put32(head + 8, HEAD_MAX - 8); /* from this field on */
    put32(head + 12, len);
    return HEAD_MAX;
}

uint32_t rndis_frame(const uint8_t *m, uint32_t len, const uint8_t **frame)
{
    if (len < HEAD_MAX || le32(m) != M_PACKET || le32(m + 4) > len)
        return 0;
    uint32_t at = le32(m + 8), bytes = le32(m + 12);
    if (at > len - 8 || bytes > len - 8 - at)
        return 0;
    *frame = m + 8 + at;
    return bytes;
}
