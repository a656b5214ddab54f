/* SPDX-License-Identifier: MIT */
/* loop.c - slirp's callbacks and the thread that polls its sockets.
 *
 * libslirp is single-threaded: `lock` is held around every call into it. Frames from the
 * guest enter it on the guest's thread when it is free. When it is not, or not there yet, they
 * wait in the inbox for this thread: the guest's may hold locks of the device that this one,
 * giving the device a frame, is waiting for. Otherwise this thread is only woken when sockets may
 * have changed. A frame that the guest has no room for waits in the backlog, and while there is
 * a backlog the sockets are not read, so that TCP slows the sender down.
 */
#include "user.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- Callbacks; all under lock ------------------------------------------------------------- */

static int offer(struct user *u, const void *buf, size_t len)
{
    struct pb_iov v = {(void *)(uintptr_t)buf, len};
    return u->net->to_device(u->node, &v, 1, 0);
}

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
    struct user *u = opaque;

    if (!u->backlog && offer(u, buf, len) != PB_EAGAIN)
        return (ssize_t)len;
    struct frame *f = u->n_backlog < BACKLOG_MAX ? malloc(sizeof *f + len) : NULL;
    if (!f)
        return (ssize_t)len; /* lost, as on a full switch */
    f->next = NULL;
    f->len = (uint32_t)len;
    memcpy(f->data, buf, len);
    *u->backlog_end = f;
    u->backlog_end = &f->next;
    u->n_backlog++;
    return (ssize_t)len;
}

void loop_flush_backlog(struct user *u)
{
    while (u->backlog && offer(u, u->backlog->data, u->backlog->len) != PB_EAGAIN) {
        struct frame *f = u->backlog;
        u->backlog = f->next;
        if (!u->backlog)
            u->backlog_end = &u->backlog;
        u->n_backlog--;
        free(f);
    }
}

int loop_input(struct user *u, const uint8_t *data, uint32_t len)
{
    struct frame *f;
    int rc = (int)len, there = __atomic_load_n(&u->slirp, __ATOMIC_ACQUIRE) != NULL;

    if (__atomic_load_n(&u->failed, __ATOMIC_ACQUIRE))
        return rc; /* lost, as on an unplugged cable */
    if (!there)
        user_want_slirp(u);
    else if (loop_start(u) < 0)
        return PB_EAGAIN;
    if (there && !__atomic_load_n(&u->n_inbox, __ATOMIC_ACQUIRE) &&
        !pthread_mutex_trylock(&u->lock)) {
        u->part->input(u->slirp, data, (int)len);
        pthread_mutex_unlock(&u->lock);
        loop_wake(u);
        return rc;
    }
    f = malloc(sizeof *f + len);
    pthread_mutex_lock(&u->in_lock);
    if (f && u->n_inbox < BACKLOG_MAX) {
        f->next = NULL;
        f->len = len;
        memcpy(f->data, data, len);
        *u->inbox_end = f;
        u->inbox_end = &f->next;
        __atomic_store_n(&u->n_inbox, u->n_inbox + 1, __ATOMIC_RELEASE);
    } else {
        free(f);
        u->turned_away = 1;
        rc = PB_EAGAIN;
    }
    pthread_mutex_unlock(&u->in_lock);
    loop_wake(u);
    return rc;
}

/* What waits in the inbox goes in; was a frame turned away? Holds lock, so that no younger
 * frame overtakes these. */
static int drain_inbox(struct user *u)
{
    pthread_mutex_lock(&u->in_lock);
    struct frame *f = u->inbox, *next;
    int away = u->turned_away;
    u->inbox = NULL;
    u->inbox_end = &u->inbox;
    u->turned_away = 0;
    __atomic_store_n(&u->n_inbox, 0, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&u->in_lock);
    for (; f; f = next) {
        next = f->next;
        u->part->input(u->slirp, f->data, (int)f->len);
        free(f);
    }
    return away;
}

static void guest_error(const char *msg, void *opaque)
{
    struct user *u = opaque;
    u->h->log(u->h, u->node, PB_LOG_GUEST, msg);
}

static int64_t clock_ns(void *opaque)
{
    struct user *u = opaque;
    return u->time->now(u->h, PB_CLK_VIRTUAL);
}

static void *timer_new(SlirpTimerCb cb, void *cb_opaque, void *opaque)
{
    struct user *u = opaque;
    struct slirp_timer *t = calloc(1, sizeof *t);

    if (!t)
        abort(); /* libslirp does not check */
    t->fn = cb;
    t->opaque = cb_opaque;
    t->when = -1;
    t->next = u->timers;
    u->timers = t;
    return t;
}

static void timer_free(void *timer, void *opaque)
{
    struct user *u = opaque;

    for (struct slirp_timer **p = &u->timers; *p; p = &(*p)->next)
        if (*p == timer) {
            *p = (*p)->next;
            free(timer);
            return;
        }
}

static void timer_mod(void *timer, int64_t expire_ms, void *opaque)
{
    struct slirp_timer *t = timer;
    t->when = expire_ms;
    loop_wake(opaque);
}

static void no_fd(int fd, void *opaque) /* the poll set is made anew each time */
{
    (void)fd;
    (void)opaque;
}

