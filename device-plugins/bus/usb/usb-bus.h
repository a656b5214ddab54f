/* SPDX-License-Identifier: MIT */
/* usb-bus.h - the bus below a host controller. USB 2.0; x.y below are its sections.
 *
 * The controller's instance begins with a struct usb_bus. It resets, powers and asks through
 * the functions here, within its domain; what the devices of its bus do in chapter 9 is
 * answered here, the rest by the device.
 *
 *     bus.c       who is plugged in where, PB_USB, PB_BUS_PARENT
 *     port.c      ports: reset, enable, who is reached at an address
 *     control.c   the default control pipe and the standard requests
 *     describe.c  descriptors from tables
 *     state.c     save and load        info.c   `info usb`
 */
#ifndef USB_BUS_H
#define USB_BUS_H

#include <plugboard/usb.h>

#define USB_INTERFACES 16u /* interfaces of a device whose alternate setting is kept */
#define USB_CONTROL_MAX 4096u /* data of one request */
#define USB_DEPTH 5u /* hubs between the root port and a device, 4.1.1 */

enum { USB_IDLE, USB_DATA_IN, USB_DATA_OUT, USB_STALLED };

/* What chapter 9 keeps of a device; saved by state.c. */
struct usb_state {
    uint8_t enabled;  /* its port lets traffic through */
    uint8_t speed;    /* PB_USB_* */
    uint8_t address, next_address; /* the second counts after the status stage, 9.4.6 */
    uint8_t config;   /* bConfigurationValue, 0: none */
    uint8_t may_wake; /* DEVICE_REMOTE_WAKEUP, 9.4.9 */
    uint8_t woke;     /* it did, and its hub has not heard yet */
    uint8_t alternate[USB_INTERFACES];
    uint32_t halted;  /* 1 << number, << 16 more for endpoints to the host */
    uint8_t stage, answered; /* of the request under way; its data are complete */
    uint8_t setup[8];
    uint32_t len, at;        /* bytes of `data`; of them, moved so far */
    uint8_t data[USB_CONTROL_MAX];
};

struct pb_usb_fn {
    struct usb_bus *bus;
    pb_dev *dev;
    pb_usb_fn *next; /* of the bus's list, or of those not plugged in */
    struct pb_usb_info info;
    const char *serial;
    char path[32];   /* "1.2" */
    pb_usb_fn *hub;  /* NULL: a root port */
    uint32_t port, depth;
    uint32_t orphan; /* the hub above it has gone */
    uint32_t n_ports;
    void (*changed)(void *self, uint32_t port);
    struct usb_state s;
};

struct usb_bus {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_bus *bus;
    const struct pb_svc_prop *prop;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_svc_state *state;
    pb_usb_fn *plugged, *pending; /* in the order of their coming; added, not yet attached */
    uint32_t n_ports;             /* root ports */
    uint32_t chaining;            /* a hub is being made for the last free port */
    /* The controller's, [dev]. */
    void (*changed)(struct usb_bus *b, uint32_t port); /* something came to or left a root port */
    void (*retry)(struct usb_bus *b);                  /* an endpoint is ready() */
    void (*woke)(struct usb_bus *b, uint32_t port);    /* a device asks to be resumed */
};

/* ---- bus.c ---- */
void usb_bus_init(struct usb_bus *b, pb_dev *d, const pb_host *h, uint32_t n_ports);
void usb_bus_fini(struct usb_bus *b);
void usb_bus_reset(struct usb_bus *b); /* machine reset: every device as before its first */
extern const struct pb_usb usb_service;
extern const struct pb_bus_parent usb_bus_parent;

/* ---- port.c; `hub` NULL: a root port ---- */
pb_usb_fn *usb_port_device(struct usb_bus *b, const pb_usb_fn *hub, uint32_t port);
uint32_t usb_speed_below(const pb_usb_fn *f, uint32_t fastest); /* what it runs at */
void usb_port_reset(struct usb_bus *b, pb_usb_fn *hub, uint32_t port, uint32_t fastest);
void usb_port_enable(struct usb_bus *b, pb_usb_fn *hub, uint32_t port, uint32_t on);
pb_usb_fn *usb_at_address(struct usb_bus *b, uint32_t address); /* NULL: silence */
void usb_wake(pb_usb_fn *f);

/* ---- control.c: bytes, or PB_USB_*; `ep` is a number ---- */
int usb_setup(pb_usb_fn *f, const uint8_t setup[8]);
int usb_in(pb_usb_fn *f, uint32_t ep, uint8_t *buf, uint32_t n);
int usb_out(pb_usb_fn *f, uint32_t ep, const uint8_t *buf, uint32_t n);
void usb_configure(pb_usb_fn *f, uint32_t value);

/* ---- describe.c ---- */
/* Bytes of a descriptor (wValue) into buf[n]: its length, at most n; PB_USB_STALL: none. */
int usb_describe(const pb_usb_fn *f, uint32_t value, uint32_t language, uint8_t *buf,
                 uint32_t n);
const struct pb_usb_config *usb_config(const pb_usb_fn *f); /* in use, NULL: none */
/* An interface's setting; NULL: no such. */
const struct pb_usb_interface *usb_interface(const pb_usb_fn *f, uint32_t number,
                                             uint32_t alternate);
/* An endpoint (address) of the settings in use; NULL: none. */
const struct pb_usb_ep *usb_endpoint(const pb_usb_fn *f, uint32_t address);
const char *usb_string(const pb_usb_fn *f, uint32_t index); /* NULL: none */

/* ---- state.c, info.c ---- */
int usb_save(struct usb_bus *b, pb_state *s, pb_err *e);
int usb_load(struct usb_bus *b, pb_state *s, pb_err *e);
uint32_t usb_text(struct usb_bus *b, char *buf, uint32_t n); /* as snprintf */

#endif
