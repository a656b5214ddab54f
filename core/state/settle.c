/* SPDX-License-Identifier: MIT */
/* settle.c - a stopped machine comes to rest before its state is taken: no request in flight, no
 * line change on its way, no timer between its time and the end of its callback, no worker at work.
 *
 * The policy of a drive may keep a request until a "cont": then there is no state to be had. Behind
 * that check devices wait for requests of theirs where nobody would hear a "cont", so none is kept.
 * What one device does on the way, another hears of: as many rounds as it takes.
 */
#include "state.h"

#include "../backend/block-policy.h"
#include "../thread/thread.h"
#include "../time/clock.h"

#define MOST_ROUNDS 1000 /* a line that two devices toggle for ever must not stop the emulator */

/* What is at the drives has come back; FALSE: the policy of one keeps a request. */
static gboolean settle_drives(struct pb_machine *m)
{
    for (guint i = 0; i < m->devs->len; i++) {
        const pb_dev *d = g_ptr_array_index(m->devs, i);
        if (d->realized && d->cls->kind == PB_KIND_BLOCK)
            pb_block_service.drain(d->backend);
    }
    return !pb_block_keeps(m);
}

static gboolean has_work(struct pb_machine *m)
{
    for (guint i = 0; i < m->devs->len; i++)
        if (pb_domain_has_work(((pb_dev *)g_ptr_array_index(m->devs, i))->domain))
            return TRUE;
    return FALSE;
}

/* What one device does on, another may hear of. */
static void settle_devices(struct pb_machine *m)
{
    for (guint i = 0; i < m->devs->len; i++) {
        pb_dev *d = g_ptr_array_index(m->devs, i);
        const struct pb_device_class *c = d->cls->table;
        if (d->realized && d->cls->kind == PB_KIND_DEVICE &&
            PB_HAS(struct pb_device_class, c, drain))
            c->drain(d->self);
    }
    for (guint i = 0; i < m->devs->len; i++) {
        struct pb_domain *dom = ((pb_dev *)g_ptr_array_index(m->devs, i))->domain;
        pb_domain_lock(dom);
        pb_tl.held = dom;
        pb_domain_unlock(dom);
    }
}

gboolean pb_state_rest(struct pb_machine *m)
{
    int rounds = 0;

    pb_block_refuse(m, NULL, TRUE);
    gboolean worked;
    do {
        pb_time_settle();
        worked = pb_workers_settle();
        settle_devices(m);
    } while ((worked || has_work(m)) && ++rounds < MOST_ROUNDS);
    pb_block_refuse(m, NULL, FALSE);
    return rounds < MOST_ROUNDS;
}

int pb_state_settle(struct pb_machine *m, pb_err *e)
{
    if (!settle_drives(m))
        return pb_err_set(e, PB_EBUSY, "a request waits for the host's disk: 'cont' first");
    if (!pb_state_rest(m))
        return pb_err_set(e, PB_EBUSY, "the devices do not come to rest: end the guest's DMA");
    return PB_OK;
}
