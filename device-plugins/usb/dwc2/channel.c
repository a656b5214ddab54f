/* SPDX-License-Identifier: MIT */
/* channel.c - host channels: one transfer each, by DMA.
 *
 * A channel is carried out when it is enabled. What the device answers with NAK is asked again
 * when the device is ready; a channel that waits for it costs nothing. An interrupt endpoint that
 * says NAK halts its channel at once if its driver polls HCINT, or if MOST_WAIT wait already;
 * else it waits too, as if its frame were long, for PATIENCE: drivers count frames modulo 2^14 and
 * would take a transfer that lasted half of that for one to come, and not start the next in time.
 * A split transaction to a slower device behind a high-speed hub: start-split carries out SETUP
 * and OUT, complete-split tells how that went; IN is carried out at complete-split.
 * Not modelled: data toggle errors, NYET, babble of the port; the hub and port numbers of a
 * split (the device's address finds it).
 */
#include "dwc2.h"

#include <string.h>

#define MOST_WAIT (CHANNELS / 2)
#define PATIENCE 500000000 /* ns; 2^13 microframes are twice that */
enum { CONTROL, ISO, BULK, INTERRUPT };
enum { PID_DATA0 = 0, PID_DATA1 = 2, PID_SETUP = 3 };
#define SIZE_MASK 0x7ffffu
#define PACKETS(v) ((v) >> 19 & 0x3ff)

struct transfer {
    uint32_t n, type, in, ep, packet; /* channel; HCCHAR, decoded */
    pb_usb_fn *f;
};

uint32_t channels_halted(const struct dwc2 *c)
{
    uint32_t v = 0;

    for (uint32_t n = 0; n < CHANNELS; n++)
        v |= (uint32_t)((c->HCINT[n] & c->HCINTMSK[n]) != 0) << n;
    return v;
}

static void halt(struct dwc2 *c, uint32_t n, uint32_t why)
{
    c->HCCHAR[n] &= ~(HCCHAR_CHENA | HCCHAR_CHDIS);
    c->HCINT[n] |= why | HCINT_CHHLTD;
    c->waits[n] = 0;
}

/* Does the driver wait for the channel's interrupt? */
static int by_interrupt(const struct dwc2 *c, uint32_t n)
{
    return c->HCINTMSK[n] && (c->HAINTMSK >> n & 1) && (c->GINTMSK & GINTSTS_HCHINT) &&
           (c->GAHBCFG & GAHBCFG_GLBLINTRMSK);
}

static int64_t now(const struct dwc2 *c)
{
    return c->bus.time->now(c->h, PB_CLK_VIRTUAL);
}

static int polls(const struct dwc2 *c, uint32_t n)
{
    return (c->HCCHAR[n] >> 18 & 3) == INTERRUPT;
}

void channel_plan(struct dwc2 *c)
{
    int64_t due = INT64_MAX;

    for (uint32_t n = 0; n < CHANNELS; n++)
        if (c->waits[n] && polls(c, n) && c->since[n] + PATIENCE < due)
            due = c->since[n] + PATIENCE;
    if (due == INT64_MAX)
        c->bus.time->disarm(c->nak);
    else
        c->bus.time->arm(c->nak, due);
}

void channel_on_timer(void *self)
{
    struct dwc2 *c = self;

    for (uint32_t n = 0; n < CHANNELS; n++)
        if (c->waits[n] && polls(c, n) && c->since[n] + PATIENCE <= now(c))
            halt(c, n, HCINT_NAK);
    channel_plan(c);
    update_irq(c);
}

static void wait_or_halt(struct dwc2 *c, const struct transfer *t)
{
    uint32_t waiting = 0;

    if (t->type == INTERRUPT) {
        for (uint32_t n = 0; n < CHANNELS; n++)
            waiting += n != t->n && c->waits[n] && polls(c, n);
        if (waiting >= MOST_WAIT || !by_interrupt(c, t->n)) {
            halt(c, t->n, HCINT_NAK);
            return;
        }
    }
    c->waits[t->n] = 1;
    if (t->type == INTERRUPT)
        channel_plan(c);
}

/* ---- Memory ------------------------------------------------------------------------------ */

/* `len` bytes at HCDMA, directly or by way of the bounce buffer. */
struct piece {
    struct pb_window w;
    uint8_t *at;
    uint32_t bounced;
};

