/* SPDX-License-Identifier: MIT */
/* usb-driver.h - a host's driver of the DesignWare controller, for suites of USB devices. */
#ifndef USB_DRIVER_H
#define USB_DRIVER_H

#include <plugboard/bench.h>
#include <plugboard/usb.h>

#define UD_RAM 0x80000000u
#define UD_RAM_LEN 0x40000u
#define UD_BUF (UD_RAM + 0x10000u) /* where ud_in and ud_out have their data */

/* Registers. */
enum { GAHBCFG = 0x008, GRSTCTL = 0x010, GINTSTS = 0x014, GINTMSK = 0x018, HFNUM = 0x408,
       HAINT = 0x414, HAINTMSK = 0x418, HPRT = 0x440, HCCHAR = 0x500, HCSPLT = 0x504,
       HCINT = 0x508, HCINTMSK = 0x50c, HCTSIZ = 0x510, HCDMA = 0x514 };

/* What came instead of bytes. */
#define UD_WAITS (-100) /* the channel is still enabled: the device said NAK */

struct ud {
    pbt *b;
    pb_dev *hc;
    uint8_t *ram;
    uint32_t type; /* of the next transfers, PB_USB_EP_*: bulk at first */
    uint32_t packet; /* their packet size, 512 at first */
    uint32_t split;  /* HCSPLT of the next transfers, 0: none */
    uint32_t reload; /* 1: pbt_reload() between the stages of a request and the two splits */
};

void ud_init(struct ud *u); /* the bench, RAM, the plugins dwc2 and usb-hub, a started core */
void ud_fini(struct ud *u);
uint32_t ud_get(struct ud *u, uint32_t reg);
void ud_set(struct ud *u, uint32_t reg, uint32_t v);
void ud_start(struct ud *u); /* core, interrupts, power to the port */
void ud_port_reset(struct ud *u);

/* On channel 0, with data in RAM. Bytes, PB_USB_STALL, PB_USB_SILENT, or UD_WAITS. */
int ud_in(struct ud *u, uint32_t address, uint32_t ep, uint32_t len);
int ud_out(struct ud *u, uint32_t address, uint32_t ep, const void *data, uint32_t len);
int ud_result(struct ud *u, uint32_t len); /* of the channel, when it has waited */
void ud_cancel(struct ud *u);
/* A whole control transfer. */
int ud_control(struct ud *u, uint32_t address, uint32_t type, uint32_t request, uint32_t value,
               uint32_t index, void *data, uint32_t len);
/* Reset of the root port, address and configuration; 0 or what failed. */
int ud_configure(struct ud *u, uint32_t address, uint32_t config);
/* The same of what is in port `p` of the hub at address `hub`. */
int ud_configure_below(struct ud *u, uint32_t hub, uint32_t p, uint32_t address, uint32_t config);

#endif
