/* SPDX-License-Identifier: MIT */
/* guest.h - a very small guest on a network node: Ethernet, ARP, IPv4, UDP, DHCP, and one
 * TCP connection at a time, just enough to talk to a NAT (RFC 826, 791, 768, 2131, 793). */
#ifndef GUEST_H
#define GUEST_H

#include "host.h"

struct guest {
    struct bk_dev *d;
    pthread_mutex_t domain; /* held while it sends and while it receives */
    GAsyncQueue *rx; /* GBytes */
    gint full, refused; /* atomic: take nothing; frames turned away */
    uint32_t pushed;     /* atomic */
    uint32_t ip, router, dns;
    char hostname[64];
    uint8_t peer[6];
    /* the connection */
    uint32_t rip, snd, rcv;
    uint16_t lport, rport;
    gboolean up, fin, rst;
    GByteArray *in;
};

struct guest *guest_new(const char *node);
void guest_free(struct guest *g);
gboolean guest_dhcp(struct guest *g, int ms);
gboolean guest_arp(struct guest *g, uint32_t ip, int ms); /* peer[] is then set */
void guest_udp(struct guest *g, uint32_t to, uint16_t sport, uint16_t dport, const void *data,
               uint32_t n);
/* The next UDP payload for `port`; its length or -1. */
int guest_udp_wait(struct guest *g, uint16_t port, uint8_t *out, uint32_t room, int ms);
gboolean guest_connect(struct guest *g, uint32_t ip, uint16_t port, int ms);
gboolean guest_listen(struct guest *g, uint16_t port, int ms); /* until someone connected */
gboolean guest_send(struct guest *g, const void *data, uint32_t n, int ms);
gboolean guest_wait(struct guest *g, uint32_t n, int ms); /* until in has n bytes, or FIN */
void guest_step(struct guest *g, int ms);                 /* handle what comes */

#endif
