/* SPDX-License-Identifier: MIT */
/* offload.c - what the driver leaves to the device of a frame that it sends: the checksum of TCP or
 * UDP, and cutting one large TCP segment into those that the wire takes.
 * VIRTIO 1.2, 5.1.6.2; RFC 791, 793, 8200; checksums: RFC 1071.
 *
 * Headers are read once, into memory of our own: the guest may change them at any time. Segments
 * go to the wire one by one; where it has no room, the pair remembers how far it came. That is not
 * saved: in a loaded state the frame goes out from its start, and TCP drops what it has.
 */
#include "virtio-net.h"

#include <string.h>

/* struct virtio_net_hdr, 5.1.6 */
#define NEEDS_CSUM 1u
#define GSO_TCPV4 1u
#define GSO_TCPV6 4u
#define GSO_ECN 0x80u
enum { H_FLAGS, H_GSO_TYPE, H_HDR_LEN, H_GSO_SIZE = 4, H_CSUM_START = 6, H_CSUM_OFFSET = 8 };

#define TCP_FIN 0x01u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

/* ---- Bytes ------------------------------------------------------------------------------ */

static uint32_t le16(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static uint32_t be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

/* In the host's byte order, which this sum may have as long as it keeps it. */
static uint64_t add_up(uint64_t sum, const uint8_t *p, uint32_t n)
{
    uint32_t w;

    for (; n >= sizeof w; p += sizeof w, n -= (uint32_t)sizeof w) {
        memcpy(&w, p, sizeof w);
        sum += w;
    }
    w = 0;
    memcpy(&w, p, n);
    return sum + w;
}

static void put_checksum(uint8_t *p, uint64_t sum)
{
    uint16_t v;

    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    v = (uint16_t)~sum;
    memcpy(p, &v, sizeof v);
}

/* ---- Checksums -------------------------------------------------------------------------- */

/* The field has the pseudo header's sum. Zero is how UDP says that there is none. */
static int checksum(struct net *n, struct pair *p, struct source *s, uint32_t bytes,
                    const uint8_t *h)
{
    uint32_t start = le16(h + H_CSUM_START), at = start + le16(h + H_CSUM_OFFSET);
    struct pb_iov v = {p->out, bytes};

    if (start > bytes || at + 2 > bytes)
        return 0;
    copy_out(s, p->out, bytes);
    put_checksum(p->out + at, add_up(0, p->out + start, bytes - start));
    if (!p->out[at] && !p->out[at + 1])
        put16(p->out + at, 0xffff);
    return n->svc->to_wire(n->wire, &v, 1, 0);
}

/* ---- Segments --------------------------------------------------------------------------- */

#define HEAD_MAX 192u

struct tcp {
    uint8_t head[HEAD_MAX];
    uint32_t len, ip, tcp; /* of the headers; where IP's and TCP's are */
    uint32_t v6, mss;
};

/* 0: it is none that can be cut. `have` bytes of it are there. */
static int parse(struct tcp *t, uint32_t have, const uint8_t *h)
{
    const uint8_t *f = t->head;
    uint32_t type = h[H_GSO_TYPE] & ~GSO_ECN;

    t->v6 = type == GSO_TCPV6;
    t->mss = le16(h + H_GSO_SIZE);
    t->tcp = le16(h + H_CSUM_START);
    t->ip = have > 14 && be16(f + 12) == 0x8100 ? 18 : 14;
    if ((type != GSO_TCPV4 && !t->v6) || !(h[H_FLAGS] & NEEDS_CSUM) || !t->mss ||
        t->tcp < t->ip + (t->v6 ? 40 : 20) || t->tcp + 20 > have)
        return 0;
    if (f[t->ip] >> 4 != (t->v6 ? 6 : 4))
        return 0;
    if (!t->v6 && (t->tcp != t->ip + (f[t->ip] & 15u) * 4 || f[t->ip + 9] != 6))
        return 0;
    t->len = t->tcp + (f[t->tcp + 12] >> 4) * 4u;
    return t->len >= t->tcp + 20 && t->len <= have;
}

/* The headers of the segment `f` with `k` bytes of payload from `at` on. */
static void finish(const struct tcp *t, uint8_t *f, uint32_t at, uint32_t k, int last)
{
    uint8_t *ip = f + t->ip, *tcp = f + t->tcp, pseudo[4] = {0, 6};
    uint32_t len = t->len - t->tcp + k;
    uint64_t sum;

    put16(pseudo + 2, len);
    sum = add_up(0, pseudo, sizeof pseudo);
    if (t->v6) {
        put16(ip + 4, t->len + k - t->ip - 40);
        sum = add_up(sum, ip + 8, 32);
    } else {
        put16(ip + 2, t->len + k - t->ip);
        put16(ip + 4, be16(ip + 4) + at / t->mss);
        put16(ip + 10, 0);
        put_checksum(ip + 10, add_up(0, ip, t->tcp - t->ip));
        sum = add_up(sum, ip + 12, 8);
    }
    put32(tcp + 4, (be16(tcp + 4) << 16 | be16(tcp + 6)) + at);
    if (!last)
        tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
    if (at)
        tcp[13] &= (uint8_t)~TCP_CWR;
    put16(tcp + 16, 0);
    put_checksum(tcp + 16, add_up(sum, tcp, len));
}

/* Payload of the segments: the driver's MSS, or as many of that as the wire takes at once. */
static uint32_t step_of(struct net *n, const struct tcp *t)
{
    uint32_t most = PB_HAS(struct pb_svc_net, n->svc, largest) ? n->svc->largest(n->wire) : 0;

    if (most > 65535 + t->ip)
        most = 65535 + t->ip;
    return most > t->len + t->mss ? (most - t->len) / t->mss * t->mss : t->mss;
}

static int segments(struct net *n, struct pair *p, struct source *s, uint32_t bytes,
                    const uint8_t *h)
{
    struct source head = *s;
    struct tcp t;
    uint32_t all, step, k;

    if (!parse(&t, copy_out(&head, t.head, bytes < HEAD_MAX ? bytes : HEAD_MAX), h))
        return 0;
    all = bytes - t.len;
    step = step_of(n, &t);
    if (t.len - t.ip + (all < step ? all : step) > 65535)
        return 0;
    if (p->sent >= all) /* the guest changed what is under way */
        p->sent = 0;
    copy_out(s, p->out, t.len + p->sent);
    do {
        k = all - p->sent < step ? all - p->sent : step;
        struct pb_iov v = {p->out, t.len + k};
        memcpy(p->out, t.head, t.len);
        copy_out(s, p->out + t.len, k);
        finish(&t, p->out, p->sent, k, p->sent + k == all);
        if (n->svc->to_wire(n->wire, &v, 1, 0) == PB_EAGAIN)
            return PB_EAGAIN;
        p->sent += k;
    } while (p->sent < all);
    return (int)bytes;
}

int offload(struct net *n, struct pair *p, const struct pb_iov *v, uint32_t cnt, uint32_t bytes,
            const uint8_t *h)
{
    struct source s = {.v = v, .n = cnt};
    uint64_t f = p->out ? n->features : 0; /* a loaded state may have what is not offered */

    if (f & (F_HOST_TSO4 | F_HOST_TSO6) && h[H_GSO_TYPE])
        return segments(n, p, &s, bytes, h);
    if (f & F_CSUM && h[H_FLAGS] & NEEDS_CSUM)
        return checksum(n, p, &s, bytes, h);
    return n->svc->to_wire(n->wire, v, cnt, 0);
}
