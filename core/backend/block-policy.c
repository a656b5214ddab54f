/* SPDX-License-Identifier: MIT */
/* block-policy.c - see block-policy.h: -drive werror=, rerror=, cache=, detect-zeroes=.
 *
 * Only failures of the medium (PB_EIO, PB_ENOSPC) have a policy: what a driver cannot do, or
 * the guest must not ask for, is told to the device at once. A kept request stays in flight
 * for its node; the list is of all nodes, in the order of the failures.
 */
#include "block-policy.h"

#include "../machine/machine.h"
#include "../thread/thread.h"
#include "medium.h"

#include <errno.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GPtrArray *kept; /* struct pb_block_req *; host[1] is the end */

void pb_block_set_policy(pb_dev *node, const struct pb_block_policy *p)
{
    ((pb_block *)node->backend)->policy = *p;
}

/* ---- On the way down ------------------------------------------------------------------- */

static gboolean all_zero(const struct pb_block_req *r)
{
    static const uint8_t zeros[4096];

    for (uint32_t i = 0; i < r->n_iov; i++) {
        const uint8_t *p = r->iov[i].base;
        for (uint64_t left = r->iov[i].len, n; left; left -= n, p += n) {
            n = MIN(left, sizeof zeros);
            if (memcmp(p, zeros, n))
                return FALSE;
        }
    }
    return TRUE;
}

void pb_block_shape(pb_block *b, struct pb_block_req *r, uint32_t ops)
{
    const struct pb_block_policy *p = &b->policy;

    if (p->zeroes != PB_ZEROES_OFF && r->op == PB_BLK_WRITE && (ops & 1u << PB_BLK_ZERO) &&
        all_zero(r)) {
        r->op = PB_BLK_ZERO; /* it keeps its n_iov, which tells it from the guest's own */
        if (p->zeroes == PB_ZEROES_UNMAP)
            r->flags |= PB_BLK_MAY_UNMAP;
    }
    if (p->write_through && (r->op == PB_BLK_WRITE || r->op == PB_BLK_ZERO))
        r->flags |= PB_BLK_FUA;
}

/* ---- On the way up --------------------------------------------------------------------- */

static void stop(void *opaque)
{
    pb_block *b = opaque;
    struct pb_machine *m = b->node->m;

    if (!g_atomic_int_get(&b->held) || m->state != PB_RUN_RUNNING)
        return;
    pb_warn("drive '%s': an error of the host's disk has stopped the machine; 'cont' tries again",
            b->node->name);
    pb_machine_stop(m, PB_RUN_IO_ERROR);
}

/* ---- BLOCK_IO_ERROR, from any thread to monitors; of a flood only some ------------------ */

#define EVENTS_WAIT 64

struct io_error {
    struct pb_machine *m;
    char *node;
    gboolean reads, full;
    const char *action;
};
static gint events_wait; /* atomic */

static void io_error(void *opaque)
{
    struct io_error *x = opaque;
    const struct pb_fact facts[] = {
        {"device", x->node, FALSE}, {"node-name", x->node, FALSE},
        {"operation", x->reads ? "read" : "write", FALSE}, {"action", x->action, FALSE},
        {"nospace", NULL, x->full},
        {"reason", g_strerror(x->full ? ENOSPC : EIO), FALSE}, {NULL, NULL, FALSE}};

    g_atomic_int_add(&events_wait, -1);
    pb_machine_event(x->m, "BLOCK_IO_ERROR", facts);
    g_free(x->node);
    g_free(x);
}

/* Once a request: where its device is attached. */
static void tell_error(const pb_block *b, const struct pb_block_req *r, enum pb_on_error what)
{
    static const char *const actions[] = {"report", "ignore", "stop"};

    if (!b->node->m->event || !b->consumer || b->consumer->cls->kind != PB_KIND_DEVICE)
        return;
    if (g_atomic_int_add(&events_wait, 1) >= EVENTS_WAIT) {
        g_atomic_int_add(&events_wait, -1);
        return;
    }
    struct io_error *x = g_new(struct io_error, 1);
    *x = (struct io_error){b->node->m, g_strdup(b->node->name), r->op == PB_BLK_READ,
                           r->status == PB_ENOSPC, actions[what]};
    pb_main_soon(NULL, io_error, x);
}

