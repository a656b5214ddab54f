/* SPDX-License-Identifier: MIT */
/* riscv-boot.h - what the files of the RISC-V boot plugin share. */
#ifndef RISCV_BOOT_H
#define RISCV_BOOT_H

#include <plugboard/board.h>
#include <plugboard/device.h>

#include "image.h"

#include <stdio.h>

struct riscv_boot {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_board *board;
    const struct pb_svc_bus *bus;
    const struct pb_svc_time *time;
    uint64_t reset_vector;
    const char *firmware; /* names to try, separated by blanks */
    /* what boot() has found so far */
    struct pb_board_reg ram; /* the first bank */
    uint64_t entry;          /* where the reset code jumps */
    uint64_t firmware_end;   /* end of it, or start of RAM */
    uint64_t kernel_entry, kernel_end; /* 0: no kernel */
    uint64_t initrd, initrd_end;       /* 0: none */
};

int rb_fail(struct riscv_boot *b, pb_err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* load.c: put the images of -bios, -kernel and -initrd into memory. */
int rb_load_firmware(struct riscv_boot *b, pb_err *e);
int rb_load_kernel(struct riscv_boot *b, pb_err *e);
int rb_load_initrd(struct riscv_boot *b, pb_err *e);
/* The highest place in the first bank, below `top`, that is clear of every load and above
 * `floor`; UINT64_MAX when there is none. */
uint64_t rb_place_high(struct riscv_boot *b, uint64_t top, uint64_t floor, uint64_t len,
                       uint64_t align);

/* fdt.c: the device tree, malloc()ed, with `slack` spare bytes in it; NULL and `e`. */
void *rb_make_fdt(struct riscv_boot *b, uint32_t *len, pb_err *e);

/* fdt-node.c: while the tree is written in order. Both return 0 or a libfdt error. */
int rb_fdt_cpus(struct riscv_boot *b, void *fdt);
int rb_fdt_devices(struct riscv_boot *b, void *fdt, pb_err *e);
/* Name of the node of device `d` in /soc, or NULL when it has none. */
const char *rb_node_name(struct riscv_boot *b, pb_dev *d, char *buf, size_t n);
uint32_t rb_cpu_phandle(uint32_t cpu);
uint32_t rb_intc_phandle(uint32_t cpu);
uint32_t rb_dev_phandle(struct riscv_boot *b, pb_dev *d); /* 0: not in the tree */

/* fdt-value.c: the text of a manifest's fdt value as property bytes. Returns the length, or
 * -1 and the reason in text[IMAGE_TEXT]. */
#define RB_VALUE_MAX 4096
int rb_fdt_value(struct riscv_boot *b, const char *value, uint8_t *out, char *text);
/* Does any manifest value refer to device `name` ("&name")? */
int rb_fdt_referred(struct riscv_boot *b, const char *name);

#endif