static int piece_open(struct dwc2 *c, uint32_t n, uint32_t len, uint32_t write, struct piece *p)
{
    uint64_t gpa = c->HCDMA[n] & c->dma_mask;

    p->bounced = len == 0 || c->mem->map(c->as, gpa, len, write, &p->w) != PB_OK;
    p->at = p->bounced ? c->bounce : p->w.host;
    if (p->bounced && len && !write)
        return c->mem->read(c->as, gpa, c->bounce, len);
    return PB_OK;
}

/* `moved` bytes were written to it. */
static int piece_close(struct dwc2 *c, uint32_t n, uint32_t moved, struct piece *p)
{
    if (!p->bounced)
        c->mem->unmap(c->as, &p->w, moved);
    else if (moved)
        return c->mem->write(c->as, c->HCDMA[n] & c->dma_mask, c->bounce, moved);
    return PB_OK;
}

/* ---- One request to the device ----------------------------------------------------------- */

static uint32_t answer_bits(int rc)
{
    return rc == PB_USB_STALL ? HCINT_STALL : rc == PB_USB_BABBLE ? HCINT_BBLERR : HCINT_XACTERR;
}

/* Account for `bytes` in `packets`: size, count, address, and the next packet's data PID. */
static void moved(struct dwc2 *c, const struct transfer *t, uint32_t bytes, uint32_t packets)
{
    uint32_t *s = &c->HCTSIZ[t->n], left = PACKETS(*s), pid = *s >> 29 & 3;

    if (pid == PID_SETUP)
        pid = PID_DATA1;
    else if (t->type != ISO && (packets & 1))
        pid ^= PID_DATA1;
    left -= packets < left ? packets : left;
    *s = ((*s & SIZE_MASK) - bytes) | left << 19 | pid << 29;
    c->HCDMA[t->n] += bytes;
}

/* Up to BOUNCE bytes. HCINT bits when it is over, 0: there is more to do; PB_USB_NAK. */
static int ask_in(struct dwc2 *c, const struct transfer *t)
{
    uint32_t n = t->n, size = c->HCTSIZ[n] & SIZE_MASK, all = PACKETS(c->HCTSIZ[n]) * t->packet;
    uint32_t most = BOUNCE - BOUNCE % t->packet;
    struct piece p;

    size = size < all ? size : all;
    size = size < most ? size : most;
    if (piece_open(c, n, size, 1, &p) != PB_OK)
        return HCINT_AHBERR;
    int rc = usb_in(t->f, t->ep, p.at, size);
    if (piece_close(c, n, rc > 0 ? (uint32_t)rc : 0, &p) != PB_OK)
        return HCINT_AHBERR;
    if (rc < 0)
        return rc == PB_USB_NAK ? rc : (int)answer_bits(rc);
    moved(c, t, (uint32_t)rc, rc ? ((uint32_t)rc + t->packet - 1) / t->packet : 1);
    if (rc == 0 || (uint32_t)rc % t->packet || !PACKETS(c->HCTSIZ[n]) ||
        !(c->HCTSIZ[n] & SIZE_MASK))
        return HCINT_XFERCOMPL | HCINT_ACK;
    return 0;
}

static int ask_setup(struct dwc2 *c, const struct transfer *t)
{
    uint8_t setup[8];

    if ((c->HCTSIZ[t->n] & SIZE_MASK) < 8)
        return HCINT_XACTERR;
    if (c->mem->read(c->as, c->HCDMA[t->n] & c->dma_mask, setup, 8) != PB_OK)
        return HCINT_AHBERR;
    usb_setup(t->f, setup);
    moved(c, t, 8, 1);
    return HCINT_XFERCOMPL | HCINT_ACK;
}

static int ask_out(struct dwc2 *c, const struct transfer *t)
{
    uint32_t n = t->n, size = c->HCTSIZ[n] & SIZE_MASK, all = PACKETS(c->HCTSIZ[n]) * t->packet;
    uint32_t most = BOUNCE - BOUNCE % t->packet;
    struct piece p;

    if (t->type == CONTROL && c->HCTSIZ[n] >> 29 == PID_SETUP)
        return ask_setup(c, t);
    size = size < all ? size : all;
    uint32_t part = size < most ? size : most;
    if (piece_open(c, n, part, 0, &p) != PB_OK)
        return HCINT_AHBERR;
    int rc = usb_out(t->f, t->ep, p.at, part);
    piece_close(c, n, 0, &p);
    if (rc < 0)
        return rc == PB_USB_NAK ? rc : (int)answer_bits(rc);
    moved(c, t, (uint32_t)rc, rc ? ((uint32_t)rc + t->packet - 1) / t->packet : 1);
    if ((uint32_t)rc == size)
        return HCINT_XFERCOMPL | HCINT_ACK;
    return (uint32_t)rc == part ? 0 : PB_USB_NAK;
}

