/* SPDX-License-Identifier: MIT */
/* console.c - what programs call ":tt": a character backend, or the process's standard error.
 *
 * A call that the backend or a person makes wait comes again and goes on where it was: a vCPU that
 * waited in here could not be stopped.
 */
#include "semihosting.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_NS 5000000

static uint32_t room(void *self)
{
    struct semihosting *s = self;

    pthread_mutex_lock(&s->in_lock);
    uint32_t n = INPUT - s->in_n;
    pthread_mutex_unlock(&s->in_lock);
    return n;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct semihosting *s = self;

    pthread_mutex_lock(&s->in_lock);
    n = n < INPUT - s->in_n ? n : INPUT - s->in_n;
    memcpy(s->in + s->in_n, buf, n);
    s->in_n += n;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->in_lock);
    return (int)n;
}

static void drained(void *self)
{
    struct semihosting *s = self;

    pthread_mutex_lock(&s->in_lock);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->in_lock);
}

/* in_lock is held. */
static void wait_a_little(struct semihosting *s)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += WAIT_NS;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&s->moved, &s->in_lock, &t);
}

int console_open(struct semihosting *s, pb_err *e)
{
    static const struct pb_char_ops ops = {sizeof ops, 0, room, data, NULL};
    pthread_condattr_t a;

    pthread_condattr_init(&a);
    pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->in_lock, NULL);
    pthread_cond_init(&s->moved, &a);
    pthread_condattr_destroy(&a);
    if (!s->c)
        return PB_OK;
    if (s->chr->attach(s->c, &ops, s) < 0)
        return s->h->fail(e, PB_EBUSY, "semihosting: its chardev is another device's already");
    s->chr->on_drained(s->c, drained, s);
    return PB_OK;
}

void console_close(struct semihosting *s)
{
    pthread_mutex_destroy(&s->in_lock);
    pthread_cond_destroy(&s->moved);
}

/* How many were taken; 0: none now; -1: nobody will take them. */
static int64_t give(struct semihosting *s, const uint8_t *buf, uint32_t n)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (s->c) {
        int got = s->chr->write(s->c, buf, n);
        if (got > 0)
            return got;
        pthread_mutex_lock(&s->in_lock);
        wait_a_little(s);
        pthread_mutex_unlock(&s->in_lock);
        return 0;
    }
    if (poll(&p, 1, WAIT_NS / 1000000) <= 0)
        return 0;
    ssize_t got = write(STDERR_FILENO, buf, n);
    return got >= 0 ? got : errno == EINTR || errno == EAGAIN ? 0 : -1;
}

int64_t console_write(struct call *k, uint64_t va, uint64_t n)
{
    struct semihosting *s = k->s;
    uint64_t from = transfer_begin(k, va, n), done = from;
    uint8_t buf[CHUNK];

    while (done < n) {
        uint32_t part = n - done < CHUNK ? (uint32_t)(n - done) : CHUNK;
        if (done - from >= AT_ONCE)
            return transfer_later(k, va, n, done);
        if (!get_bytes(k, va + done, buf, part))
            return failed(s, EFAULT);
        int64_t got = give(s, buf, part);
        if (got < 0)
            return failed(s, EIO);
        if (got == 0)
            return transfer_later(k, va, n, done);
        done += (uint64_t)got;
    }
    return 0;
}

int64_t console_read(struct semihosting *s, uint8_t *buf, uint32_t n)
{
    if (!s->c)
        return 0;
    pthread_mutex_lock(&s->in_lock);
    if (!s->in_n)
        wait_a_little(s);
    n = n < s->in_n ? n : s->in_n;
    memcpy(buf, s->in, n);
    s->in_n -= n;
    memmove(s->in, s->in + n, s->in_n);
    pthread_mutex_unlock(&s->in_lock);
    if (n)
        s->chr->accept(s->c);
    return n ? (int64_t)n : AGAIN;
}
