/* SPDX-License-Identifier: MIT */
/* map.c - which guest instruction a host pc belongs to.
 *
 * A unit's table is a sequence of pairs: host offset minus the previous pair's, and guest
 * pc - pcb minus the previous one's, zigzag; both as base-128 numbers, low group first. From
 * its host offset on the code belongs to that instruction, up to the next pair. Cold code
 * has pairs of its own.
 */
#include "x86.h"

#include <assert.h>

void x86_map_begin(struct x86_map *m)
{
    m->n = m->host = 0;
    m->delta = 0;
}

static void put(struct x86_map *m, uint64_t v)
{
    while (v >= 128) {
        m->b[m->n++] = (uint8_t)(v | 128);
        v >>= 7;
    }
    m->b[m->n++] = (uint8_t)v;
}

void x86_map_add(struct x86_map *m, uint32_t host_off, int64_t delta)
{
    int64_t d = delta - m->delta;

    if (m->n && d == 0)
        return;
    assert(m->n + 16 <= MAP_MAX);
    put(m, host_off - m->host);
    put(m, (uint64_t)d << 1 ^ (uint64_t)(d >> 63));
    m->host = host_off;
    m->delta = delta;
}

static int get(const uint8_t *b, uint32_t n, uint32_t *at, uint64_t *v)
{
    uint32_t shift = 0;

    *v = 0;
    while (*at < n && shift < 64) {
        uint8_t c = b[(*at)++];

        *v |= (uint64_t)(c & 127) << shift;
        if (c < 128)
            return 1;
        shift += 7;
    }
    return 0;
}

int x86_find_pc(const struct xl_unit *u, uintptr_t host_pc, int64_t *delta)
{
    uintptr_t off = host_pc - (uintptr_t)u->code;
    uint64_t host = 0, step, d;
    uint32_t at = 0;
    int found = 0;

    *delta = 0;
    if (!u->code || off >= u->code_size)
        return PB_ENOENT;
    for (int64_t pc = 0; at < u->map_size;) {
        if (!get(u->map, u->map_size, &at, &step) || !get(u->map, u->map_size, &at, &d))
            break;
        host += step;
        if (host > off)
            break;
        pc += (int64_t)(d >> 1) ^ -(int64_t)(d & 1);
        *delta = pc;
        found = 1;
    }
    return found ? PB_OK : PB_ENOENT;
}
