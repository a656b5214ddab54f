/* SPDX-License-Identifier: MIT */
/* rx.c - receive of the 8254x. Intel 317453: 3.2 (filtering, descriptors, interrupts, checksums),
 * 9.3 (VLAN), 13.4.22 (RCTL), 13.5 (filter tables).
 * Not modelled: flow control frames are frames like others; packet split; wake-up.
 */
#include "e1000.h"

#include <string.h>

enum { RCTL_SBP = 1 << 2, RCTL_UPE = 1 << 3, RCTL_MPE = 1 << 4, RCTL_LPE = 1 << 5,
       RCTL_BAM = 1 << 15, RCTL_VFE = 1 << 18, RCTL_BSEX = 1 << 25, RCTL_SECRC = 1 << 26 };
/* Descriptor status and errors, 3.2.3. */
enum { ST_DD = 0x01, ST_EOP = 0x02, ST_IXSM = 0x04, ST_VP = 0x08, ST_TCPCS = 0x20, ST_IPCS = 0x40,
       ST_PIF = 0x80, ER_TCPE = 0x20, ER_IPE = 0x40 };

/* ---- Does the guest want it? 3.2.1 ------------------------------------------------------- */

static int exact(const struct e1000 *e, const uint8_t *mac)
{
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t lo = e->RA[2 * i], hi = e->RA[2 * i + 1];
        if ((hi & 0x80000000u) && le32(mac) == lo && mac[4] == (hi & 0xff) &&
            mac[5] == (hi >> 8 & 0xff))
            return 1;
    }
    return 0;
}

/* Twelve bits of the address, by RCTL.MO, are an index of 4096 bits. */
static int hashed(const struct e1000 *e, const uint8_t *mac)
{
    static const uint8_t shift[] = {4, 3, 2, 0};
    uint32_t h = ((uint32_t)mac[5] << 8 | mac[4]) >> shift[e->RCTL >> 12 & 3] & 0xfff;

    return e->MTA[h >> 5] >> (h & 31) & 1;
}

static int tagged(const struct e1000 *e, const uint8_t *f, uint32_t len)
{
    return len >= 18 && be16(f + 12) == e->VET;
}

/* 0: no; else which status bit says how it was found. */
static int wanted(const struct e1000 *e, const uint8_t *f, uint32_t len, uint8_t *status)
{
    uint32_t tag = len >= 16 ? be16(f + 14) & 0xfff : 0;

    if (len > 1518 + (tagged(e, f, len) ? 4 : 0) - 4 && !(e->RCTL & RCTL_LPE))
        return 0;
    if ((e->RCTL & RCTL_VFE) && tagged(e, f, len) && !(e->VFTA[tag >> 5] >> (tag & 31) & 1))
        return 0;
    if (exact(e, f))
        return 1;
    if (!(f[0] & 1))
        return !!(e->RCTL & RCTL_UPE);
    if (memcmp(f, "\xff\xff\xff\xff\xff\xff", 6) == 0 && (e->RCTL & RCTL_BAM))
        return 1;
    *status |= hashed(e, f) ? ST_PIF : 0;
    return (e->RCTL & RCTL_MPE) || (*status & ST_PIF);
}

/* ---- Checksums, 3.2.9 -------------------------------------------------------------------- */

static void checksums(const struct e1000 *e, const uint8_t *f, uint32_t len, uint8_t *status,
                      uint8_t *errors)
{
    uint32_t ip = 14, hl, total, l4;

    if (!(e->RXCSUM & 0x300) || len < ip + 20 || be16(f + 12) != 0x0800 || f[ip] >> 4 != 4) {
        *status |= ST_IXSM;
        return;
    }
    hl = (f[ip] & 15u) * 4;
    total = be16(f + ip + 2);
    if (hl < 20 || total < hl || ip + total > len) {
        *status |= ST_IXSM;
        return;
    }
    if (e->RXCSUM & 0x100) {
        *status |= ST_IPCS;
        if (sum16(f + ip, hl, 0) != 0xffff)
            *errors |= ER_IPE;
    }
    l4 = total - hl;
    if (!(e->RXCSUM & 0x200) || (be16(f + ip + 6) & 0x3fff) || (f[ip + 9] != 6 && f[ip + 9] != 17))
        return; /* off, a fragment, or neither TCP nor UDP */
    if (f[ip + 9] == 17 && (l4 < 8 || be16(f + ip + hl + 6) == 0))
        return; /* UDP without one */
    *status |= ST_TCPCS;
    uint32_t start = sum16(f + ip + 12, 8, f[ip + 9] + l4);
    if (sum16(f + ip + hl, l4, start) != 0xffff)
        *errors |= ER_TCPE;
}

/* IEEE 802.3, 3.2.9: the frame check sequence. */
static uint32_t crc32(const uint8_t *p, uint32_t n)
{
    uint32_t c = UINT32_MAX;

    while (n--) {
        c ^= *p++;
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (0xedb88320u & -(c & 1));
    }
    return ~c;
}

/* ---- Into the ring, 3.2.3 to 3.2.7 ------------------------------------------------------- */

static uint32_t buffer_size(const struct e1000 *e)
{
    uint32_t size = 2048u >> (e->RCTL >> 16 & 3);

    return e->RCTL & RCTL_BSEX && (e->RCTL >> 16 & 3) ? size * 16 : size;
}

