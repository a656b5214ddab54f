/* SPDX-License-Identifier: MIT */
/* mbox.h - the mailbox and the firmware's services behind it. */
#ifndef BCM2835_MBOX_H
#define BCM2835_MBOX_H

#include "sensor.h"
#include "soc.h"

#include <plugboard/display.h>

#define BUS_MASK 0x3fffffffu /* bus addresses: two bits of cache hints, then 1 GiB (1.2.3) */
#define FIFO 8u
#define CLOCKS 16u   /* clock ids 1 to 15 */
#define DEVICES 9u   /* power devices 0 to 8 */
#define DOMAINS 24u  /* power domains 1 to 23 */
#define EXPANDER 8u  /* pins of the GPIO expander, 128 and up */
#define MESSAGE_MAX 4096u

struct expander_pin {
    uint32_t state, direction, polarity, term, pull;
};

/* What is shown: fb.c. Pairs that tags set together stand together. */
#define FB_WIDTH 640u
#define FB_HEIGHT 480u
struct fb {
    uint32_t phys_w, phys_h, virt_w, virt_h, off_x, off_y, depth;
    uint32_t order; /* 1: the first byte of a pixel is red, 0: blue */
    uint32_t alpha, overscan[4], blank, shown;
    uint32_t palette[256]; /* 0xAABBGGRR */
};

struct mbox {
    struct soc_block b;
    const struct pb_svc_mem *mem;
    const struct pb_line *irq;
    pb_as *as;
    const struct bcm2835_sensor *sensor;
    void *sensor_self;
    uint64_t mac, serial;
    uint32_t revision, vc_base, vc_size;
    uint32_t reply[FIFO], n_reply, config;
    /* what the services keep */
    uint32_t clock_hz[CLOCKS], clock_off[CLOCKS];
    uint32_t power[DEVICES], domain[DOMAINS], turbo;
    struct expander_pin pin[EXPANDER];
    struct fb fb;
    uint8_t message[MESSAGE_MAX]; /* while one is answered */
};

/* property.c: answer the message at bus address `at` in place. */
void mbox_property(struct mbox *m, uint32_t at);

/* tags.c: one tag. v[n] are its value words, zero where the request was shorter; returns the
 * bytes of the answer, or -1 when the tag is not known. */
#define TAG_WORDS 64u
int mbox_tag(struct mbox *m, uint32_t tag, uint32_t *v);
void mbox_tags_reset(struct mbox *m);

/* fb.c */
int mbox_fb_tag(struct mbox *m, uint32_t tag, uint32_t *v);
void mbox_fb_reset(struct mbox *m);
int mbox_fb_sane(const struct mbox *m); /* after loading */
extern const struct pb_display mbox_display;

extern const struct pb_device_class bcm2835_mbox_class;

#endif
