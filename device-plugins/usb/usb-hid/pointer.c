/* SPDX-License-Identifier: MIT */
/* pointer.c - the mouse and the tablet: buttons, position, wheel. HID 1.11, B.2 (boot report), E.10
 * (a report descriptor); HID Usage Tables 1.12, sections 4 and 12.
 */
#include "usb-hid.h"

#define BUTTONS                                                                                \
    0x05, 0x09, 0x19, 0x01, 0x29, 0x05, 0x15, 0x00, 0x25, 0x01, 0x95, 0x05, 0x75, 0x01, 0x81,  \
        0x02, 0x95, 0x01, 0x75, 0x03, 0x81, 0x01 /* five, and padding */
#define WHEEL 0x09, 0x38, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x01, 0x81, 0x06

static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, BUTTONS,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x02, 0x81,
    0x06, WHEEL, 0xc0, 0xc0, /* X and Y: how far, a byte each */
};
static const uint8_t tablet_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, BUTTONS,
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31, 0x15, 0x00, 0x26, 0xff, 0x7f, 0x75, 0x10, 0x95, 0x02,
    0x81, 0x02, WHEEL, 0xc0, 0xc0, /* X and Y: where, 0 to 32767 */
};

/* Not so far that sums overflow. */
static int32_t clamp(int64_t v, int32_t lo, int32_t hi)
{
    return v < lo ? lo : v > hi ? hi : (int32_t)v;
}

static int32_t add(int32_t a, int32_t b)
{
    return clamp((int64_t)a + b, -1000000, 1000000);
}

/* BTN_LEFT, _RIGHT, _MIDDLE, _SIDE, _EXTRA are bits 0 to 4. */
static void button(struct hid *d, const struct pb_input_event *v)
{
    uint32_t bit = 1u << ((v->code - 0x110) & 31);

    if (v->code >= 0x110 && v->code < 0x115)
        d->buttons = v->value ? d->buttons | bit : d->buttons & ~bit;
}

/* The entry to add to: the last, when only the place differs. */
static struct happening *entry(struct hid *d)
{
    struct happening *last = d->n ? &d->queue[(d->first + d->n - 1) % QUEUE] : NULL;

    if (last && last->buttons == d->buttons)
        return last;
    last = hid_put(d);
    return last;
}

static void take(struct hid *d, const struct pb_input_event *v, uint32_t n)
{
    int32_t dx = 0, dy = 0, wheel = 0;

    for (uint32_t i = 0; i < n; i++) {
        if (v[i].type == PB_INPUT_KEY)
            button(d, &v[i]);
        else if (v[i].type == PB_INPUT_MOVE && v[i].code == PB_AXIS_WHEEL)
            wheel = add(wheel, v[i].value);
        else if (v[i].type == PB_INPUT_MOVE && v[i].code <= PB_AXIS_Y)
            *(v[i].code ? &dy : &dx) = add(v[i].code ? dy : dx, v[i].value);
        else if (v[i].type == PB_INPUT_PLACE && v[i].code <= PB_AXIS_Y)
            *(v[i].code ? &d->y : &d->x) = clamp(v[i].value, 0, PB_INPUT_AXIS_MAX);
    }
    struct happening *q = entry(d);
    if (!q)
        return;
    q->buttons = d->buttons;
    q->wheel = add(q->wheel, wheel);
    if (d->kind == &kind_tablet) {
        q->x = d->x;
        q->y = d->y;
    } else {
        q->x = add(q->x, dx);
        q->y = add(q->y, dy);
    }
}

/* One report takes 127 units; the rest stays, and stays first. */
static int32_t part(int32_t *left)
{
    int32_t v = clamp(*left, -127, 127);

    *left -= v;
    return v;
}

static void step(struct hid *d)
{
    struct happening *q = &d->queue[d->first];

    d->now = *q;
    d->now.wheel = part(&q->wheel);
    if (d->kind == &kind_mouse) {
        d->now.x = part(&q->x);
        d->now.y = part(&q->y);
    }
}

static uint32_t make_mouse(const struct hid *d, uint8_t *r)
{
    r[0] = (uint8_t)d->now.buttons;
    r[1] = (uint8_t)d->now.x;
    r[2] = (uint8_t)d->now.y;
    r[3] = (uint8_t)d->now.wheel;
    return d->protocol ? 4 : 3;
}

static uint32_t make_tablet(const struct hid *d, uint8_t *r)
{
    r[0] = (uint8_t)d->now.buttons;
    r[1] = (uint8_t)d->now.x;
    r[2] = (uint8_t)(d->now.x >> 8);
    r[3] = (uint8_t)d->now.y;
    r[4] = (uint8_t)(d->now.y >> 8);
    r[5] = (uint8_t)d->now.wheel;
    return 6;
}

const struct hid_kind kind_mouse = {mouse_report, sizeof mouse_report, 1, take, step,
                                    make_mouse};
const struct hid_kind kind_tablet = {tablet_report, sizeof tablet_report, 0, take, step,
                                     make_tablet};
