/* SPDX-License-Identifier: MIT */
/* vpci.h - what the files of the virtio PCI transport share. VIRTIO 1.2, section 4.1. */
#ifndef VIRTIO_VPCI_H
#define VIRTIO_VPCI_H

#include "transport.h"

#include <plugboard/pci.h>

#include <pthread.h>

#define NO_VECTOR 0xffffu /* 4.1.4.3 */

/* Where the structures lie in the modern BAR, and which BARs there are. */
enum { BAR_LEGACY = 0, BAR_MSIX = 1, BAR_MODERN = 4 };
enum { AT_COMMON = 0x0000, AT_ISR = 0x1000, AT_DEVICE = 0x2000, AT_NOTIFY = 0x3000,
       MODERN_LEN = 0x4000 };
#define NOTIFY_STEP 4u

struct vpci {
    struct transport t; /* first */
    const struct pb_pci *pci;
    const struct pb_svc_time *time;
    pb_pci_fn *fn;
    pthread_mutex_t regs; /* register accesses: by the BARs, and through configuration space */
    uint32_t legacy, modern, n_vectors;
    uint32_t dfselect, gfselect;
    uint16_t qselect, config_vector, queue_vector[VQ_MAX_QUEUES];
    uint32_t isr;     /* atomic */
    uint32_t cfg_cap; /* offset of VIRTIO_PCI_CAP_PCI_CFG */
    uint64_t late;    /* a write through it that waits for our domain */
    uint32_t late_off, late_len; /* late_len 0: none */
};

/* pci-regs.c: the registers. `regs` is held. */
uint64_t modern_read(struct vpci *v, uint32_t off, uint32_t n);
void modern_write(struct vpci *v, uint32_t off, uint64_t val, uint32_t n);
uint64_t legacy_read(struct vpci *v, uint32_t off, uint32_t n);
void legacy_write(struct vpci *v, uint32_t off, uint64_t val, uint32_t n);
extern const struct pb_regs common_regs;

/* pci.c: the function; pci-names.c has the classes of every device */
enum { P_DISABLE_LEGACY = PB_PCI_P_N, P_DISABLE_MODERN, P_VECTORS, P_IOMMU, P_PACKED, P_EVENT,
       P_INDIRECT };
int vpci_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e);
void vpci_unrealize(void *self);
void vpci_reset(void *self, uint32_t kind, uint32_t phase);
int vpci_save(void *self, pb_state *s, pb_err *e);
int vpci_load(void *self, pb_state *s, pb_err *e);
void vpci_registers_reset(struct vpci *v);
extern const struct pb_bus_parent vpci_parent;

#endif
