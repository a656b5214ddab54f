/* SPDX-License-Identifier: MIT */
/* points.c - breakpoints and watchpoints of -g: all vCPUs have the same, also those to come.
 *
 * The table changes first and the vCPUs follow, under host.c's lock, as does a new vCPU: whoever
 * comes second corrects it. The child of a vfork() has them too, and runs over them, because it
 * translates for its parent.
 */
#include "debug.h"

#define MAX_POINTS 64u

struct point {
    uint32_t kind, on;
    uint64_t addr, len;
};

static struct {
    pthread_mutex_t lock; /* taken with host.c's lock held, or alone */
    struct point v[MAX_POINTS];
    uint32_t n;
} P = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void set_one(void *self, void *opaque)
{
    const struct point *p = opaque;

    pb_user_dbg.cls->breakpoint(self, p->kind, p->addr, p->len, p->on);
}

static int change(const struct point *p)
{
    uint32_t i = 0;
    int r = PB_OK;

    pthread_mutex_lock(&P.lock);
    while (i < P.n && (P.v[i].kind != p->kind || P.v[i].addr != p->addr || P.v[i].len != p->len))
        i++;
    if (p->on && i == MAX_POINTS)
        r = PB_ENOSPC;
    else if (p->on && i == P.n)
        P.v[P.n++] = *p;
    else if (!p->on && i < P.n)
        P.v[i] = P.v[--P.n];
    pthread_mutex_unlock(&P.lock);
    return r;
}

int pb_user_point(uint32_t kind, uint64_t addr, uint64_t len, gboolean on)
{
    struct point p = {.kind = kind > 1 ? kind : 0, .on = (uint32_t)on, .addr = addr, .len = len};
    int r;

    if (kind <= 1)
        p.len = 1; /* gdb's length is that of the instruction */
    r = change(&p);
    if (r == PB_OK)
        pb_user_each_cpu(set_one, &p);
    return r;
}

gboolean pb_user_point_at(uint64_t pc)
{
    gboolean found = FALSE;

    pthread_mutex_lock(&P.lock);
    for (uint32_t i = 0; i < P.n; i++)
        found |= P.v[i].kind == 0 && P.v[i].addr == pc;
    pthread_mutex_unlock(&P.lock);
    return found;
}

void pb_user_points_clear(void)
{
    while (P.n) {
        struct point p = P.v[0];
        pb_user_point(p.kind, p.addr, p.len, FALSE);
    }
}

void pb_user_gdb_cpu(void *self)
{
    pthread_mutex_lock(&P.lock);
    for (uint32_t i = 0; i < P.n; i++)
        pb_user_dbg.cls->breakpoint(self, P.v[i].kind, P.v[i].addr, P.v[i].len, 1);
    pthread_mutex_unlock(&P.lock);
}

void pb_user_points_forked(void *self)
{
    pthread_mutex_init(&P.lock, NULL);
    for (uint32_t i = 0; i < P.n; i++)
        pb_user_dbg.cls->breakpoint(self, P.v[i].kind, P.v[i].addr, P.v[i].len, 0);
    P.n = 0;
}
