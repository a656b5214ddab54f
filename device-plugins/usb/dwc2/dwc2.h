/* SPDX-License-Identifier: MIT */
/* dwc2.h - the parts of the DesignWare USB 2.0 controller. See dwc2.c. */
#ifndef DWC2_H
#define DWC2_H

#include "usb-bus.h"

#include <plugboard/reg.h>

#define CHANNELS 8u
#define FIFOS 15u /* device mode's, kept only */
#define BOUNCE 65536u

enum { GAHBCFG_GLBLINTRMSK = 1, GAHBCFG_DMAEN = 1 << 5 };
enum { GUSBCFG_FORCEHOSTMODE = 1 << 29, GUSBCFG_FORCEDEVMODE = 1 << 30 };
#define GRSTCTL_AHBIDLE 0x80000000u
enum { GRSTCTL_CSFTRST = 1, GRSTCTL_FRMCNTRRST = 4 };
#define GINTSTS_WKUPINT 0x80000000u
enum { GINTSTS_CURMOD = 1, GINTSTS_SOF = 1 << 3, GINTSTS_NPTXFEMP = 1 << 5,
       GINTSTS_PRTINT = 1 << 24, GINTSTS_HCHINT = 1 << 25, GINTSTS_PTXFEMP = 1 << 26,
       GINTSTS_DISCONNINT = 1 << 29 };
#define GINTSTS_W1C 0xf0fb74ceu /* causes that are stored and cleared by writing 1 */
enum { HCFG_FSLSSUPP = 4 };
enum { HPRT_CONNSTS = 1, HPRT_CONNDET = 2, HPRT_ENA = 4, HPRT_ENCHNG = 8, HPRT_OVRCURRCHNG = 32,
       HPRT_RES = 64, HPRT_SUSP = 128, HPRT_RST = 256, HPRT_PWR = 1 << 12 };
#define HPRT_TSTCTL 0x1e000u
#define HPRT_SPD_SHIFT 17
#define HPRT_CHANGES (uint32_t)(HPRT_CONNDET | HPRT_ENCHNG | HPRT_OVRCURRCHNG)
#define HCCHAR_CHENA 0x80000000u
enum { HCCHAR_EPDIR_IN = 1 << 15, HCCHAR_CHDIS = 1 << 30 };
#define HCSPLT_SPLTENA 0x80000000u
enum { HCSPLT_COMPSPLT = 1 << 16 };
enum { HCINT_XFERCOMPL = 1, HCINT_CHHLTD = 2, HCINT_AHBERR = 4, HCINT_STALL = 8, HCINT_NAK = 16,
       HCINT_ACK = 32, HCINT_NYET = 64, HCINT_XACTERR = 128, HCINT_BBLERR = 256 };
#define HCINT_ALL 0x7ffu

struct dwc2 {
    struct usb_bus bus; /* first */
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    const struct pb_line *irq;
    pb_as *as;
    uint64_t dma_mask;
    pb_timer *sof, *again, *nak;
    uint8_t *bounce; /* BOUNCE bytes, for memory that is not one run */
    uint32_t GOTGCTL, GOTGINT, GAHBCFG, GUSBCFG, GINTSTS, GINTMSK, GRXFSIZ, GNPTXFSIZ, GI2CCTL,
        GPVNDCTL, GGPIO, GUID, GLPMCFG, GPWRDN, GDFIFOCFG, HPTXFSIZ, HCFG, HFIR, HAINTMSK,
        HPRT, PCGCTL;
    uint32_t DPTXFSIZ[FIFOS];
    uint32_t HCCHAR[CHANNELS], HCSPLT[CHANNELS], HCINT[CHANNELS], HCINTMSK[CHANNELS],
        HCTSIZ[CHANNELS], HCDMA[CHANNELS];
    uint8_t waits[CHANNELS];  /* the device said NAK: it will call */
    int64_t since[CHANNELS];  /* virtual ns at which it was enabled */
    uint8_t result[CHANNELS]; /* of a start-split, for its complete-split: HCINT_* below 256 */
    int64_t frame_zero;  /* virtual ns at which frame 0 began */
    int64_t frame_seen;  /* frame at which GINTSTS.SOF was last cleared */
    int64_t active_at; /* virtual ns at which a channel was last used */
};

extern const struct pb_regs dwc2_regs;

/* ---- regs.c ---- */
void update_irq(struct dwc2 *c);
void core_reset(struct dwc2 *c);

/* ---- port.c ---- */
void port_write(struct dwc2 *c, uint32_t v);
void port_changed(struct usb_bus *b, uint32_t port);
void port_woke(struct usb_bus *b, uint32_t port);

/* ---- frame.c ---- */
uint32_t frame_number(struct dwc2 *c); /* HFNUM */
void frame_restart(struct dwc2 *c);    /* the port was enabled */
void frame_plan(struct dwc2 *c);       /* when is the next start of frame that anybody hears of? */
void frame_next(struct dwc2 *c);       /* let the next one be heard, however seldom they are */
void frame_on_timer(void *self);
uint32_t frame_sof(struct dwc2 *c);    /* GINTSTS.SOF for one who polls it */
void frame_sof_clear(struct dwc2 *c);
int frame_is_quiet(const struct dwc2 *c); /* the last start that was heard of is some ms ago */
void frame_active(struct dwc2 *c);   /* a channel is used */

/* ---- channel.c ---- */
void channel_write(struct dwc2 *c, uint32_t n, uint32_t v); /* HCCHAR */
void channel_retry(struct usb_bus *b); /* ask again for all that wait */
void channel_plan(struct dwc2 *c);     /* when has somebody waited long enough? */
void channel_on_timer(void *self);
uint32_t channels_halted(const struct dwc2 *c); /* HAINT */

#endif
