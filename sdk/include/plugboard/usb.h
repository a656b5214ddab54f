/* SPDX-License-Identifier: MIT */
/* plugboard/usb.h - USB: a device and its bus.
 *
 * A host controller offers a child bus of kind PB_USB_BUS and provides PB_USB to what is
 * plugged in, hubs included: all of them are children of the controller, and the property
 * "port" says where ("1.2" is port 2 of the hub in root port 1). Universal Serial Bus
 * Specification 2.0; "9.4" below is a section of it.
 *
 * The bus owns what chapter 9 defines for every device: address, configuration, alternate
 * settings, descriptors, halted endpoints and the default control pipe; it saves and resets
 * them. A device says what it is in tables, answers its class's requests and moves data.
 *
 * An endpoint is asked as it is on the wire. in() and out() move data at once or answer
 * PB_USB_NAK; ready() tells the bus that an endpoint which said so would now say otherwise.
 * So a transfer that takes time is one that is asked again: nothing is in flight between
 * controller and device, cancelling is not asking any more, and a save needs nothing but
 * fields. A device without PB_DEV_OWN_DOMAIN shares the controller's domain, as it must: all
 * calls here but ready() are made within it. [io] code enters it first, with the pb_dev of
 * either.
 *
 *     static const struct pb_prop props[] = {PB_USB_PROPS, {.name = "drive", …}};
 *     …realize():
 *     s->usb = bus->parent(d, PB_USB, &at);
 *     s->fn = s->usb->add(at, d, &info, e);
 */
#ifndef PLUGBOARD_USB_H
#define PLUGBOARD_USB_H

#include <plugboard/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_USB_BUS "usb-bus" /* kind of the bus; messages name it so */

/* The first properties of every device's class, in this order: the bus reads them. */
#define PB_USB_PROPS                                                                          \
    {.name = "port", .doc = "Where it is plugged in, example: 1 or 1.2; default: a free one", \
     .type = PB_T_STR},                                                                       \
    {.name = "serial", .doc = "serial number that the guest sees", .type = PB_T_STR}
enum { PB_USB_P_PORT, PB_USB_P_SERIAL, PB_USB_P_N };

enum { PB_USB_LOW, PB_USB_FULL, PB_USB_HIGH }; /* speeds */

/* What an endpoint answers instead of a number of bytes. */
#define PB_USB_NAK PB_EAGAIN     /* not now: ready() will follow */
#define PB_USB_STALL PB_EINVAL   /* not understood, or halted until the host clears it */
#define PB_USB_BABBLE PB_ENOSPC  /* a packet was larger than the room for it */
#define PB_USB_SILENT PB_EIO     /* nobody answered */

#define PB_USB_IN 0x80u /* in endpoint addresses and in pb_usb_setup.type: to the host */
enum { PB_USB_EP_CONTROL, PB_USB_EP_ISO, PB_USB_EP_BULK, PB_USB_EP_INTERRUPT };

/* ---- Descriptors as data, 9.6: the bus makes the bytes ------------------------------- */

/* 9.6.6. FROZEN. */
struct pb_usb_ep {
    uint8_t address;                /* number | PB_USB_IN */
    uint8_t attributes;             /* PB_USB_EP_* and more */
    uint16_t packet, packet_high;   /* wMaxPacketSize: low or full, and high speed */
    uint8_t interval, interval_high; /* bInterval, the same */
    uint32_t n_extra, reserved;
    const uint8_t *extra; /* class-specific descriptors that follow it */
};
PB_FROZEN(struct pb_usb_ep, 24);

/* 9.6.5. FROZEN. */
struct pb_usb_interface {
    uint8_t number, alternate;
    uint8_t cls, subclass, protocol;
    uint8_t string; /* index, 0: none */
    uint8_t n_ep, reserved0;
    uint32_t n_extra, reserved1;
    const struct pb_usb_ep *ep; /* ep[n_ep] */
    const uint8_t *extra;       /* class-specific descriptors that follow it, whole ones */
};
PB_FROZEN(struct pb_usb_interface, 32);

/* 9.6.3. FROZEN. */
struct pb_usb_config {
    uint8_t value, string;
    uint8_t attributes; /* bit 6 self-powered, bit 5 remote wake-up; bit 7 is the bus's */
    uint8_t power;      /* in units of 2 mA */
    uint32_t n_interfaces; /* entries below, each alternate setting being one */
    const struct pb_usb_interface *interface;
};
PB_FROZEN(struct pb_usb_config, 16);