/* ---- Channels ---------------------------------------------------------------------------- */

static void whole(struct dwc2 *c, const struct transfer *t)
{
    int rc;

    do
        rc = t->in ? ask_in(c, t) : ask_out(c, t);
    while (rc == 0);
    if (rc > 0)
        halt(c, t->n, (uint32_t)rc);
    else if (t->type == ISO) /* there is no NAK: an empty packet, or one that got lost */
        halt(c, t->n, HCINT_XFERCOMPL | HCINT_ACK);
    else
        wait_or_halt(c, t);
}

static void split(struct dwc2 *c, const struct transfer *t)
{
    uint32_t complete = c->HCSPLT[t->n] & HCSPLT_COMPSPLT;
    int rc;

    if (!complete) {
        rc = t->in ? 0 : ask_out(c, t);
        c->result[t->n] = rc < 0 ? HCINT_NAK : (uint8_t)rc;
        halt(c, t->n, t->type == ISO && !t->in ? HCINT_XFERCOMPL | HCINT_ACK : HCINT_ACK);
        return;
    }
    if (!t->in) {
        rc = c->result[t->n] ? c->result[t->n] : HCINT_XFERCOMPL | HCINT_ACK;
        c->result[t->n] = 0;
        halt(c, t->n, (uint32_t)rc);
        return;
    }
    rc = ask_in(c, t);
    if (rc >= 0)
        halt(c, t->n, rc ? (uint32_t)rc : HCINT_XFERCOMPL | HCINT_ACK);
    else if (t->type == ISO)
        halt(c, t->n, HCINT_XFERCOMPL | HCINT_ACK);
    else
        wait_or_halt(c, t);
}

static void run(struct dwc2 *c, uint32_t n)
{
    uint32_t v = c->HCCHAR[n];
    struct transfer t = {.n = n, .type = v >> 18 & 3, .in = v >> 15 & 1, .ep = v >> 11 & 15,
                         .packet = v & 0x7ff};

    c->waits[n] = 0;
    if (!(c->GAHBCFG & GAHBCFG_DMAEN)) {
        c->h->log(c->h, c->dev, PB_LOG_UNIMP, "dwc2: a channel without GAHBCFG.DMAEn: slave mode "
                  "is not modelled");
        halt(c, n, HCINT_AHBERR);
        return;
    }
    if (c->HPRT & HPRT_SUSP && c->HPRT & HPRT_ENA) {
        c->waits[n] = 1; /* the bus sleeps */
        return;
    }
    t.f = c->HPRT & HPRT_ENA ? usb_at_address(&c->bus, v >> 22 & 127) : NULL;
    if (!t.f || !t.packet) {
        halt(c, n, HCINT_XACTERR);
        return;
    }
    if (c->HCSPLT[n] & HCSPLT_SPLTENA && t.f->s.speed != PB_USB_HIGH)
        split(c, &t);
    else
        whole(c, &t);
}

void channel_write(struct dwc2 *c, uint32_t n, uint32_t v)
{
    uint32_t was = c->HCCHAR[n];

    c->HCCHAR[n] = v | (was & HCCHAR_CHENA); /* which only the core clears */
    if (v & HCCHAR_CHDIS) {
        c->HCCHAR[n] &= ~(HCCHAR_CHENA | HCCHAR_CHDIS);
        c->waits[n] = 0;
        if ((v | was) & HCCHAR_CHENA)
            c->HCINT[n] |= HCINT_CHHLTD;
    } else if (v & HCCHAR_CHENA) {
        c->since[n] = now(c);
        run(c, n);
        if (!c->waits[n] || !polls(c, n)) /* a poll that finds nothing is no reason to hurry */
            frame_active(c);
    }
}

void channel_retry(struct usb_bus *b)
{
    struct dwc2 *c = (struct dwc2 *)b;

    for (uint32_t n = 0; n < CHANNELS; n++) {
        if (!c->waits[n])
            continue;
        run(c, n);
        if (!c->waits[n])
            frame_active(c);
    }
    frame_plan(c);
    update_irq(c);
}