static uint32_t ring_free(const struct e1000 *e)
{
    uint32_t n = e->RDLEN / 16;

    return n && e->RDH < n && e->RDT < n ? (e->RDT + n - e->RDH) % n : 0;
}

static void interrupt(struct e1000 *e)
{
    int64_t now = e->time->now(e->h, PB_CLK_VIRTUAL), at = now + e->RDTR * 1024ll;
    uint32_t n = e->RDLEN / 16;

    if (ring_free(e) <= n >> ((e->RCTL >> 8 & 3) + 1))
        set_cause(e, ICR_RXDMT0);
    if (!e->RDTR) {
        set_cause(e, ICR_RXT0);
        return;
    }
    if (e->rx_by == INT64_MAX && e->RADV)
        e->rx_by = now + e->RADV * 1024ll;
    e->time->arm(e->rx_timer, at < e->rx_by ? at : e->rx_by);
}

void rx_expired(void *self)
{
    struct e1000 *e = self;

    e->rx_by = INT64_MAX;
    set_cause(e, ICR_RXT0);
}

struct found {
    uint8_t status, errors;
    uint16_t special, sum;
};

/* The frame's `len` bytes into as many buffers as it takes; there are enough. */
static void store(struct e1000 *e, const uint8_t *f, uint32_t len, const struct found *w)
{
    uint32_t size = buffer_size(e), n = e->RDLEN / 16;

    for (uint32_t at = 0; at < len;) {
        uint64_t desc = (e->RDBAL | (uint64_t)e->RDBAH << 32) + 16ull * e->RDH;
        uint32_t part = len - at < size ? len - at : size;
        uint8_t d[16];
        if (e->mem->read(e->as, desc, d, 16) < 0) {
            if (e->h->log_on[PB_LOG_GUEST])
                e->h->log(e->h, e->dev, PB_LOG_GUEST, "e1000: the receive ring is not in memory");
            return;
        }
        uint64_t addr = le64(d);
        if (addr) /* an empty one is skipped, but counts: 3.2.3 */
            e->mem->write(e->as, addr, f + at, part);
        at += part;
        put_le(d + 8, part, 2);
        put_le(d + 10, w->sum, 2);
        d[12] = w->status | ST_DD | (at == len ? ST_EOP : 0);
        d[13] = at == len ? w->errors : 0;
        put_le(d + 14, w->special, 2);
        e->mem->write(e->as, desc + 8, d + 8, 4);
        e->mem->write(e->as, desc + 12, d + 12, 4);
        e->RDH = e->RDH + 1 == n ? 0 : e->RDH + 1;
    }
}

static void counted(struct e1000 *e, const uint8_t *f, uint32_t len)
{
    count(e, S_TPR);
    count(e, S_GPRC);
    count64(e, S_TORL, len);
    count64(e, S_GORCL, len);
    count_size(e, S_PRC64, len);
    if (f[0] & 1)
        count(e, memcmp(f, "\xff\xff\xff\xff\xff\xff", 6) ? S_MPRC : S_BPRC);
}

/* Tag out, checks in, check sequence on: the frame as it lies in memory. */
static uint32_t prepare(struct e1000 *e, uint8_t *f, uint32_t len, struct found *w)
{
    uint32_t pcss = e->RXCSUM & 0xff;

    if (pcss < len)
        w->sum = sum16(f + pcss, len - pcss, 0);
    checksums(e, f, len, &w->status, &w->errors);
    if ((e->CTRL & CTRL_VME) && tagged(e, f, len)) {
        w->special = (uint16_t)be16(f + 14);
        w->status |= ST_VP;
        memmove(f + 12, f + 16, len - 16);
        len -= 4;
    }
    if (!(e->RCTL & RCTL_SECRC)) {
        put_le(f + len, crc32(f, len), 4);
        len += 4;
    }
    return len;
}

int receive(struct e1000 *e, const struct pb_iov *v, uint32_t cnt)
{
    uint8_t f[FRAME_MAX + 64];
    struct found w = {0};
    uint32_t len = 0;
    int bytes = 0;

    for (uint32_t i = 0; i < cnt; i++) {
        uint32_t n = v[i].len <= FRAME_MAX - len ? (uint32_t)v[i].len : FRAME_MAX + 1 - len;
        bytes += (int)v[i].len;
        if (n > FRAME_MAX - len)
            return bytes; /* no such frame: lost */
        memcpy(f + len, v[i].base, n);
        len += n;
    }
    if (!(e->RCTL & RCTL_EN) || !(e->STATUS & STATUS_LU) || len < 14 ||
        !e->pci->master(e->fn) || !wanted(e, f, len, &w.status))
        return bytes;
    for (; len < 60; len++)
        f[len] = 0;
    if (ring_free(e) * buffer_size(e) < len + 4) {
        count(e, S_RNBC);
        set_cause(e, ICR_RXO);
        return PB_EAGAIN; /* RDT will move: the wire is told then */
    }
    counted(e, f, len + 4);
    len = prepare(e, f, len, &w);
    store(e, f, len, &w);
    interrupt(e);
    return bytes;
}
