/* SPDX-License-Identifier: MIT */
/* plugboard/sd.h - SD cards, the slot that holds one, and host controllers. ABI 1.1.
 *
 * A card is the child of a device that offers a bus of kind "sd-bus"; it is found there by
 * pb_svc_bus. A slot is such a device that lends its card to host controllers, of which the
 * board's pins let one at a time reach it. Cards, slots and hosts share a domain; all calls
 * are [dev] with it held.
 */
#ifndef PLUGBOARD_SD_H
#define PLUGBOARD_SD_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_SD_CARD "pb.sd-card/1" /* offered by a card */
enum { PB_SD_SILENT, PB_SD_SHORT, PB_SD_LONG }; /* what came on the command line */

struct pb_sd_card {
    uint32_t size, reserved;
    /* Command `cmd` (0 to 63). What it answers: nothing; 32 bits in r[0]; 128 bits with the
     * CRC's byte, r[0] their highest. */
    uint32_t (*command)(void *self, uint32_t cmd, uint32_t arg, uint32_t r[4]);
    /* Bytes that read() has, or write() takes, now; 0 while the card works. */
    uint32_t (*room)(void *self);
    /* The data lines: up to n bytes, and how many it were. */
    uint32_t (*read)(void *self, void *buf, uint32_t n);
    uint32_t (*write)(void *self, const void *buf, uint32_t n);
    uint32_t (*busy)(void *self);  /* the card holds DAT0 low: it programs or erases */
    void (*power)(void *self, uint32_t on); /* off: it forgets all but its contents */
    uint32_t (*read_only)(void *self); /* its write protect switch is set; optional */
    uint64_t (*bytes)(void *self);     /* of its medium; optional, with peek() */
    /* Its contents past the data lines, for boot plugins before the machine runs: [at, at + n)
     * is within bytes(). PB_OK or PB_E*. [main] optional */
    int (*peek)(void *self, uint64_t at, void *buf, uint32_t n);
};

/* Offered to the card by its bus's controller. */
#define PB_SD_HOST "pb.sd-host/1"
struct pb_sd_host {
    uint32_t size, reserved;
    void (*changed)(void *self); /* room() or busy() may tell something new */
};

#define PB_SD_SLOT "pb.sd-slot/1" /* offered by a slot */
struct pb_sd_slot {
    uint32_t size, reserved;
    /* The card and its instance; NULL: the slot is empty. */
    const struct pb_sd_card *(*card)(void *self, void **card);
    /* `changed(opaque)` is called as pb_sd_host's. PB_ENOSPC: too many hosts. [main] */
    int (*listen)(void *self, void (*changed)(void *opaque), void *opaque);
};

#ifdef __cplusplus
}
#endif
#endif
