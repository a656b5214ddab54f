/* SPDX-License-Identifier: MIT */
/* pci-driver.h - a PCI host on the bench, and what firmware does to a function on it. */
#ifndef PCI_DRIVER_H
#define PCI_DRIVER_H

#include <plugboard/bench.h>
#include <plugboard/msi.h>
#include <plugboard/pci.h>

#define PD_RAM 0x80000000ull
#define PD_RAM_LEN (8u << 20)
#define PD_MEM 0x40000000ull   /* first address given to memory BARs */
#define PD_HIGH 0x400000000ull /* and to 64-bit ones */
#define PD_MSI 0x28000000ull   /* the fake controller's address */

struct pd {
    pbt *b;
    pb_dev *host, *msi;
    uint8_t *ram;
    uint64_t heap, mem, high, io; /* next free addresses */
};

/* A bench with RAM, gpex-pcihost "pcie" and, when `msi`, a message controller that counts. */
void pd_init(struct pd *p, int msi);
uint64_t pd_alloc(struct pd *p, uint32_t n, uint32_t align); /* zeroed guest memory */
uint8_t *pd_host(struct pd *p, uint64_t gpa);
/* bdf: bus << 8 | device << 3 | function */
uint32_t pd_cfg(struct pd *p, uint32_t bdf, uint32_t off, uint32_t n);
void pd_set(struct pd *p, uint32_t bdf, uint32_t off, uint32_t val, uint32_t n);
uint32_t pd_cap(struct pd *p, uint32_t bdf, uint32_t id); /* offset, 0: none */
uint64_t pd_bar_size(struct pd *p, uint32_t bdf, uint32_t bar);
uint64_t pd_bar(struct pd *p, uint32_t bdf, uint32_t bar); /* its address now */
/* Size, place and enable every BAR, memory, I/O and bus mastering. */
void pd_setup(struct pd *p, uint32_t bdf);
/* One access to bus address `at` of memory, as a CPU makes it. */
uint64_t pd_read(struct pd *p, uint64_t at, uint32_t n);
void pd_write(struct pd *p, uint64_t at, uint64_t val, uint32_t n);
uint64_t pd_io_read(struct pd *p, uint64_t at, uint32_t n);
void pd_io_write(struct pd *p, uint64_t at, uint64_t val, uint32_t n);
/* Turn MSI-X on with vector i going to the fake controller as data base + i. */
void pd_msix(struct pd *p, uint32_t bdf, uint32_t n, uint32_t base);

/* What the fake controller heard. */
uint32_t pd_heard(struct pd *p, uint32_t data);
uint32_t pd_last_requester(struct pd *p);

#endif
