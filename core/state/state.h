/* SPDX-License-Identifier: MIT */
/* state.h - saved state as a stream of named, typed fields. See save.c for the format. */
#ifndef PB_CORE_STATE_H
#define PB_CORE_STATE_H

#include "../machine/machine.h"

#include <plugboard/state.h>

#define PB_STATE_MAGIC "PLUGSTAT"
#define PB_STATE_FORMAT 1u

/* Section tags. */
enum { PB_SEC_END, PB_SEC_MACHINE, PB_SEC_RAM, PB_SEC_DEV, PB_SEC_LINE, PB_SEC_TIMER,
       PB_SEC_POWER };

struct pb_item { /* one field of a loaded device section; points into the stream */
    const char *name;
    uint32_t name_len, type, count;
    const uint8_t *data;
    gboolean seen;
};

struct pb_state {
    GByteArray *out;   /* saving */
    GArray *items;     /* loading: struct pb_item */
    uint32_t version;  /* of the device section being loaded */
    uint32_t n_fields; /* saving: put so far */
};

/* settle.c: the stopped machine comes to rest; what a drive's policy keeps fails. FALSE: it does
 * not. To be saved it may have nothing kept. [main] */
gboolean pb_state_rest(struct pb_machine *m);
int pb_state_settle(struct pb_machine *m, pb_err *e);

uint32_t pb_state_elem(uint32_t type); /* bytes; 0: no such type */
extern const struct pb_svc_state pb_state_service;

/* A bounds-checked reader: after an overrun everything reads as 0 and `bad` stays set. */
struct pb_in {
    const uint8_t *p, *end;
    gboolean bad;
};
uint64_t pb_in_uint(struct pb_in *in, uint32_t bytes); /* little-endian */
const uint8_t *pb_in_bytes(struct pb_in *in, uint64_t n);
char *pb_in_text(struct pb_in *in);                    /* g_free */
void pb_out_uint(GByteArray *out, uint64_t v, uint32_t bytes);
void pb_out_text(GByteArray *out, const char *s);

#endif
