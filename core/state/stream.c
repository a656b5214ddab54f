/* SPDX-License-Identifier: MIT */
/* stream.c - bytes in and out, and pb.state/1 for what a field table cannot say. */
#include "state.h"

#include <string.h>

void pb_out_uint(GByteArray *out, uint64_t v, uint32_t bytes)
{
    uint8_t b[8];

    for (uint32_t i = 0; i < bytes; i++)
        b[i] = (uint8_t)(v >> i * 8);
    g_byte_array_append(out, b, bytes);
}

void pb_out_text(GByteArray *out, const char *s)
{
    size_t n = MIN(strlen(s), (size_t)UINT16_MAX);

    pb_out_uint(out, n, 2);
    g_byte_array_append(out, (const guint8 *)s, (guint)n);
}

const uint8_t *pb_in_bytes(struct pb_in *in, uint64_t n)
{
    const uint8_t *p = in->p;

    if (in->bad || n > (uint64_t)(in->end - in->p)) {
        in->bad = TRUE;
        return NULL;
    }
    in->p += n;
    return p;
}

uint64_t pb_in_uint(struct pb_in *in, uint32_t bytes)
{
    const uint8_t *p = pb_in_bytes(in, bytes);
    uint64_t v = 0;

    for (uint32_t i = 0; p && i < bytes; i++)
        v |= (uint64_t)p[i] << i * 8;
    return v;
}

char *pb_in_text(struct pb_in *in)
{
    uint64_t n = pb_in_uint(in, 2);
    const uint8_t *p = pb_in_bytes(in, n);

    return g_strndup(p ? (const char *)p : "", p ? n : 0);
}

uint32_t pb_state_elem(uint32_t type)
{
    static const uint8_t bytes[] = {[PB_S_U8] = 1,  [PB_S_U16] = 2, [PB_S_U32] = 4,
                                    [PB_S_U64] = 8, [PB_S_I64] = 8, [PB_S_BYTES] = 1};

    return type < sizeof bytes ? bytes[type] : 0;
}

/* Fields are little-endian in the stream, host-endian in memory. */
static uint64_t get_elem(const void *v, uint32_t bytes)
{
    uint64_t n = 0;

    if (bytes == 1)
        n = *(const uint8_t *)v;
    else if (bytes == 2)
        n = *(const uint16_t *)v;
    else if (bytes == 4)
        n = *(const uint32_t *)v;
    else
        n = *(const uint64_t *)v;
    return n;
}

static void put_elem(void *v, uint32_t bytes, uint64_t n)
{
    if (bytes == 1)
        *(uint8_t *)v = (uint8_t)n;
    else if (bytes == 2)
        *(uint16_t *)v = (uint16_t)n;
    else if (bytes == 4)
        *(uint32_t *)v = (uint32_t)n;
    else
        *(uint64_t *)v = n;
}

static int state_put(pb_state *s, const char *name, uint32_t type, const void *v, uint32_t n)
{
    uint32_t size = pb_state_elem(type);

    if (!s->out || !size || strlen(name) > UINT16_MAX)
        return PB_EINVAL;
    pb_out_text(s->out, name);
    pb_out_uint(s->out, type, 1);
    pb_out_uint(s->out, n, 4);
    if (size == 1)
        g_byte_array_append(s->out, v, n);
    else
        for (uint32_t i = 0; i < n; i++)
            pb_out_uint(s->out, get_elem((const uint8_t *)v + (size_t)i * size, size), size);
    s->n_fields++;
    return PB_OK;
}

static int state_get(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n)
{
    uint32_t size = pb_state_elem(type);

    for (guint i = 0; s->items && i < s->items->len; i++) {
        struct pb_item *f = &g_array_index(s->items, struct pb_item, i);
        if (strlen(name) != f->name_len || memcmp(name, f->name, f->name_len))
            continue;
        f->seen = TRUE;
        if (f->type != type || f->count != n || !size)
            return PB_EINVAL;
        struct pb_in in = {f->data, f->data + (size_t)n * size, FALSE};
        if (size == 1 && n)
            memcpy(v, f->data, n);
        else
            for (uint32_t k = 0; k < n; k++)
                put_elem((uint8_t *)v + (size_t)k * size, size, pb_in_uint(&in, size));
        return PB_OK;
    }
    return PB_ENOENT;
}

static uint32_t state_version(pb_state *s)
{
    return s->version;
}

const struct pb_svc_state pb_state_service = {
    .size = sizeof(struct pb_svc_state), .put = state_put, .get = state_get,
    .version = state_version,
};
