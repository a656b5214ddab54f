/* SPDX-License-Identifier: MIT */
/* tx.c - transmit of the 8254x. Intel 317453: 3.3 (descriptors), 3.4 (ring), 3.5 (TCP
 * segmentation), 3.6 (checksums), 9.3 (VLAN).
 *
 * A packet's pieces are copied together; when its last descriptor has come the packet is
 * offered to the wire, as frames when it is to be segmented. A wire that takes no more
 * stops the ring until it does.
 */
#include "e1000.h"

#include <string.h>

/* Bits of the descriptor's dwords 2 and 3. */
enum { CMD_EOP = 1 << 24, CMD_IC = 1 << 26, CMD_RS = 1 << 27, CMD_RPS = 1 << 28,
       CMD_DEXT = 1 << 29, CMD_VLE = 1 << 30 };
#define CMD_TSE CMD_IC
#define CMD_IDE (1u << 31)
#define POPTS_IXSM 1u
#define POPTS_TXSM 2u
#define TU_TCP 1u
#define TU_IP 2u

uint16_t sum16(const uint8_t *p, uint32_t n, uint32_t start)
{
    uint64_t s = start;

    for (; n >= 2; n -= 2, p += 2)
        s += be16(p);
    if (n)
        s += (uint32_t)*p << 8;
    while (s >> 16)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)s;
}

/* Sum [css, end] of the frame into `cso`. */
static void insert_sum(uint8_t *f, uint32_t len, uint32_t css, uint32_t cso, uint32_t cse)
{
    uint32_t end = cse && cse + 1 < len ? cse + 1 : len;

    if (css < end && cso + 2 <= len)
        set16(f + cso, (uint16_t)~sum16(f + css, end - css, 0));
}

/* ---- To the wire ------------------------------------------------------------------------- */

static void counted(struct e1000 *e, const uint8_t *f, uint32_t len)
{
    count(e, S_TPT);
    count(e, S_GPTC);
    count64(e, S_TOTL, len + 4);
    count64(e, S_GOTCL, len + 4);
    count_size(e, S_PTC64, len + 4);
    if (f[0] & 1)
        count(e, memcmp(f, "\xff\xff\xff\xff\xff\xff", 6) ? S_MPTC : S_BPTC);
}

/* One frame, tagged and padded. 0: the wire takes no more. */
static int send_frame(struct e1000 *e, const uint8_t *f, uint32_t len)
{
    static const uint8_t zero[60];
    uint8_t tag[4];
    struct pb_iov v[4];
    uint32_t n = 0, total = len;

    if (len < 14 || len > FRAME_MAX)
        return 1; /* no frame at all */
    if (e->tx_vlan && (e->CTRL & CTRL_VME)) {
        set16(tag, e->VET);
        set16(tag + 2, e->tx_tag);
        v[n++] = (struct pb_iov){(void *)(uintptr_t)f, 12};
        v[n++] = (struct pb_iov){tag, 4};
        v[n++] = (struct pb_iov){(void *)(uintptr_t)(f + 12), len - 12};
        total += 4;
    } else {
        v[n++] = (struct pb_iov){(void *)(uintptr_t)f, len};
    }
    if (total < 60 && (e->TCTL & 8)) { /* pad short packets */
        v[n++] = (struct pb_iov){(void *)(uintptr_t)zero, 60 - total};
        total = 60;
    }
    if (!(e->STATUS & STATUS_LU))
        return 1; /* lost on the way */
    if (e->net->to_wire(e->wire, v, n, 0) == PB_EAGAIN)
        return 0;
    counted(e, f, total);
    return 1;
}

