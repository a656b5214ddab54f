/* SPDX-License-Identifier: MIT */
/* mem.h - what mem.c (regions) and dma.c (RAM) of the bench share. */
#ifndef PBT_MEM_H
#define PBT_MEM_H

#include "internal.h"

pb_region *pbt__resolve(pb_region *r, uint64_t *off);
int pbt__access(pb_region *r, uint64_t off, uint64_t *val, uint32_t bytes, uint32_t write);
pb_region *pbt__region_at(pbt *b, uint64_t gpa, uint64_t *off);
void pbt__drop_regions(pb_dev *d);
struct pbt_ram *pbt__ram_at(pbt *b, uint64_t gpa, uint64_t len);

pb_as *pbt__dma_as(pb_dev *d);
pb_as *pbt__gate(pb_dev *d, pb_as *of, pb_err *e);
void pbt__gate_open(pb_as *as, uint32_t on);
int pbt__dma_read(pb_as *as, uint64_t gpa, void *buf, uint64_t n);
int pbt__dma_write(pb_as *as, uint64_t gpa, const void *buf, uint64_t n);
int pbt__dma_map(pb_as *as, uint64_t gpa, uint64_t len, uint32_t write, struct pb_window *w);
void pbt__dma_unmap(pb_as *as, struct pb_window *w, uint64_t dirtied);
void pbt__dma_dirty(pb_as *as, struct pb_window *w, uint64_t off, uint64_t len);

#endif
