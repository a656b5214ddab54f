/* SPDX-License-Identifier: MIT */
/* plugboard/pci.h - PCI: a function and its bus.
 *
 * A host bridge, root port or bridge offers a child bus of kind PB_PCI_BUS and provides
 * PB_PCI to the functions on it. Configuration space, BARs, interrupts and message vectors
 * belong to the bus, which saves and resets them; a function says what it is and gives its
 * regions. PCI Local Bus Specification 3.0 ("6.8" below is a section of it), PCI Express
 * Base Specification 4.0.
 *
 *     static const struct pb_prop props[] = {PB_PCI_PROPS, {.name = "netdev", …}};
 *     …realize():
 *     c->pci = bus->parent(d, PB_PCI, &at);
 *     c->fn = c->pci->add(at, d, &info, e);   first of all, so that DMA is the bus's
 *     c->pci->bar(c->fn, 0, PB_PCI_BAR_MEM32, region, 0x1000, e);
 *
 * A function whose realize() fails just returns: it was never seen by the guest.
 */
#ifndef PLUGBOARD_PCI_H
#define PLUGBOARD_PCI_H

#include <plugboard/device.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_PCI_BUS "PCI" /* kind of the bus; messages name it so */

/* The first properties of every function's class, in this order: the bus reads them. */
#define PB_PCI_PROPS                                                                          \
    {.name = "addr", .doc = "Slot and optional function number, example: 06.0 or 06",         \
     .type = PB_T_STR, .qemu_type = "int32"},                                                 \
    {.name = "multifunction", .doc = "the slot has more functions than this one",             \
     .def = "off", .type = PB_T_BOOL},                                                        \
    {.name = "romfile", .doc = "file that the expansion ROM shows", .type = PB_T_STR},        \
    {.name = "rombar", .doc = "whether romfile is shown at all", .def = "on",                 \
     .type = PB_T_BOOL, .qemu_type = "uint32"}
enum { PB_PCI_P_ADDR, PB_PCI_P_MULTIFUNCTION, PB_PCI_P_ROMFILE, PB_PCI_P_ROMBAR, PB_PCI_P_N };

typedef struct pb_pci_fn pb_pci_fn; /* a function on its bus; valid until unrealize */

/* What a function is. */
struct pb_pci_info {
    uint32_t size;
    uint16_t vendor, device;
    uint16_t sub_vendor, sub_device;
    uint32_t class_code; /* base class << 16 | sub-class << 8 | interface */
    uint8_t revision;
    uint8_t pin;     /* interrupt pin: 1 is INTA; 0: none */
    uint8_t express; /* 1: has a PCI Express capability where the bus is PCI Express */
    uint8_t reserved;
    /* Optional, for what the bus cannot know. All [any]: called without the function's
     * domain, one at a time; of the bus they may call get(), set(), intx() and send(). */
    void *self;
    /* Bytes [off, off+n) of configuration space were written and stored. */
    void (*written)(void *self, uint32_t off, uint32_t n);
    /* Before a read of them: the function may set() what it shows. */
    void (*reading)(void *self, uint32_t off, uint32_t n);
    /* The bus was reset by its bridge, or the function by itself: be as after power-on. */
    void (*reset)(void *self); /* [dev] */
};

/* BAR kinds. */
enum { PB_PCI_BAR_IO = 1, PB_PCI_BAR_MEM32 = 2, PB_PCI_BAR_MEM64 = 4, PB_PCI_BAR_PREFETCH = 8 };
#define PB_PCI_ROM 6u /* BAR number of the expansion ROM */

/* Where a bus is: decides what a function on it looks like. */
enum { PB_PCI_AT_CONVENTIONAL = 1, PB_PCI_AT_ROOT, PB_PCI_AT_PORT };

#define PB_PCI "pb.pci/1"
struct pb_pci { /* `bus` is from pb_svc_bus.parent */
    uint32_t size, reserved;
    uint32_t (*where)(void *bus); /* PB_PCI_AT_* [main] */
    /* The address in "addr" is taken, or the first free one. NULL and `e` on failure. [main] */
    pb_pci_fn *(*add)(void *bus, pb_dev *d, const struct pb_pci_info *i, pb_err *e);
    /* Until the function is on its bus (attached): all [main]. */
    /* BAR n shows `r`, of `bytes`, a power of two: 4 to 256 of I/O, 16 and more of memory. */
    int (*bar)(pb_pci_fn *f, uint32_t n, uint32_t flags, pb_region *r, uint64_t bytes, pb_err *e);
    /* Capability `id` with `len` bytes after the two of its head; wmask[len]: bits that software
     * writes, NULL: none. Gives the offset of its head. */
    int (*cap)(pb_pci_fn *f, uint32_t id, const void *body, const void *wmask, uint32_t len,
               pb_err *e);
    /* n vectors (1, 2, 4 … 32) by 6.8.1, 64-bit, with masks. Gives the offset. */
    int (*msi)(pb_pci_fn *f, uint32_t n, pb_err *e);
    /* n vectors (1 … 2048) by 6.8.2, in BAR `bar`: a memory BAR of their own when `box` is
     * NULL, else at `off` of `box`, a container that the function places in that BAR. Needs
     * (n * 16 rounded up to 8) + n / 8 bytes. Gives the offset. */
    int (*msix)(pb_pci_fn *f, uint32_t n, uint32_t bar, pb_region *box, uint32_t off, pb_err *e);
    /* Device's side of configuration space: bytes 1, 2, 4; masks do not apply. [any] */
    uint32_t (*get)(pb_pci_fn *f, uint32_t off, uint32_t bytes);
    void (*set)(pb_pci_fn *f, uint32_t off, uint32_t val, uint32_t bytes);
    /* Level of the interrupt pin. The bus sees to INTx Disable and the swizzle. [any] */
    void (*intx)(pb_pci_fn *f, uint32_t level);
    /* Raise message vector n: dropped when messages are off, kept pending when masked. [any] */
    void (*send)(pb_pci_fn *f, uint32_t n);
    /* Are messages on? 0: use intx(); 1: MSI; 2: MSI-X. [any] */
    uint32_t (*messages)(pb_pci_fn *f);
    uint32_t (*requester)(pb_pci_fn *f); /* bus << 8 | device << 3 | function, as of now; [any] */
    /* Is bus mastering on, here and in every bridge above? DMA checks it by itself. [any] */
    uint32_t (*master)(pb_pci_fn *f);
};

#ifdef __cplusplus
}
#endif
#endif