/* Headers of segment `k`, which carries `n` bytes of payload from `at`. 3.5.7 to 3.5.9 */
static void fix_headers(struct e1000 *e, const struct context *c, uint32_t at, uint32_t n)
{
    uint8_t *f = e->out;
    uint32_t len = c->hdrlen + n, k = c->mss ? at / c->mss : 0, last = at + n >= c->paylen;
    uint32_t l4 = len > c->tucss ? len - c->tucss : 0;

    if ((c->tucmd & TU_IP) && c->ipcss + 20u <= c->hdrlen) {
        set16(f + c->ipcss + 2, len - c->ipcss);
        set16(f + c->ipcss + 4, be16(f + c->ipcss + 4) + k);
    } else if (c->ipcss + 40u <= c->hdrlen) {
        set16(f + c->ipcss + 4, len - c->ipcss - 40);
    }
    if ((c->tucmd & TU_TCP) && c->tucss + 20u <= c->hdrlen) {
        uint8_t *t = f + c->tucss;
        uint32_t seq = (be16(t + 4) << 16 | be16(t + 6)) + at;
        set16(t + 4, seq >> 16);
        set16(t + 6, seq);
        if (!last)
            t[13] &= (uint8_t)~0x09; /* FIN, PSH */
    } else if (c->tucss + 8u <= c->hdrlen) {
        set16(f + c->tucss + 4, l4);
    }
    /* software left the pseudo header's sum there, without the length */
    if ((e->tx_popts & POPTS_TXSM) && c->tucso + 2u <= c->hdrlen) {
        set16(f + c->tucso, sum16(f + c->tucso, 2, l4));
        insert_sum(f, len, c->tucss, c->tucso, c->tucse);
    }
    if (e->tx_popts & POPTS_IXSM) {
        if (c->ipcso + 2u <= len)
            set16(f + c->ipcso, 0);
        insert_sum(f, len, c->ipcss, c->ipcso, c->ipcse);
    }
}

/* The rest of a packet that is to be segmented. 0: the wire takes no more. */
static int send_segments(struct e1000 *e)
{
    const struct context *c = &e->ctx[1];
    uint32_t payload = e->tx_len - c->hdrlen;

    while (e->tx_at < payload) {
        uint32_t n = payload - e->tx_at < c->mss ? payload - e->tx_at : c->mss;
        memcpy(e->out, e->data, c->hdrlen);
        memcpy(e->out + c->hdrlen, e->data + c->hdrlen + e->tx_at, n);
        fix_headers(e, c, e->tx_at, n);
        if (!send_frame(e, e->out, c->hdrlen + n))
            return 0;
        e->tx_at += n;
    }
    count(e, S_TSCTC);
    return 1;
}

/* The whole packet is in e->data. 0: the wire takes no more; come again. */
static int send_packet(struct e1000 *e)
{
    const struct context *c = &e->ctx[0];

    if (!e->tx_ready)
        return 1;
    if (e->tx_tse) {
        if (!send_segments(e))
            return 0;
    } else {
        if (e->tx_first) { /* sums are put in once, however often the frame is offered */
            e->tx_first = 0;
            if (e->tx_popts & POPTS_TXSM)
                insert_sum(e->data, e->tx_len, c->tucss, c->tucso, c->tucse);
            if (e->tx_popts & POPTS_IXSM)
                insert_sum(e->data, e->tx_len, c->ipcss, c->ipcso, c->ipcse);
            if (e->tx_sum)
                insert_sum(e->data, e->tx_len, e->tx_css, e->tx_cso, 0);
        }
        if (!send_frame(e, e->data, e->tx_len))
            return 0;
    }
    e->tx_ready = e->tx_len = e->tx_at = 0;
    return 1;
}

/* ---- Descriptors ------------------------------------------------------------------------- */

static void context(struct e1000 *e, const uint8_t *d)
{
    uint32_t cmd = le32(d + 8);
    struct context *c = &e->ctx[!!(cmd & CMD_TSE)];

    *c = (struct context){.ipcss = d[0], .ipcso = d[1], .ipcse = (uint16_t)(d[2] | d[3] << 8),
                          .tucss = d[4], .tucso = d[5], .tucse = (uint16_t)(d[6] | d[7] << 8),
                          .hdrlen = d[13], .mss = (uint16_t)(d[14] | d[15] << 8),
                          .tucmd = (uint8_t)(cmd >> 24), .paylen = cmd & 0xfffff};
}

static void take_data(struct e1000 *e, uint64_t addr, uint32_t len)
{
    if (e->tx_bad || len == 0)
        return;
    if (len > TX_BYTES - e->tx_len || e->mem->read(e->as, addr, e->data + e->tx_len, len) < 0) {
        e->tx_bad = 1;
        if (e->h->log_on[PB_LOG_GUEST])
            e->h->log(e->h, e->dev, PB_LOG_GUEST, "e1000: a packet that is too long, or not in "
                      "memory, is dropped");
        return;
    }
    e->tx_len += len;
}

