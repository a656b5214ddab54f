/* SPDX-License-Identifier: MIT */
/* chars.h - a device on a character node that takes at most `room` bytes of input. */
#ifndef CHARS_H
#define CHARS_H

#include "host.h"

struct port {
    struct bk_dev *d;
    uint32_t room;       /* that it offers now */
    uint32_t n, opened, closed, breaks, drained;
    uint8_t in[1 << 20]; /* what came */
};

struct port *port_new(const char *node, uint32_t room);
void port_free(struct port *p);
void port_more(struct port *p, uint32_t room); /* grow, and say so */
/* Write all of it, waiting as a device does; the number of calls that took nothing. */
int port_write(struct port *p, const void *buf, uint32_t n);
gboolean port_wait(struct port *p, uint32_t n, int ms); /* until n bytes came */
uint64_t port_syscalls(void); /* write(2) and the like of this process so far */

#endif
