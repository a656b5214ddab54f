/* SPDX-License-Identifier: MIT */
/* fdio.c - see fdio.h. poll(2), write(2). Not modelled: nothing. */
#include "fdio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fdio_fail(const pb_host *h, pb_err *e, const char *what, const char *arg)
{
    char text[512];

    snprintf(text, sizeof text, "%s '%s': %s", what, arg ? arg : "", strerror(errno));
    return h->fail(e, PB_EIO, text);
}

#define FLUSH_NS 1000000

static void update_watch(struct fdio *f);

/* Give the device what was read. */
static void feed(struct fdio *f)
{
    int took = f->in_len ? f->chr->deliver(f->node, f->in + f->in_at, f->in_len) : 0;

    if (took > 0) {
        f->in_at += (uint32_t)took;
        f->in_len -= (uint32_t)took;
    }
    update_watch(f);
}

static void readable(struct fdio *f)
{
    uint32_t room = f->chr->device_room(f->node);
    ssize_t n;

    if (room == 0 || f->in_len) {
        feed(f);
        return;
    }
    n = read(f->rfd, f->in, room < sizeof f->in ? room : sizeof f->in);
    if (n > 0) {
        f->in_at = 0;
        f->in_len = (uint32_t)n;
        feed(f);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        int fd = f->rfd;
        f->rfd = -1;
        if (fd != f->wfd || !f->wants_out)
            f->thread->watch_fd(f->node, fd, 0, NULL, NULL);
        if (fd != f->wfd && !f->borrowed && !f->keep)
            close(fd);
        if (f->eof)
            f->eof(f->opaque);
    }
}

/* May write() be called now? A descriptor that stays blocking is asked first. */
static int writable(const struct fdio *f)
{
    struct pollfd p = {.fd = f->wfd, .events = POLLOUT};

    return !f->borrowed || poll(&p, 1, 0) > 0;
}

enum { FLUSH_IDLE, FLUSH_WROTE, FLUSH_BLOCKED };

/* Write what the ring holds. */
static int flush_some(struct fdio *f)
{
    int result = FLUSH_IDLE, starved;

    pthread_mutex_lock(&f->lock);
    f->timed = 0;
    while (f->len && f->wfd >= 0) {
        uint32_t run = FDIO_RING - f->head < f->len ? FDIO_RING - f->head : f->len;
        if (f->borrowed && run > 4096) /* what a pipe takes whole when it says it is ready */
            run = 4096;
        int can = f->hup || writable(f);
        ssize_t n = f->hup ? (ssize_t)run : can ? write(f->wfd, f->ring + f->head, run) : -1;
        if (can && n < 0 && errno == EINTR)
            continue;
        if (!can || (n < 0 && errno == EAGAIN)) {
            result = FLUSH_BLOCKED;
            break;
        }
        if (n < 0)
            n = run; /* nobody will ever read it: a lost peer must not stop the guest */
        f->head = (f->head + (uint32_t)n) % FDIO_RING;
        f->len -= (uint32_t)n;
        result = FLUSH_WROTE;
    }
    f->flushing = result != FLUSH_IDLE;
    starved = f->starved && f->len < FDIO_RING / 2;
    if (starved)
        f->starved = 0;
    pthread_mutex_unlock(&f->lock);
    if (starved)
        f->chr->drained(f->node);
    return result;
}

/* Flush, and see to the next flush. [main] */
static void flush(struct fdio *f)
{
    int result = flush_some(f);

    f->wants_out = result == FLUSH_BLOCKED;
    if (result != FLUSH_WROTE)
        return;
    pthread_mutex_lock(&f->lock);
    f->timed = 1;
    pthread_mutex_unlock(&f->lock);
    f->time->arm(f->timer, f->time->now(f->h, PB_CLK_REAL) + FLUSH_NS);
}

static void on_fd(void *opaque, uint32_t events)
{
    struct fdio *f = opaque;

    if ((events & 1) && !f->asked_in) /* not asked for: it says that the peer is gone */
        f->hup = 1;
    if ((events & 2) || f->hup) {
        flush(f);
        update_watch(f);
    }
    if ((events & 1) && f->rfd >= 0)
        readable(f);
}

/* On the output's own descriptor what was not asked for says that nobody reads any more. It says
 * nothing about the input, and a read() of a descriptor that stays blocking would wait. */
static void on_out(void *opaque, uint32_t events)
{
    struct fdio *f = opaque;

    if (events & 1)
        f->hup = 1;
    flush(f);
    update_watch(f);
}

