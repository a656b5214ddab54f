/* SPDX-License-Identifier: MIT */
/* frame.c - frames (1 ms) and microframes (125 us): HFNUM and the start-of-frame interrupt.
 *
 * A frame is a number computed from the clock. Its interrupt is for drivers that start transfers
 * by it: Linux's does, even bulk ones, once any endpoint is polled, which may last for hours
 * with nothing happening. So it comes in every frame while channels are used, and ever more
 * seldom afterwards: after an eighth of the time that has passed since, NEAR at most in the first
 * half second, LONGEST after some more. What a guest starts by it is late by no more; a bulk
 * transfer hardly at all, since the driver looks at GINTMSK first to see whether it must wait.
 */
#include "dwc2.h"

#define NEAR 4000000 /* ns */
#define LONGEST 100000000

static int64_t now(const struct dwc2 *c)
{
    return c->bus.time->now(c->h, PB_CLK_VIRTUAL);
}

static int64_t length(const struct dwc2 *c)
{
    return c->HPRT >> HPRT_SPD_SHIFT & 3 ? 1000000 : 125000;
}

static int64_t frame(const struct dwc2 *c)
{
    return (now(c) - c->frame_zero) / length(c);
}

static int runs(const struct dwc2 *c)
{
    return (c->HPRT & (HPRT_ENA | HPRT_SUSP)) == HPRT_ENA;
}

/* FrNum, and in the upper half what is left of the frame in the units of HFIR. */
uint32_t frame_number(struct dwc2 *c)
{
    int64_t into = (now(c) - c->frame_zero) % length(c), unit = c->HFIR & 0xffff;

    if (!runs(c))
        return 0x3fff;
    return ((uint32_t)frame(c) & 0x3fff) | (uint32_t)(unit - unit * into / length(c)) << 16;
}

void frame_restart(struct dwc2 *c)
{
    c->frame_zero = c->active_at = now(c);
    c->frame_seen = 0;
}

static int heard(const struct dwc2 *c)
{
    return (c->GINTMSK & GINTSTS_SOF) && (c->GAHBCFG & GAHBCFG_GLBLINTRMSK) && runs(c);
}

static int64_t gap(const struct dwc2 *c)
{
    int64_t idle = now(c) - c->active_at;

    if (idle / 8 < NEAR)
        return idle / 8;
    return idle / 128 < NEAR ? NEAR : idle / 128 < LONGEST ? idle / 128 : LONGEST;
}

/* When the next frame starts, or one that is `late` ns later. */
static int64_t start(const struct dwc2 *c, int64_t late)
{
    return c->frame_zero + (frame(c) + 1) * length(c) + late / length(c) * length(c);
}

void frame_next(struct dwc2 *c)
{
    if (heard(c))
        c->bus.time->arm(c->sof, start(c, 0));
}

void frame_plan(struct dwc2 *c)
{
    if (!heard(c) || (c->GINTSTS & GINTSTS_SOF)) {
        c->bus.time->disarm(c->sof);
        return;
    }
    int64_t due = start(c, gap(c));

    if (c->bus.time->deadline(c->sof) < 0 || due < c->bus.time->deadline(c->sof))
        c->bus.time->arm(c->sof, due);
}

void frame_on_timer(void *self)
{
    struct dwc2 *c = self;

    if (heard(c))
        c->GINTSTS |= GINTSTS_SOF;
    update_irq(c);
}

/* One who does not hear of it may look: has a frame begun since it was cleared? */
uint32_t frame_sof(struct dwc2 *c)
{
    return !(c->GINTMSK & GINTSTS_SOF) && runs(c) && frame(c) != c->frame_seen ? GINTSTS_SOF : 0;
}

void frame_sof_clear(struct dwc2 *c)
{
    c->frame_seen = frame(c);
}

int frame_is_quiet(const struct dwc2 *c)
{
    return (frame(c) - c->frame_seen) * length(c) >= 2000000;
}

void frame_active(struct dwc2 *c)
{
    c->active_at = now(c);
}
