/* SPDX-License-Identifier: MIT */
/* qmp-stream.c - see qmp-stream.h. RFC 8259, and QEMU's "QMP Protocol Specification", 2.1 and
 * "Forcing the JSON parser into known-good state".
 *
 * Values may be apart by blanks, lines or nothing, and come in pieces of any size. Only brackets,
 * strings and words are told apart here; whether what is found is JSON its reader says. A byte
 * that is nowhere allowed (a control character, 0xfe, 0xff) ends whatever it is in, with a fault,
 * and what follows begins anew: so a peer that has lost count gets along again. After any other
 * fault all is passed over until the line ends, such a byte comes, or an object begins.
 */
#include "qmp-stream.h"

#include <string.h>

void pb_qmp_stream_init(struct pb_qmp_stream *s)
{
    *s = (struct pb_qmp_stream){.text = g_string_new(NULL)};
}

void pb_qmp_stream_fini(struct pb_qmp_stream *s)
{
    g_string_free(s->text, TRUE);
}

void pb_qmp_stream_reset(struct pb_qmp_stream *s)
{
    GString *text = s->text;

    g_string_truncate(text, 0);
    if (text->allocated_len > 65536) { /* a large one is rare */
        g_string_free(text, TRUE);
        text = g_string_new(NULL);
    }
    *s = (struct pb_qmp_stream){.text = text};
}

static enum pb_qmp_found bad(struct pb_qmp_stream *s, const char *fault, gboolean skip)
{
    pb_qmp_stream_reset(s);
    s->fault = fault;
    s->skip = skip;
    return PB_QMP_BAD;
}

static gboolean blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static gboolean nowhere(unsigned char c)
{
    return (c < ' ' && !blank(c)) || c >= 0xfe;
}

static enum pb_qmp_found whole(struct pb_qmp_stream *s)
{
    s->done = TRUE;
    return PB_QMP_VALUE;
}

static enum pb_qmp_found in_string(struct pb_qmp_stream *s, char c)
{
    if (c == '\n' || c == '\r' || c == '\t')
        return bad(s, "a string that does not end", c != '\n');
    g_string_append_c(s->text, c);
    if (s->escaped)
        s->escaped = FALSE;
    else if (c == '\\')
        s->escaped = TRUE;
    else if (c == s->quote)
        s->quote = 0;
    return s->quote || s->depth ? PB_QMP_MORE : whole(s);
}

static enum pb_qmp_found closes(struct pb_qmp_stream *s, char c)
{
    if (!s->depth)
        return bad(s, "expected a value", TRUE);
    if (s->open[s->depth - 1] != c)
        return bad(s, "a bracket that ends nothing", TRUE);
    g_string_append_c(s->text, c);
    return --s->depth ? PB_QMP_MORE : whole(s);
}

static enum pb_qmp_found outside(struct pb_qmp_stream *s, char c)
{
    if (strchr("{[,:", c) && ++s->parts > PB_QMP_PARTS)
        return bad(s, "too many values in one", TRUE);
    switch (c) {
    case '{':
    case '[':
        if (s->depth == PB_QMP_DEPTH)
            return bad(s, "nested too deep", TRUE);
        s->open[s->depth++] = c == '{' ? '}' : ']';
        break;
    case '}':
    case ']':
        return closes(s, c);
    case '"':
    case '\'':
        s->quote = c;
        break;
    case ',':
    case ':':
        if (!s->depth)
            return bad(s, "expected a value", TRUE);
        break;
    default: /* of a word or number; at the top what is no part of one ends it */
        s->word = !s->depth;
    }
    g_string_append_c(s->text, c);
    return PB_QMP_MORE;
}

enum pb_qmp_found pb_qmp_stream_feed(struct pb_qmp_stream *s, const char *buf, gsize n,
                                     gsize *used)
{
    if (s->done)
        pb_qmp_stream_reset(s);
    for (gsize i = 0; i < n; i++) {
        enum pb_qmp_found found = PB_QMP_MORE;
        char c = buf[i];
        *used = i + 1;
        if (nowhere((unsigned char)c))
            return bad(s, "a stray control character", FALSE);
        if (s->skip && c != '\n' && c != '{')
            continue;
        s->skip = FALSE;
        if (s->word && (blank((unsigned char)c) || strchr("{}[],:\"'", c))) {
            *used = i; /* it begins the next */
            return whole(s);
        }
        if (s->quote)
            found = in_string(s, c);
        else if (s->depth || !blank((unsigned char)c))
            found = outside(s, c);
        if (found == PB_QMP_MORE && s->text->len > PB_QMP_BYTES)
            found = bad(s, "too long", TRUE);
        if (found != PB_QMP_MORE)
            return found;
    }
    *used = n;
    return PB_QMP_MORE;
}
