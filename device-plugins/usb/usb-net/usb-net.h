/* SPDX-License-Identifier: MIT */
/* usb-net.h - the parts of the USB network adapter. See usb-net.c. */
#ifndef USB_NET_H
#define USB_NET_H

#include <plugboard/backend.h>
#include <plugboard/usb.h>

#define CONFIG_ECM 1u
#define CONFIG_RNDIS 2u
#define EP_NOTIFY 1u
#define EP_DATA 2u

#define FRAME_MAX 1518u /* with a VLAN tag, without checksum */
#define HEAD_MAX 44u    /* RNDIS_PACKET_MSG before a frame */
#define QUEUE 32u
#define OUT_MAX 4096u
#define REPLY_MAX 512u

/* Packet filter, its bits as NDIS has them. */
enum { WANT_DIRECTED = 1, WANT_MULTICAST = 2, WANT_ALL_MULTICAST = 4, WANT_BROADCAST = 8,
       WANT_ALL = 32 };

struct slot { /* a frame for the guest, with what RNDIS puts before it */
    uint32_t len;
    uint8_t data[HEAD_MAX + FRAME_MAX];
};

struct net {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_svc_net *svc;
    const struct pb_svc_thread *thread;
    const struct pb_usb *usb;
    pb_usb_fn *fn;
    pb_net *wire;
    uint8_t mac[6];
    char mac_text[13];
    struct pb_usb_desc desc;
    const char *strings[5];
    /* saved */
    uint32_t config, up;   /* in use; the data interface carries frames */
    uint32_t filter;       /* WANT_* */
    uint32_t cable;        /* what was told of the link, and what it is */
    uint32_t notices;      /* to send on EP_NOTIFY, NOTICE_* */
    uint32_t initialized;  /* RNDIS_STATE */
    uint32_t first, n;     /* of the queue */
    uint32_t at;           /* bytes of its first that have gone */
    uint32_t choked;       /* the wire waits for room */
    struct slot queue[QUEUE];
    uint32_t out_len, out_whole, out_lost; /* a transfer from the guest; it is complete; too long */
    uint8_t out[OUT_MAX];
    uint32_t reply_len;
    uint8_t reply[REPLY_MAX]; /* RNDIS: answers that wait to be fetched, one after the other */
    uint32_t sent, received, dropped;
};

enum { NOTICE_LINK = 1, NOTICE_SPEED = 2, NOTICE_REPLY = 4 };

/* ---- usb-net.c ---- */
void net_notify(struct net *n, uint32_t notices);
void net_set_up(struct net *n, uint32_t up);
/* A frame of the guest's: 1, or 0: the wire takes no more now. */
int net_send(struct net *n, const uint8_t *frame, uint32_t len);

/* ---- describe.c ---- */
void net_describe(struct net *n);

/* ---- rndis.c ---- */
int rndis_command(struct net *n, const uint8_t *m, uint32_t len);
int rndis_reply(struct net *n, uint8_t *data, uint32_t len);
uint32_t rndis_head(uint8_t *head, uint32_t len); /* before a frame of `len`; its length */
/* The frame in a transfer: its length, 0 for none. */
uint32_t rndis_frame(const uint8_t *m, uint32_t len, const uint8_t **frame);
void rndis_reset(struct net *n);

static inline uint32_t le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void put32(uint8_t *p, uint32_t v)
{
    for (uint32_t i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

#endif