static void notify(void *opaque)
{
    loop_wake(opaque);
}

const SlirpCb user_callbacks = {
    .send_packet = send_packet,
    .guest_error = guest_error,
    .clock_get_ns = clock_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = no_fd,
    .unregister_poll_fd = no_fd,
    .notify = notify,
};

/* ---- The thread ------------------------------------------------------------------------------ */

static int add_poll(int fd, int events, void *opaque)
{
    struct user *u = opaque;
    short ev = 0;

    if (u->n_fds == u->cap_fds) {
        uint32_t cap = u->cap_fds * 2;
        struct pollfd *p = realloc(u->fds, cap * sizeof *p);
        if (!p)
            return -1;
        u->fds = p;
        u->cap_fds = cap;
    }
    ev |= events & SLIRP_POLL_IN ? POLLIN : 0;
    ev |= events & SLIRP_POLL_OUT ? POLLOUT : 0;
    ev |= events & SLIRP_POLL_PRI ? POLLPRI : 0;
    u->fds[u->n_fds] = (struct pollfd){.fd = fd, .events = ev};
    return (int)u->n_fds++;
}

static int get_revents(int i, void *opaque)
{
    struct user *u = opaque;
    short r = i >= 0 && (uint32_t)i < u->n_fds ? u->fds[i].revents : 0;

    return (r & POLLIN ? SLIRP_POLL_IN : 0) | (r & POLLOUT ? SLIRP_POLL_OUT : 0) |
           (r & POLLPRI ? SLIRP_POLL_PRI : 0) | (r & POLLERR ? SLIRP_POLL_ERR : 0) |
           (r & POLLHUP ? SLIRP_POLL_HUP : 0);
}

/* Run due timers; ms until the next one, at most `most`. */
static uint32_t run_timers(struct user *u, uint32_t most)
{
    int64_t now = clock_ns(u) / 1000000;

    for (struct slirp_timer *t = u->timers, *next; t; t = next) {
        next = t->next;
        if (t->when >= 0 && t->when <= now) {
            t->when = -1;
            t->fn(t->opaque);
        }
    }
    for (struct slirp_timer *t = u->timers; t; t = t->next)
        if (t->when >= 0 && t->when - now < most)
            most = (uint32_t)(t->when > now ? t->when - now : 0);
    return most;
}

static void *loop(void *opaque)
{
    struct user *u = opaque;

    pthread_setname_np(pthread_self(), "net-user");
    while (!__atomic_load_n(&u->quit, __ATOMIC_ACQUIRE)) {
        uint32_t timeout = 1000;
        uint64_t drop;
        pthread_mutex_lock(&u->lock);
        int away = drain_inbox(u);
        loop_flush_backlog(u);
        int held = u->backlog != NULL;
        u->n_fds = 0;
        add_poll(u->wake, SLIRP_POLL_IN, u);
        if (!held)
            u->part->pollfds_fill(u->slirp, &timeout, add_poll, u);
        timeout = run_timers(u, timeout);
        pthread_mutex_unlock(&u->lock);
        if (away)
            u->net->wire_ready(u->node);
        int rc = poll(u->fds, u->n_fds, (int)timeout);
        if (rc > 0 && u->fds[0].revents && read(u->wake, &drop, sizeof drop) < 0)
            drop = 0;
        __atomic_store_n(&u->woken, 0, __ATOMIC_SEQ_CST); /* before it looks at anything */
        if (held)
            continue;
        pthread_mutex_lock(&u->lock);
        u->part->pollfds_poll(u->slirp, rc < 0, get_revents, u);
        pthread_mutex_unlock(&u->lock);
    }
    return NULL;
}

void loop_wake(struct user *u)
{
    uint64_t one = 1;

    if (!__atomic_load_n(&u->started, __ATOMIC_ACQUIRE))
        return; /* it will look at everything when it starts */
    if (__atomic_exchange_n(&u->woken, 1, __ATOMIC_SEQ_CST))
        return; /* it has not begun to look since it was last told */
    if (write(u->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        u->h->log(u->h, u->node, PB_LOG_ERROR, "user network: cannot wake its thread");
}

int loop_start(struct user *u)
{
    int rc = PB_OK;

    if (__atomic_load_n(&u->started, __ATOMIC_ACQUIRE))
        return PB_OK;
    pthread_mutex_lock(&u->in_lock);
    if (!u->started) {
        u->cap_fds = 64;
        u->fds = malloc(u->cap_fds * sizeof *u->fds);
        if (u->fds && !pthread_create(&u->thread, NULL, loop, u))
            __atomic_store_n(&u->started, 1, __ATOMIC_RELEASE);
        else
            rc = PB_ENOMEM;
    }
    pthread_mutex_unlock(&u->in_lock);
    return rc;
}

static void free_frames(struct frame *f)
{
    while (f) {
        struct frame *next = f->next;
        free(f);
        f = next;
    }
}

void loop_stop(struct user *u)
{
    __atomic_store_n(&u->quit, 1, __ATOMIC_RELEASE);
    loop_wake(u);
    if (u->started)
        pthread_join(u->thread, NULL);
    free(u->fds);
    free_frames(u->backlog);
    free_frames(u->inbox);
}
