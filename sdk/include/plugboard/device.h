/* SPDX-License-Identifier: MIT */
/* plugboard/device.h - the device class: what a device plugin is.
 *
 * Life, all [main]: realize, then reset (enter, hold, exit) any number of times with
 * guest accesses between, then unrealize. After a failed realize nothing else is called:
 * undo in place (regions, timers, lines, workers are the host's and go by themselves).
 */
#ifndef PLUGBOARD_DEVICE_H
#define PLUGBOARD_DEVICE_H

#include <plugboard/abi.h>
#include <plugboard/host.h>
#include <plugboard/line.h>
#include <plugboard/mem.h>
#include <plugboard/prop.h>
#include <plugboard/state.h>
#include <plugboard/time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of reset; treat an unknown one as COLD. */
enum { PB_RESET_COLD, PB_RESET_WARM, PB_RESET_BUS, PB_RESET_SNAPSHOT };
enum {
    PB_RESET_ENTER, /* own state only: no lines, no DMA */
    PB_RESET_HOLD,  /* everyone is in reset: drive lines */
    PB_RESET_EXIT   /* leaving reset */
};

#define PB_DEV_PARALLEL 1u   /* callbacks may overlap: the device does its own locking */
#define PB_DEV_OWN_DOMAIN 2u /* own lock. Without it: that of the controller whose bus it
                                sits on, else the machine's */
#define PB_DEV_NO_USER 4u    /* hidden from -device: boards only */
#define PB_DEV_HOTPLUG 8u    /* may come and go while the machine runs */

/* An interface the device implements for others ("pb.counter/1"), found by links and
 * by bus children. FROZEN. */
struct pb_provide {
    const char *id;
    const void *table; /* begins with `size`; called with the instance as `self` */
};
PB_FROZEN(struct pb_provide, 16);

struct pb_device_class {
    uint32_t size;
    uint32_t flags;              /* PB_DEV_* */
    const char *id;              /* what -device takes: "pl011" */
    const char *const *aliases;  /* NULL-ended, or NULL */
    const char *title;           /* one line, QEMU's desc: "Arm PrimeCell UART (PL011)" */
    const char *category;        /* "controller" "usb" "storage" "network" "input" "display"
                                    "sound" "misc" "cpu" "watchdog"; NULL: uncategorized */
    const char *spec;            /* what was modelled from: "ARM DDI 0183G" */
    const char *bus;             /* bus kind it plugs into: "virtio-bus"; NULL: the board */
    const struct pb_prop *props; /* props[n_props] */
    uint32_t n_props;
    uint32_t n_regions; /* how many publish() takes */
    /* Outputs, NULL-ended: "irq", or "soft[]" for an array whose length the wiring gives. */
    const char *const *lines_out;
    /* Inputs, NULL-ended: "rx"; "irq[96]" stands for 96 inputs. Input numbers count on. */
    const char *const *lines_in;
    /* Child buses it offers, NULL-ended "kind", or "kind[1]" for at most 1 child: instance
     * names are the host's. "pcie=kind" names them pcie.0, pcie.1 over the whole machine (those of
     * a device to which the user gave an id: id.0), "@=kind" as the device's own id. */
    const char *const *buses_out;
    const struct pb_provide *provides; /* provides[n_provides] */
    uint32_t n_provides;
    uint32_t instance_size; /* the host allocates it, zeroed, 64-byte aligned */
    uint32_t state_version, n_state;
    const struct pb_field *state;  /* state[n_state] */
    const struct pb_regs *regs;    /* register table, see reg.h; or NULL */

