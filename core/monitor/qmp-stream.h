/* SPDX-License-Identifier: MIT */
/* qmp-stream.h - where one JSON value of a stream ends and the next begins. */
#ifndef PB_CORE_QMP_STREAM_H
#define PB_CORE_QMP_STREAM_H

#include <glib.h>

#define PB_QMP_BYTES (1u << 20) /* of one value */
#define PB_QMP_PARTS 16384u     /* its commas, colons and opening brackets */
#define PB_QMP_DEPTH 32u

enum pb_qmp_found { PB_QMP_MORE, PB_QMP_VALUE, PB_QMP_BAD };

struct pb_qmp_stream {
    GString *text;      /* of the value so far; whole after PB_QMP_VALUE */
    const char *fault;  /* after PB_QMP_BAD: what was wrong, for the peer */
    guint parts, depth;
    char open[PB_QMP_DEPTH]; /* brackets that have not been closed */
    char quote;         /* in a string: what ends it; else 0 */
    gboolean escaped, word, skip, done;
};

void pb_qmp_stream_init(struct pb_qmp_stream *s);
void pb_qmp_stream_fini(struct pb_qmp_stream *s);
void pb_qmp_stream_reset(struct pb_qmp_stream *s); /* as if nothing had come yet */
/* Take bytes up to the end of a value or a fault; *used is how many. */
enum pb_qmp_found pb_qmp_stream_feed(struct pb_qmp_stream *s, const char *buf, gsize n,
                                     gsize *used);

#endif
