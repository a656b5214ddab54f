/* SPDX-License-Identifier: MIT */
/* uring.c - reads, writes and syncs through io_uring.
 *
 * One ring a file. Any thread submits under `lock`; one thread waits for completions and
 * calls done(). A short transfer, or an error that a plain call may repair, is finished by
 * file_do() on that thread. Everything else (discard, zero, FUA) is left to the pool.
 */
#include "file.h"

#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#define DEPTH 256

struct uring {
    struct file *f;
    struct io_uring ring;
    pthread_mutex_t lock;
    pthread_t thread;
    uint32_t handed; /* atomic: orders a request's writes before its completion's reads,
                        which the kernel's part in between does not in C's terms */
};

static void *reap(void *opaque)
{
    struct uring *u = opaque;
    struct io_uring_cqe *c;

    for (;;) {
        int rc = io_uring_wait_cqe(&u->ring, &c);
        if (rc == -EINTR)
            continue;
        if (rc < 0)
            return NULL;
        (void)__atomic_load_n(&u->handed, __ATOMIC_ACQUIRE);
        struct pb_block_req *r = io_uring_cqe_get_data(c);
        int64_t res = c->res;
        io_uring_cqe_seen(&u->ring, c);
        if (!r)
            return NULL; /* uring_free() asked */
        if (r->op == PB_BLK_FLUSH ? res == 0 : res == (int64_t)r->bytes)
            r->status = PB_OK;
        else
            r->status = file_do(u->f, r);
        r->done(r);
    }
}

struct uring *uring_new(struct file *f)
{
    struct uring *u = calloc(1, sizeof *u);

    if (!u)
        return NULL;
    u->f = f;
    pthread_mutex_init(&u->lock, NULL);
    if (io_uring_queue_init(DEPTH, &u->ring, 0) < 0) {
        free(u);
        return NULL;
    }
    if (pthread_create(&u->thread, NULL, reap, u)) {
        io_uring_queue_exit(&u->ring);
        free(u);
        return NULL;
    }
    return u;
}

/* Hand the entry to the kernel: it may be short of memory or have too many completions,
 * which the other thread is fetching. Holds lock. */
static void push(struct uring *u)
{
    int rc;

    while ((rc = io_uring_submit(&u->ring)) == -EINTR || rc == -EAGAIN || rc == -EBUSY)
        sched_yield();
}

int uring_submit(struct uring *u, struct pb_block_req *r)
{
    struct iovec *v = (struct iovec *)(void *)r->iov; /* struct pb_iov is laid out alike */
    struct io_uring_sqe *s;
    int ok;

    if (r->op > PB_BLK_FLUSH || (r->flags & PB_BLK_FUA) || r->n_iov > 1024 ||
        (r->op == PB_BLK_FLUSH && u->f->no_flush))
        return 0;
    pthread_mutex_lock(&u->lock);
    s = io_uring_get_sqe(&u->ring);
    ok = s != NULL;
    if (ok) {
        if (r->op == PB_BLK_FLUSH)
            io_uring_prep_fsync(s, u->f->fd, IORING_FSYNC_DATASYNC);
        else if (r->op == PB_BLK_READ)
            io_uring_prep_readv(s, file_fd(u->f, r), v, r->n_iov, r->offset);
        else
            io_uring_prep_writev(s, file_fd(u->f, r), v, r->n_iov, r->offset);
        io_uring_sqe_set_data(s, r);
        __atomic_fetch_add(&u->handed, 1, __ATOMIC_RELEASE);
        push(u);
    }
    pthread_mutex_unlock(&u->lock);
    return ok;
}

void uring_free(struct uring *u)
{
    pthread_mutex_lock(&u->lock);
    struct io_uring_sqe *s = io_uring_get_sqe(&u->ring);
    io_uring_prep_nop(s);
    io_uring_sqe_set_data(s, NULL);
    push(u);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    io_uring_queue_exit(&u->ring);
    pthread_mutex_destroy(&u->lock);
    free(u);
}