gboolean pb_block_ends(pb_block *b, struct pb_block_req *r)
{
    enum pb_on_error what = r->op == PB_BLK_READ ? b->policy.read : b->policy.write;
    gboolean failed = r->status == PB_EIO || r->status == PB_ENOSPC;

    if (what == PB_ON_ERROR_ENOSPC)
        what = r->status == PB_ENOSPC ? PB_ON_ERROR_STOP : PB_ON_ERROR_REPORT;
    if (r->flags & PB_BLK_REPORT)
        what = PB_ON_ERROR_REPORT;
    if (failed)
        tell_error(b, r, what);
    if (failed && what != PB_ON_ERROR_REPORT) {
        if (what == PB_ON_ERROR_IGNORE)
            r->status = PB_OK;
        if (what == PB_ON_ERROR_STOP) {
            pthread_mutex_lock(&lock);
            gboolean keep = !b->refuses;
            if (keep) {
                if (!kept)
                    kept = g_ptr_array_new();
                g_ptr_array_add(kept, r);
                g_atomic_int_inc(&b->held);
                pb_main_soon(b->node, stop, b);
            }
            pthread_mutex_unlock(&lock); /* from here on main may end it, and the node */
            if (keep)
                return FALSE;
        }
    }
    if (r->op == PB_BLK_ZERO && r->n_iov)
        r->op = PB_BLK_WRITE; /* as it was */
    return TRUE;
}

/* Take the next kept request of `m` (and of `consumer`); its end in *b. */
static struct pb_block_req *take(struct pb_machine *m, const pb_dev *consumer, pb_block **b)
{
    struct pb_block_req *r = NULL;

    pthread_mutex_lock(&lock);
    for (guint i = 0; kept && i < kept->len && !r; i++) {
        *b = ((struct pb_block_req *)kept->pdata[i])->host[1];
        if ((*b)->node->m != m || (consumer && pb_medium_user(*b) != consumer))
            continue;
        r = g_ptr_array_remove_index(kept, i);
        g_atomic_int_add(&(*b)->held, -1);
    }
    pthread_mutex_unlock(&lock);
    return r;
}

void pb_block_retry(struct pb_machine *m)
{
    pb_block *b;
    guint n;

    pthread_mutex_lock(&lock);
    n = kept ? kept->len : 0; /* one that fails again at once waits for the next time */
    pthread_mutex_unlock(&lock);
    for (struct pb_block_req *r; n-- && (r = take(m, NULL, &b));)
        b->ops->submit(b->node->self, r);
}

void pb_block_give_up(struct pb_machine *m, const pb_dev *consumer)
{
    struct pb_block_req *r;
    pb_block *b;

    while ((r = take(m, consumer, &b)))
        pb_block_finish_late(b, r);
}

void pb_block_refuse(struct pb_machine *m, const pb_dev *consumer, gboolean on)
{
    pthread_mutex_lock(&lock);
    for (guint i = 0; i < m->devs->len; i++) {
        const pb_dev *node = m->devs->pdata[i];
        pb_block *b = node->cls->kind == PB_KIND_BLOCK ? node->backend : NULL;
        if (b && (!consumer || pb_medium_user(b) == consumer))
            b->refuses += on ? 1 : -1u;
    }
    pthread_mutex_unlock(&lock);
    if (on)
        pb_block_give_up(m, consumer);
}

gboolean pb_block_keeps(struct pb_machine *m)
{
    gboolean any = FALSE;

    pthread_mutex_lock(&lock);
    for (guint i = 0; kept && i < kept->len && !any; i++)
        any = ((pb_block *)((struct pb_block_req *)kept->pdata[i])->host[1])->node->m == m;
    pthread_mutex_unlock(&lock);
    return any;
}
