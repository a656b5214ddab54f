/* SPDX-License-Identifier: MIT */
/* boot.h - what boot plugins share: finding places for images, and the device tree of a
 * machine. A static library, linked into each of them. */
#ifndef BOOT_COMMON_H
#define BOOT_COMMON_H

#include <plugboard/board.h>
#include <plugboard/device.h>

#include "image.h"

#include <stdio.h>

struct boot;

/* What differs by instruction set in the tree. */
struct boot_isa {
    const char *bus; /* path of the node that holds the devices: "/soc", or "" for the root */
    int (*cpus)(struct boot *b, void *fdt); /* write /cpus, in order; 0 or a libfdt error */
    uint32_t (*cpu_intc)(uint32_t cpu); /* phandle of a CPU's own interrupt controller; NULL:
                                           wires to CPUs do not appear in the tree */
    uint32_t (*first_phandle)(struct boot *b); /* of devices: after those of CPUs */
    int (*patch)(struct boot *b, void *fdt); /* last changes to the user's own tree (-dtb);
                                                0 or a libfdt error; NULL: none */
    /* what ACPI calls the interrupt with that specifier, and is it an edge? 0: it has no name */
    uint32_t (*gsi)(const uint32_t *cells, uint32_t n, int *edge);
};

/* First in the instance of a boot plugin; filled by its realize() and boot(). */
struct boot {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_board *board;
    const struct pb_svc_bus *bus;
    const struct pb_svc_time *time;
    const struct boot_isa *isa;
    struct pb_board_reg ram;     /* the first bank */
    uint64_t initrd, initrd_end; /* 0: none */
    /* What the boot plugin found itself, where the user gives no -dtb and no -append. */
    const struct image *tree;    /* NULL: nothing */
    const char *append;
};

/* unpack.c: a packed image becomes what it holds. 0 also when it is not packed; -1 with the reason
 * in text[IMAGE_TEXT]. */
int boot_unpack(struct boot *b, struct image *m, char *text, pb_err *e);

/* place.c */
int boot_fail(struct boot *b, pb_err *e, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
int boot_write_file(struct boot *b, const char *path, const void *data, size_t n, pb_err *e);
/* The highest place in the first bank, below `top`, that is clear of every load and above
 * `floor`; UINT64_MAX when there is none. */
uint64_t boot_place_high(struct boot *b, uint64_t top, uint64_t floor, uint64_t len,
                         uint64_t align);
/* Load the parts of an ELF file, `bias` above where it says. */
int boot_load_elf(struct boot *b, const char *what, const struct image *m,
                  const struct image_info *i, uint64_t bias, pb_err *e);

/* arm64.c: put the file of -kernel, and that of -initrd if any, into memory. */
struct boot_kernel {
    uint64_t entry, end; /* end 0: no kernel */
    uint32_t bare;       /* it is no Linux Image */
};
int boot_arm64_kernel(struct boot *b, const char *path, struct boot_kernel *k, pb_err *e);
int boot_arm64_initrd(struct boot *b, uint64_t kernel_end, pb_err *e);
/* The same with bytes that are in memory already; `m` is freed. */
int boot_arm64_kernel_image(struct boot *b, const char *what, struct image *m,
                            struct boot_kernel *k, pb_err *e);
int boot_arm64_initrd_image(struct boot *b, const char *what, const void *data, uint64_t len,
                            uint64_t kernel_end, pb_err *e);
/* The kernel's command line, NULL: none. */
const char *boot_append(struct boot *b);

/* handover.c: the machine's fw_cfg; NULL: there is none. */
const struct pb_fw_files *boot_fw_files(struct boot *b, void **self);
/* -kernel, -initrd and -append to the firmware by it. */
int boot_hand_over(struct boot *b, pb_err *e);

/* console.c: says so when -append names serial ports of other machines only; Linux calls this
 * machine's `serial` ("": not known). */
void boot_check_console(struct boot *b, const char *serial);

/* fdt.c: the device tree, malloc()ed; NULL and `e`. */
void *boot_make_fdt(struct boot *b, uint32_t *len, pb_err *e);

/* fdt-node.c: while the tree is written in order. 0 or a libfdt error. */
int boot_fdt_devices(struct boot *b, void *fdt, pb_err *e);
/* Name of the node of device `d`, or NULL when it has none. */
const char *boot_node_name(struct boot *b, pb_dev *d, char *buf, size_t n);
uint32_t boot_dev_phandle(struct boot *b, pb_dev *d); /* 0: not in the tree */

/* topology.c: how CPUs are grouped. */
struct boot_topology {
    uint32_t sockets, clusters, cores, threads; /* each of one above; clusters 0: -smp has none */
};
struct boot_topology boot_topology(struct boot *b);

/* Where an output's first wire goes: specifier and its cells; 0 when that is no interrupt. */
uint32_t boot_wire(struct boot *b, pb_dev *d, const char *output, uint32_t *phandle,
                   uint32_t cells[4]);

/* fdt-value.c: the text of a manifest's fdt value as property bytes. Returns the length, or
 * -1 and the reason in text[IMAGE_TEXT]. */
#define BOOT_VALUE_MAX 4096
int boot_fdt_value(struct boot *b, const char *value, uint8_t *out, char *text);
/* Does any manifest value refer to device `name` ("&name")? */
int boot_fdt_referred(struct boot *b, const char *name);

#endif