    int (*realize)(void *self, pb_dev *d, const pb_host *h, pb_err *e);          /* [main] */
    void (*unrealize)(void *self);                                              /* [main] */
    void (*reset)(void *self, uint32_t kind, uint32_t phase);                   /* [dev] */
    void (*line_in)(void *self, uint32_t n, int32_t level);                     /* [dev] */
    int (*prop_changed)(void *self, uint32_t prop, pb_err *e);                  /* [main] */
    int (*save)(void *self, pb_state *s, pb_err *e); /* [main] vCPUs stopped; optional */
    /* After the fields were set. It asks no other device, whose state may come later. */
    int (*load)(void *self, pb_state *s, pb_err *e);
    /* All requests in flight have come back when this returns. [main] optional */
    void (*drain)(void *self);
    const char *const *requires_; /* NULL-ended plugin ids that must be present, or NULL */
    /* Class that this one carries on its first bus: the host makes both, realizes the inner
     * one after realize() and before the outer bus hears of it, and hands on properties that
     * this class does not list itself ("virtio-blk-pci" with a "virtio-blk-device"). */
    const char *carries;
};

#define PB_SVC_BUS "pb.bus/1"
struct pb_svc_bus { /* [main] unless marked */
    uint32_t size, reserved;
    /* Interface `id` of the device whose bus `d` sits on, and its instance. [any] */
    const void *(*parent)(pb_dev *d, const char *id, void **self);
    /* Children of the n-th bus in buses_out: fills v[max], returns how many there are. */
    uint32_t (*children)(pb_dev *ctl, uint32_t bus, pb_dev **v, uint32_t max);
    /* Interface of any device, e.g. of a child. [any] */
    const void *(*side)(pb_dev *d, const char *id, void **self);
    const char *(*name)(pb_dev *d); /* id or path for messages; [any] */
    /* Make a child of class `cls` on bus `bus` of `ctl` (e.g. the -device shorthand that a
     * transport needs). NULL and `e` on failure. */
    pb_dev *(*create_child)(pb_dev *ctl, uint32_t bus, const char *cls, pb_err *e);
    /* The guest let go of `d`, whose unplug() had said PB_EAGAIN: it is removed soon. [any] */
    void (*unplugged)(pb_dev *d);
};

/* Optional interface of a device that sits on or controls a bus: told of its children. */
#define PB_BUS_PARENT "pb.bus.parent/1"
struct pb_bus_parent {
    uint32_t size, reserved;
    int (*attach)(void *self, uint32_t bus, pb_dev *child, pb_err *e); /* [main] child realized */
    void (*detach)(void *self, uint32_t bus, pb_dev *child);           /* [main] before unrealize */
    /* The memory that `child` masters; NULL: as the controller's own. [any] */
    pb_as *(*as)(void *self, uint32_t bus, pb_dev *child);
    /* May children come and go on that bus while the machine runs? Asked before realize;
     * missing: their classes' flags decide alone. [main] */
    uint32_t (*hotplug)(void *self, uint32_t bus);
    /* The user wants `child` removed. PB_OK: now; PB_EAGAIN: the guest is asked first, and
     * pb_svc_bus.unplugged() follows when it agrees. [main] */
    int (*unplug)(void *self, uint32_t bus, pb_dev *child, pb_err *e);
};

/* What a device shows as `info NAME` in the monitor, such as a bus its topology. */
#define PB_INFO "pb.info/1"
struct pb_info {
    uint32_t size, reserved;
    const char *name, *doc; /* "pci", "show PCI info" */
    /* The text into buf[n], ended by a zero; bytes that all of it takes without the zero.
     * [main], the CPUs stand still */
    uint32_t (*text)(void *self, char *buf, uint32_t n);
};

/* A free-running counter that one device offers to others (e.g. mtime to RISC-V harts). */
#define PB_COUNTER "pb.counter/1"
struct pb_counter {
    uint32_t size, reserved;
    uint64_t (*read)(void *self);        /* [any] */
    uint64_t (*hz)(void *self);          /* [any] */
    int64_t (*when)(void *self, uint64_t count); /* virtual ns at which it reaches `count`,
                                                    INT64_MAX if never; [any] */
};

#ifdef __cplusplus
}
#endif
#endif
