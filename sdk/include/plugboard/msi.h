/* SPDX-License-Identifier: MIT */
/* plugboard/msi.h - message-signalled interrupts: how a bus finds who hears a message.
 *
 * A host bridge has a link to the platform's message controller (GICv2m, ITS, IMSIC, local
 * APICs). A message is no store: when a device programs a vector the bridge resolves it, and
 * sending is one call. PCI Local Bus Specification 3.0, 6.8.
 */
#ifndef PLUGBOARD_MSI_H
#define PLUGBOARD_MSI_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where one vector goes. Stays valid until the vector is programmed anew; what the
 * controller's own tables say (an ITS) is looked up by send(). FROZEN. */
struct pb_msi_route {
    void (*send)(void *sink, uint64_t a, uint64_t b); /* [any] never waits */
    void *sink;
    uint64_t a, b; /* the controller's own */
};
PB_FROZEN(struct pb_msi_route, 32);

static inline void pb_msi_send(const struct pb_msi_route *r)
{
    r->send(r->sink, r->a, r->b);
}

#define PB_MSI "pb.msi/1"
struct pb_msi {
    uint32_t size, reserved;
    /* The message of `requester` (bus << 8 | device << 3 | function) that would store `data`
     * (4 bytes) at `addr`. PB_ENOENT: the address is none of this controller's; the bridge
     * then stores it to memory, as hardware would. [any] */
    int (*resolve)(void *self, uint32_t requester, uint64_t addr, uint32_t data,
                   struct pb_msi_route *r);
};

#ifdef __cplusplus
}
#endif
#endif
