/* SPDX-License-Identifier: MIT */
/* raspi-boot.h - what the files of the Raspberry Pi's boot plugin share. */
#ifndef RASPI_BOOT_H
#define RASPI_BOOT_H

#include "boot.h"
#include "card-image.h"

#include <plugboard/sd.h>

struct raspi_boot {
    struct boot c;
    uint64_t split;    /* memory from here on is the VideoCore's */
    uint64_t serial, mac;
    uint32_t patch;    /* take out of the tree what the machine lacks */
    const struct pb_board_facts *facts; /* whose are split, serial and mac */
    void *facts_self;
    const struct pb_sd_slot *slot; /* NULL: the board has none */
    void *slot_self;
    struct boot_kernel kernel;
    struct image tree;  /* from the card */
    char cmdline[4096]; /* likewise */
};

void pi_say(struct raspi_boot *b, uint32_t level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* fdt-patch.c: what the firmware does to the tree. */
int pi_patch(struct boot *c, void *fdt);
/* What is wrong with the user's tree, NULL when nothing is. */
const char *pi_wrong_tree(const void *fdt);

/* card.c: the card in the slot, as far as firmware can read it; 0 when there is none. */
int pi_card(struct raspi_boot *b, struct medium *m);
/* Load what its boot partition says: kernel, RAM disk; the tree and the command line into `b`. */
int pi_card_boot(struct raspi_boot *b, const struct medium *m, pb_err *e);

/* overlay.c: put `overlay` of `n` bytes on *tree. NULL, or why it could not be. */
const char *pi_overlay(struct image *tree, const uint8_t *overlay, uint64_t n);

/* doctor.c: a line about what will not work: a root= that the card does not have, consoles that
 * nobody reads. `fdt` is what the kernel gets. */
void pi_doctor(struct raspi_boot *b, const void *fdt);

#endif