static void end_packet(struct e1000 *e)
{
    const struct context *c = &e->ctx[1];

    if (e->tx_tse && (c->mss == 0 || e->tx_len <= c->hdrlen || c->hdrlen < 14))
        e->tx_bad = 1; /* nothing to cut, or nothing to cut it by */
    e->tx_ready = !e->tx_bad && e->tx_len;
    e->tx_at = e->tx_bad = 0;
    e->tx_first = 1;
    if (!e->tx_ready)
        e->tx_len = 0;
}

static void descriptor(struct e1000 *e, const uint8_t *d)
{
    uint32_t cmd = le32(d + 8), upper = le32(d + 12), extended = cmd & CMD_DEXT;

    if (extended && (cmd >> 20 & 15) == 0) {
        context(e, d);
        return;
    }
    if (e->tx_len == 0 && !e->tx_bad) { /* the first says how it is to be treated */
        e->tx_tse = extended && (cmd & CMD_TSE);
        e->tx_popts = extended ? upper >> 8 & 3 : 0;
        e->tx_sum = 0;
        e->tx_vlan = 0;
    }
    take_data(e, le64(d), extended ? cmd & 0xfffff : cmd & 0xffff);
    if (!extended && (cmd & CMD_IC)) {
        e->tx_sum = 1;
        e->tx_cso = cmd >> 16 & 0xff;
        e->tx_css = upper >> 8 & 0xff;
    }
    if (!(cmd & CMD_EOP))
        return;
    e->tx_vlan = !!(cmd & CMD_VLE);
    e->tx_tag = upper >> 16;
    end_packet(e);
}

/* 13.4.41, 13.4.45: TXDW waits TIDV after the last, TADV after the first; 1.024 us each. */
static void delayed(struct e1000 *e)
{
    int64_t now = e->time->now(e->h, PB_CLK_VIRTUAL), at = now + e->TIDV * 1024ll;

    if (!e->TIDV) {
        set_cause(e, ICR_TXDW);
        return;
    }
    if (e->tx_by == INT64_MAX && e->TADV)
        e->tx_by = now + e->TADV * 1024ll;
    e->time->arm(e->tx_timer, at < e->tx_by ? at : e->tx_by);
}

void tx_expired(void *self)
{
    struct e1000 *e = self;

    e->tx_by = INT64_MAX;
    set_cause(e, ICR_TXDW);
}

static void write_back(struct e1000 *e, uint64_t at, const uint8_t *d)
{
    uint32_t cmd = le32(d + 8);
    uint8_t status[4];

    if (!(cmd & (CMD_RS | CMD_RPS)))
        return;
    put_le(status, le32(d + 12) | 1, 4); /* done */
    e->mem->write(e->as, at + 12, status, 4);
    if (cmd & CMD_IDE)
        delayed(e);
    else
        set_cause(e, ICR_TXDW);
}

void transmit(struct e1000 *e)
{
    uint32_t n = e->TDLEN / 16, left = n;

    if (!send_packet(e))
        return;
    while ((e->TCTL & TCTL_EN) && n && e->TDH < n && e->TDH != e->TDT && left--) {
        uint64_t at = (e->TDBAL | (uint64_t)e->TDBAH << 32) + 16ull * e->TDH;
        uint8_t d[16];
        if (e->mem->read(e->as, at, d, 16) < 0) {
            if (e->h->log_on[PB_LOG_GUEST])
                e->h->log(e->h, e->dev, PB_LOG_GUEST, "e1000: the transmit ring is not in memory");
            return;
        }
        descriptor(e, d);
        write_back(e, at, d);
        e->TDH = e->TDH + 1 == n ? 0 : e->TDH + 1;
        if (e->TDH == e->TDT)
            set_cause(e, ICR_TXQE);
        if (!send_packet(e))
            return;
    }
}

void transmit_reset(struct e1000 *e)
{
    memset(e->ctx, 0, sizeof e->ctx);
    e->tx_len = e->tx_ready = e->tx_at = e->tx_bad = e->tx_first = 0;
    e->tx_sum = e->tx_popts = e->tx_tse = e->tx_vlan = e->tx_tag = e->tx_css = e->tx_cso = 0;
}