static void update_watch(struct fdio *f)
{
    uint32_t in = f->rfd >= 0 && !f->in_len && f->chr->device_room(f->node) ? 1 : 0;
    uint32_t out = f->wfd >= 0 && f->wants_out && !f->hup ? 2 : 0;

    f->asked_in = in != 0;
    if (f->rfd >= 0 && f->rfd == f->wfd) {
        f->thread->watch_fd(f->node, f->rfd, in | out, on_fd, f);
        return;
    }
    if (f->rfd >= 0)
        f->thread->watch_fd(f->node, f->rfd, in, on_fd, f);
    if (f->wfd >= 0)
        f->thread->watch_fd(f->node, f->wfd, out, on_out, f);
}

static void flush_main(void *opaque)
{
    struct fdio *f = opaque;

    flush(f);
    if (f->wants_out)
        update_watch(f);
}

static void on_timer(void *opaque)
{
    struct fdio *f = opaque;
    f->thread->main_soon(f->node, flush_main, f);
}

static void rearm_main(void *opaque)
{
    feed(opaque);
}

static void on_accept(void *opaque)
{
    struct fdio *f = opaque;
    f->thread->main_soon(f->node, rearm_main, f);
}

int fdio_data(void *self, const uint8_t *buf, uint32_t n)
{
    struct fdio *f = self;
    uint32_t done = 0;
    int kick = 0;

    pthread_mutex_lock(&f->lock);
    while (done < n && f->len < FDIO_RING) {
        uint32_t at = (f->head + f->len) % FDIO_RING;
        uint32_t run = FDIO_RING - at;
        if (run > FDIO_RING - f->len)
            run = FDIO_RING - f->len;
        if (run > n - done)
            run = n - done;
        memcpy(f->ring + at, buf + done, run);
        f->len += run;
        done += run;
    }
    if (done < n)
        f->starved = 1;
    if (f->wfd >= 0 && f->len && (!f->flushing || (f->timed && f->len > FDIO_RING / 2))) {
        f->flushing = kick = 1;
        f->timed = 0;
    }
    pthread_mutex_unlock(&f->lock);
    if (kick)
        f->thread->main_soon(f->node, flush_main, f);
    return (int)done;
}

uint32_t fdio_room(void *self)
{
    struct fdio *f = self;
    pthread_mutex_lock(&f->lock);
    uint32_t room = FDIO_RING - f->len;
    pthread_mutex_unlock(&f->lock);
    return room;
}

void fdio_init(struct fdio *f, pb_dev *node, const pb_host *h)
{
    f->h = h;
    f->node = node;
    f->chr = h->get(h, PB_SVC_CHAR);
    f->thread = h->get(h, PB_SVC_THREAD);
    f->time = h->get(h, PB_SVC_TIME);
    f->timer = f->time->timer(node, "flush", PB_CLK_REAL, on_timer, f, NULL);
    f->rfd = f->wfd = -1;
    pthread_mutex_init(&f->lock, NULL);
    f->chr->on_accept(node, on_accept, f);
}

static void nonblock(int fd)
{
    int fl = fcntl(fd, F_GETFL);
    if (fl >= 0)
        fcntl(fd, F_SETFL, fl | O_NONBLOCK);
}

void fdio_start(struct fdio *f, int rfd, int wfd)
{
    if (!f->borrowed && rfd >= 0)
        nonblock(rfd);
    if (!f->borrowed && wfd >= 0)
        nonblock(wfd);
    pthread_mutex_lock(&f->lock);
    f->rfd = rfd;
    f->wfd = wfd;
    f->hup = 0;
    pthread_mutex_unlock(&f->lock);
    flush(f);
    update_watch(f);
}

void fdio_stop(struct fdio *f)
{
    int r = f->rfd, w = f->wfd;

    if (r >= 0)
        f->thread->watch_fd(f->node, r, 0, NULL, NULL);
    if (w >= 0 && w != r)
        f->thread->watch_fd(f->node, w, 0, NULL, NULL);
    pthread_mutex_lock(&f->lock);
    f->rfd = f->wfd = -1;
    f->flushing = f->timed = 0;
    pthread_mutex_unlock(&f->lock);
    f->time->disarm(f->timer);
    f->wants_out = 0;
    if (!f->borrowed && !f->keep) {
        if (r >= 0)
            close(r);
        if (w >= 0 && w != r)
            close(w);
    }
}

void fdio_forget(struct fdio *f)
{
    f->in_len = 0;
    pthread_mutex_lock(&f->lock);
    f->len = 0;
    f->starved = 0;
    pthread_mutex_unlock(&f->lock);
    f->chr->drained(f->node);
}

void fdio_fini(struct fdio *f)
{
    for (int i = 0; i < 10 && f->wfd >= 0 && flush_some(f) == FLUSH_BLOCKED; i++) {
        struct pollfd p = {.fd = f->wfd, .events = POLLOUT};
        poll(&p, 1, 100);
    }
    fdio_stop(f);
    pthread_mutex_destroy(&f->lock);
}
