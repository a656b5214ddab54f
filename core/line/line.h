/* SPDX-License-Identifier: MIT */
/* line.h - wires and inputs: how a level gets from an output to the callbacks of a sink.
 *
 * A wire is one element of an output; it keeps its level. An input counts the wires that
 * drive it high, so several wires on one input are OR'ed and the order of concurrent
 * changes does not matter. Edges are kept until they are delivered.
 */
#ifndef PB_CORE_LINE_H
#define PB_CORE_LINE_H

#include "../thread/domain.h"

#include <plugboard/line.h>

struct pb_input {
    pb_dev *d;
    uint32_t n;
    _Atomic uint32_t state; /* line.c: IN_* and the count */
    struct pb_input *next;  /* in the domain's inbox */
    void (*line_in)(void *self, uint32_t n, int32_t level);
    uint32_t drivers;       /* wires that end here */
};

struct pb_wire {
    struct pb_line line; /* what the plugin holds */
    pb_dev *from;
    char *out;
    uint32_t index;
    _Atomic uint32_t level;
    GPtrArray *sinks; /* struct pb_input * */
};

struct pb_wire *pb_wire_get(pb_dev *d, const char *out, uint32_t i, gboolean make);
int pb_wire_connect(pb_dev *from, const char *out, uint32_t i, pb_dev *to, uint32_t n,
                    gboolean shared, pb_err *e);
struct pb_input *pb_input_get(pb_dev *d, uint32_t n, gboolean make);
void pb_line_drain(struct pb_domain *dom); /* the domain is held */
void pb_line_free(pb_dev *d);              /* wires of d, its inputs, wires that end there */
void pb_line_tell_all(pb_dev *d);           /* just realized: inputs that are high already */
/* The sink forgot its inputs (reset) while lines may move: tell it of those that are high. */
void pb_line_retell(pb_dev *d);
void pb_line_renew(pb_dev *d); /* its class has another table: inputs call that */
/* Saved state: take over a level without telling the sink, then recount. */
void pb_line_restore(struct pb_wire *w, uint32_t level);
extern const struct pb_svc_line pb_line_service;

#endif
