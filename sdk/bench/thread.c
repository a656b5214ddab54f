/* SPDX-License-Identifier: MIT */
/* thread.c - pb.thread/1: workers, pool jobs and descriptors, all run inline by
 * pbt_settle(), one after the other, as [io] or [main]. */
#include "internal.h"

#include <poll.h>

struct pbt_watch {
    struct pbt_watch *next;
    pb_dev *d;
    int fd;
    uint32_t events, seen;
    void (*fn)(void *, uint32_t);
    void *opaque;
};

static void thread_enter(pb_dev *d)
{
    pbt *b = d->b;

    if (b->held)
        pbt__die(b, "enter('%s') while a domain is held", d->name);
    if (b->tag == TAG_DEV)
        pbt__die(b, "enter('%s') from [dev] code", d->name);
    if (!(d->cls && (d->cls->flags & PB_DEV_PARALLEL))) {
        b->held = d->domain;
        d->domain->held = 1;
    }
}

static void thread_leave(pb_dev *d)
{
    pbt *b = d->b;

    if (!(d->cls && (d->cls->flags & PB_DEV_PARALLEL))) {
        if (b->held != d->domain || b->tag == TAG_DEV)
            pbt__die(b, "leave('%s') without enter()", d->name);
        d->domain->held = 0;
        b->held = NULL;
    }
    if (b->inbox)
        pbt__drain_inbox(b);
}

static pb_worker *thread_worker(pb_dev *d, const char *name, void (*fn)(void *), void *opaque,
                                pb_err *e)
{
    (void)name, (void)e;
    pbt__need_main(d->b, "pb.thread worker()");
    pb_worker *w = pbt__alloc(sizeof *w);
    *w = (pb_worker){d, d->workers, fn, opaque, 0};
    d->workers = w;
    return w;
}

static void thread_kick(pb_worker *w)
{
    w->kicked = 1;
}

void pbt__job(pb_dev *d, int tag, void (*pre)(void *), void (*fn)(void *), void *opaque)
{
    pbt *b = d->b;
    struct pbt_job *j = pbt__alloc(sizeof *j);

    *j = (struct pbt_job){.d = d, .tag = tag, .pre = pre, .fn = fn, .opaque = opaque};
    *b->jobs_tail = j;
    b->jobs_tail = &j->next;
}

static void thread_pool(pb_dev *node, void (*fn)(void *), void (*done)(void *), void *opaque)
{
    pbt__job(node, TAG_IO, fn, done, opaque);
}

static void thread_main_soon(pb_dev *node, void (*fn)(void *), void *opaque)
{
    pbt__job(node, TAG_MAIN, NULL, fn, opaque);
}

static int thread_watch_fd(pb_dev *node, int32_t fd, uint32_t events,
                           void (*fn)(void *, uint32_t), void *opaque)
{
    pbt *b = node->b;
    struct pbt_watch **p = &b->watches;

    pbt__need_main(b, "pb.thread watch_fd()");
    while (*p && (*p)->fd != fd)
        p = &(*p)->next;
    if (events == 0) {
        struct pbt_watch *w = *p;
        if (w) {
            *p = w->next;
            free(w);
        }
        return PB_OK;
    }
    if (!*p)
        *p = pbt__alloc(sizeof **p);
    struct pbt_watch *next = (*p)->next;
    **p = (struct pbt_watch){next, node, fd, events, 0, fn, opaque};
    return PB_OK;
}

uint32_t pbt__poll_fds(pbt *b)
{
    uint32_t fired = 0;

    for (struct pbt_watch *w = b->watches; w; w = w->next)
        w->seen = 0;
    for (;;) { /* a callback may change the list: begin again after each */
        struct pbt_watch *w = b->watches;
        while (w && w->seen)
            w = w->next;
        if (!w)
            return fired;
        w->seen = 1;
        struct pollfd p = {w->fd, (short)(((w->events & 1) ? POLLIN : 0) |
                                          ((w->events & 2) ? POLLOUT : 0)), 0};
        if (poll(&p, 1, 0) <= 0)
            continue;
        struct pbt_ctx c;
        uint32_t ev = ((p.revents & (POLLIN | POLLHUP | POLLERR)) ? 1u : 0) |
                      ((p.revents & (POLLOUT | POLLERR)) ? 2u : 0);
        pb_dev *d = w->d;
        if (!(ev & w->events))
            continue;
        pbt__enter(b, &c, TAG_MAIN, d);
        w->fn(w->opaque, ev & w->events);
        pbt__leave(b, &c, d);
        fired++;
    }
}

void pbt__drop_watches(pb_dev *d)
{
    for (struct pbt_watch **p = &d->b->watches; *p;) {
        struct pbt_watch *w = *p;
        if (w->d == d) {
            *p = w->next;
            free(w);
        } else {
            p = &w->next;
        }
    }
}

static uint32_t run_workers(pbt *b)
{
    uint32_t n = 0;

    for (pb_dev *d = b->devs; d; d = d->next) {
        for (pb_worker *w = d->workers; w; w = w->next) {
            struct pbt_ctx c;
            if (!w->kicked)
                continue;
            w->kicked = 0;
            n++;
            pbt__enter(b, &c, TAG_IO, d);
            w->fn(w->opaque);
            pbt__leave(b, &c, d);
        }
    }
    return n;
}

static uint32_t run_jobs(pbt *b)
{
    uint32_t n = 0;

    while (b->jobs && n < 100000) {
        struct pbt_job *j = b->jobs;
        struct pbt_ctx c;
        b->jobs = j->next;
        if (!b->jobs)
            b->jobs_tail = &b->jobs;
        n++;
        if (j->pre)
            j->pre(j->opaque);
        pbt__enter(b, &c, j->tag, j->d);
        j->fn(j->opaque);
        pbt__leave(b, &c, j->d);
        free(j);
    }
    return n;
}

void pbt_settle(pbt *b)
{
    if (b->held)
        pbt__die(b, "pbt_settle() while a domain is held");
    for (uint32_t round = 0;; round++) {
        if (round == 10000)
            pbt__die(b, "work begets work: 10000 rounds and still busy");
        if (b->inbox)
            pbt__drain_inbox(b);
        pbt__drain_soon(b);
        uint32_t n = run_jobs(b);
        n += run_workers(b);
        n += b->watches && round < 100 ? pbt__poll_fds(b) : 0;
        if (!n && !b->soon && !b->inbox)
            return;
    }
}

const struct pb_svc_thread pbt__svc_thread = {
    .size = sizeof pbt__svc_thread, .enter = thread_enter, .leave = thread_leave,
    .worker = thread_worker, .kick = thread_kick, .watch_fd = thread_watch_fd,
    .pool = thread_pool, .main_soon = thread_main_soon,
};
