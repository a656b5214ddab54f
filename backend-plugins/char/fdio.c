/* SPDX-License-Identifier: MIT */
/* fdio.c - see fdio.h. */
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

static void update_watch(struct fdio *f);

static void readable(struct fdio *f)
{
    uint8_t buf[4096];
    uint32_t room = f->chr->device_room(f->node);
    ssize_t n;

    if (room == 0) {
        update_watch(f);
        return;
    }
    if (room > sizeof buf)
        room = sizeof buf;
    n = read(f->rfd, buf, room);
    if (n > 0) {
        /* A mux may keep an escape; what the device cannot take after all is lost as on a
         * line without flow control, and room() said that does not happen. */
        f->chr->deliver(f->node, buf, (uint32_t)n);
        update_watch(f);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        int fd = f->rfd;
        f->rfd = -1;
        if (fd != f->wfd || !f->wants_out)
            f->thread->watch_fd(f->node, fd, 0, NULL, NULL);
        if (fd != f->wfd && !f->borrowed)
            close(fd);
        if (f->eof)
            f->eof(f->opaque);
    }
}

/* Write what the ring holds. 1 when the descriptor would block. */
static int flush_some(struct fdio *f)
{
    int blocked = 0, starved;

    pthread_mutex_lock(&f->lock);
    while (f->len && f->wfd >= 0) {
        uint32_t run = FDIO_RING - f->head < f->len ? FDIO_RING - f->head : f->len;
        ssize_t n = write(f->wfd, f->ring + f->head, run);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) {
            blocked = 1;
            break;
        }
        if (n < 0)
            n = run; /* nobody will ever read it: a full pipe must not stop the guest */
        f->head = (f->head + (uint32_t)n) % FDIO_RING;
        f->len -= (uint32_t)n;
    }
    f->flushing = blocked;
    starved = f->starved && f->len < FDIO_RING / 2;
    if (starved)
        f->starved = 0;
    pthread_mutex_unlock(&f->lock);
    if (starved)
        f->chr->drained(f->node);
    return blocked;
}

static void on_fd(void *opaque, uint32_t events)
{
    struct fdio *f = opaque;

    if (events & 2) {
        f->wants_out = flush_some(f);
        update_watch(f);
    }
    if ((events & 1) && f->rfd >= 0)
        readable(f);
}

static void update_watch(struct fdio *f)
{
    uint32_t in = f->rfd >= 0 && f->chr->device_room(f->node) ? 1 : 0;
    uint32_t out = f->wfd >= 0 && f->wants_out ? 2 : 0;

    if (f->rfd >= 0 && f->rfd == f->wfd) {
        f->thread->watch_fd(f->node, f->rfd, in | out, on_fd, f);
        return;
    }
    if (f->rfd >= 0)
        f->thread->watch_fd(f->node, f->rfd, in, on_fd, f);
    if (f->wfd >= 0)
        f->thread->watch_fd(f->node, f->wfd, out, on_fd, f);
}

static void flush_main(void *opaque)
{
    struct fdio *f = opaque;

    f->wants_out = flush_some(f);
    if (f->wants_out)
        update_watch(f);
}

static void rearm_main(void *opaque)
{
    update_watch(opaque);
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
    if (done && !f->flushing && f->wfd >= 0)
        f->flushing = kick = 1;
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
    f->flushing = f->len > 0;
    pthread_mutex_unlock(&f->lock);
    f->wants_out = flush_some(f);
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
    f->flushing = 0;
    pthread_mutex_unlock(&f->lock);
    f->wants_out = 0;
    if (!f->borrowed) {
        if (r >= 0)
            close(r);
        if (w >= 0 && w != r)
            close(w);
    }
}

void fdio_fini(struct fdio *f)
{
    for (int i = 0; i < 10 && f->wfd >= 0 && flush_some(f); i++) {
        struct pollfd p = {.fd = f->wfd, .events = POLLOUT};
        poll(&p, 1, 100);
    }
    fdio_stop(f);
    pthread_mutex_destroy(&f->lock);
}
