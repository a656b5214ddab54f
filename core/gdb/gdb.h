/* SPDX-License-Identifier: MIT */
/* gdb.h - the GDB remote stub: one debugger at a time, CPUs as threads. */
#ifndef PB_CORE_GDB_H
#define PB_CORE_GDB_H

#include "../machine/machine.h"

/* ---- packet.c: framing of the GDB remote serial protocol ----------------------------- */

#define PB_GDB_PACKET_MAX 16384u

enum pb_gdb_event { PB_GDB_NOTHING, PB_GDB_PACKET, PB_GDB_BAD, PB_GDB_INTERRUPT, PB_GDB_NAK };

/* A receiver of bytes. Zeroed: between packets. */
struct pb_gdb_rx {
    int state, escaped;
    uint8_t sum, want;
    uint32_t len;
    char buf[PB_GDB_PACKET_MAX + 1]; /* unescaped, ended by a zero; may hold zeros */
};
/* One byte came: what it completed. BAD: a checksum or length was wrong. */
enum pb_gdb_event pb_gdb_feed(struct pb_gdb_rx *rx, uint8_t byte);
/* Append "$payload#xx", escaped, to out. */
void pb_gdb_frame(GString *out, const char *payload, gsize n);
void pb_gdb_hex(GString *out, const void *bytes, gsize n);
/* Hex digits to bytes; how many bytes, or -1 when they are no pairs of digits or over max. */
int pb_gdb_unhex(const char *hex, uint8_t *bytes, gsize max);
/* A hex number at *p, which moves behind it; FALSE when there is none. */
gboolean pb_gdb_number(const char **p, uint64_t *v);

/* ---- stub.c: what the packets mean ------------------------------------------------------ */

struct pb_gdb {
    struct pb_machine *m;
    void (*send)(struct pb_gdb *g, const char *data, gsize n); /* to the debugger */
    void (*close)(struct pb_gdb *g);                           /* it goes away */
    struct pb_gdb_rx rx;
    GString *last;      /* the last frame, to be sent again after a NAK */
    gboolean no_ack, phys, running, detached;
    guint thread_g, thread_c; /* CPU indexes of Hg and Hc */
    guint stopped;            /* CPU that the last stop was about */
    GArray *points;           /* breakpoints set through us, removed at detach */
};

void pb_gdb_init(struct pb_gdb *g, struct pb_machine *m);
void pb_gdb_fini(struct pb_gdb *g);
/* Bytes from the debugger. [main] */
void pb_gdb_receive(struct pb_gdb *g, const uint8_t *buf, gsize n);
void pb_gdb_attach(struct pb_gdb *g); /* a debugger came: the machine stops */
void pb_gdb_detach(struct pb_gdb *g); /* it left: points go, the machine runs on */
void pb_gdb_exited(struct pb_gdb *g); /* the process ends: tell the exit status */

/* ---- server.c ------------------------------------------------------------------------------ */

/* Listen at "tcp::PORT" (loopback), "tcp:HOST:PORT" or "unix:PATH". */
int pb_gdb_start(struct pb_machine *m, const char *dev, pb_err *e);
void pb_gdb_stop(void);

#endif