/* 9.6.1. It, and all it points to, lives as long as the device. */
struct pb_usb_desc {
    uint32_t size;
    uint16_t vendor, product, release; /* release and usb are BCD: 0x0200 */
    uint16_t usb;
    uint8_t cls, subclass, protocol, protocol_high; /* the last at high speed: TTs of hubs */
    uint8_t packet0; /* of endpoint 0 at low or full speed: 8, 16, 32, 64 */
    uint8_t manufacturer, product_name, serial; /* string indices, 0: none */
    uint32_t n_configs, n_strings;
    const struct pb_usb_config *config;
    const char *const *string; /* string[0] has index 1; UTF-8. The user's "serial" replaces
                                  the one that `serial` names */
};

/* 9.3; little-endian as on the wire and on hosts. FROZEN. */
struct pb_usb_setup {
    uint8_t type, request; /* bmRequestType, bRequest */
    uint16_t value, index, length;
};
PB_FROZEN(struct pb_usb_setup, 8);

/* ---- A device ------------------------------------------------------------------------ */

/* What a device is and does. All callbacks [dev]. */
struct pb_usb_info {
    uint32_t size;
    uint32_t speeds; /* 1 << PB_USB_*: the bus takes the fastest that the port can do */
    const struct pb_usb_desc *desc;
    void *self;
    /* Its port was reset: as just plugged in. Optional, as are the next three. */
    void (*reset)(void *self);
    void (*configured)(void *self, uint32_t value);                      /* 0: no longer */
    void (*interface)(void *self, uint32_t number, uint32_t alternate);  /* now in use */
    void (*unhalted)(void *self, uint32_t ep);                           /* the host cleared it */
    /* A request that is not the bus's: class and vendor ones, and descriptors it does not
     * know. To the host: fill data[n], n == s->length; bytes filled. From it: data[n] came;
     * 0. Or PB_USB_NAK, STALL. */
    int (*request)(void *self, const struct pb_usb_setup *s, uint8_t *data, uint32_t n);
    /* Up to n bytes from endpoint `ep` (its number): as many full packets as there are and
     * fit, perhaps ended by a shorter one, which ends the transfer; 0 is an empty packet. */
    int (*in)(void *self, uint32_t ep, uint8_t *buf, uint32_t n);
    /* n bytes for endpoint `ep`: full packets, the last perhaps shorter; n may be 0. Bytes
     * taken: all, or some full packets; the rest is asked again as after PB_USB_NAK. */
    int (*out)(void *self, uint32_t ep, const uint8_t *buf, uint32_t n);
};

typedef struct pb_usb_fn pb_usb_fn; /* a device on its bus; valid until unrealize */

#define PB_USB "pb.usb/1"
struct pb_usb { /* `bus` is from pb_svc_bus.parent; [dev] unless marked */
    uint32_t size, reserved;
    /* Plug into the port that "port" names, or the first free one. The guest sees it when
     * realize has ended well. NULL and `e` on failure. [main] */
    pb_usb_fn *(*add)(void *bus, pb_dev *d, const struct pb_usb_info *i, pb_err *e);
    /* Endpoint `ep` (with PB_USB_IN; 0 for requests) has something else to say than NAK.
     * Asked soon, not from inside this call. [any] */
    void (*ready)(pb_usb_fn *f, uint32_t ep);
    void (*halt)(pb_usb_fn *f, uint32_t ep); /* it stalls until the host clears that */
    uint32_t (*speed)(pb_usb_fn *f);         /* PB_USB_*, since the last reset of its port */
    void (*wake)(pb_usb_fn *f); /* ask a sleeping host to resume, if it allowed that, 9.1.1.6 */
    /* For hubs. `f` has ports 1 to n: told by changed() when a device came or went. [main] in
     * realize() */
    int (*ports)(pb_usb_fn *f, uint32_t n, void (*changed)(void *self, uint32_t port),
                 pb_err *e);
    uint32_t (*below)(pb_usb_fn *f, uint32_t port); /* 0: nobody there; else 1 + its speed */
    void (*port_reset)(pb_usb_fn *f, uint32_t port);             /* it listens at address 0 */
    void (*port_enable)(pb_usb_fn *f, uint32_t port, uint32_t on); /* 0: it hears nothing */
    /* A device below the port wants the host awake: told on the hub's changed() as any
     * change; 1 once for each wish. */
    uint32_t (*port_woke)(pb_usb_fn *f, uint32_t port);
};

#ifdef __cplusplus
}
#endif
#endif
