/* SPDX-License-Identifier: MIT */
/* usb-hid.h - the parts of the USB keyboard, mouse and tablet. HID 1.11. */
#ifndef USB_HID_H
#define USB_HID_H

#include <plugboard/input.h>
#include <plugboard/usb.h>

#define QUEUE 64u
#define REPORT_MAX 8u

/* One thing that happened: a key, or where a pointer went with which buttons. */
struct happening {
    uint32_t key, down; /* keyboards: a usage of page 7 */
    int32_t x, y, wheel;
    uint32_t buttons;
};

struct hid;
struct hid_kind {
    const uint8_t *report; /* report descriptor */
    uint32_t n_report;
    uint32_t boots; /* has a boot protocol, HID F.5 */
    void (*take)(struct hid *d, const struct pb_input_event *v, uint32_t n);
    /* The next happening becomes the current report. */
    void (*step)(struct hid *d);
    uint32_t (*make)(const struct hid *d, uint8_t *r); /* its bytes, at most REPORT_MAX */
};

struct hid {
    pb_dev *dev;
    const pb_host *h;
    const struct pb_usb *usb;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    pb_usb_fn *fn;
    pb_timer *idle_timer;
    const struct hid_kind *kind;
    struct pb_usb_desc desc;
    struct pb_usb_config config;
    struct pb_usb_interface interface;
    uint8_t extra[9];
    const char *strings[3];
    /* saved */
    uint32_t protocol;  /* 1: report, 0: boot, HID 7.2.5 */
    uint32_t idle, due; /* in units of 4 ms, 7.2.4; an unchanged report is to be sent */
    uint32_t leds;
    uint32_t first, n;
    struct happening queue[QUEUE];
    uint8_t modifiers, keys[6]; /* down, keys in the order of their coming */
    uint32_t rolled;            /* more keys are down than the report has room for */
    struct happening now;       /* pointers: what the last report said */
    int32_t x, y;               /* tablets: where the hand is */
    uint32_t buttons;           /* of the hand */
};

/* Room for one more in the queue: the last entry, cleared; NULL: it is full. */
struct happening *hid_put(struct hid *d);

extern const struct hid_kind kind_keyboard, kind_mouse, kind_tablet;

#endif
