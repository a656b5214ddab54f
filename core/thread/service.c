/* SPDX-License-Identifier: MIT */
/* service.c - pb.thread/1: domains from I/O code, workers, descriptors, main loop calls. */
#include "thread.h"

#include <glib-unix.h>

/* ---- Workers --------------------------------------------------------------------------- */

struct pb_worker {
    pb_dev *d;
    char *name;
    void (*fn)(void *opaque);
    void *opaque;
    pthread_t thread;
    _Atomic uint32_t kicks; /* KICKED, ASLEEP, QUIT */
    gboolean stopped;
    struct pb_worker *next;
};
#define KICKED 1u
#define ASLEEP 2u
#define QUIT 4u

static struct pb_worker *workers; /* [main] */

static void *worker_thread(void *arg)
{
    struct pb_worker *w = arg;

    pb_tl.kind = PB_THREAD_IO;
    for (;;) {
        uint32_t k = atomic_fetch_and(&w->kicks, ~KICKED);
        if (k & QUIT)
            return NULL;
        if (k & KICKED) {
            w->fn(w->opaque);
            continue;
        }
        uint32_t none = 0;
        if (atomic_compare_exchange_strong(&w->kicks, &none, ASLEEP)) {
            pb_futex_wait(&w->kicks, ASLEEP, NULL);
            atomic_fetch_and(&w->kicks, ~ASLEEP);
        }
    }
}

static void worker_signal(struct pb_worker *w, uint32_t what)
{
    if (atomic_fetch_or(&w->kicks, what) & ASLEEP)
        pb_futex_wake(&w->kicks, 1);
}

static pb_worker *thread_worker(pb_dev *d, const char *name, void (*fn)(void *), void *opaque,
                                pb_err *e)
{
    struct pb_worker *w = g_new0(struct pb_worker, 1);

    PB_ASSERT_MAIN();
    w->d = d;
    w->name = g_strndup(name, 15); /* what the kernel takes */
    w->fn = fn;
    w->opaque = opaque;
    int rc = pthread_create(&w->thread, NULL, worker_thread, w);
    if (rc != 0) {
        pb_err_set(e, PB_ENOMEM, "cannot start a thread for '%s': %s", d->name, g_strerror(rc));
        g_free(w->name);
        g_free(w);
        return NULL;
    }
    pthread_setname_np(w->thread, w->name);
    w->next = workers;
    workers = w;
    return w;
}

static void thread_kick(pb_worker *w)
{
    worker_signal(w, KICKED);
}

void pb_workers_stop(pb_dev *d)
{
    for (struct pb_worker *w = workers; w; w = w->next) {
        if (w->d != d || w->stopped)
            continue;
        worker_signal(w, QUIT);
        pthread_join(w->thread, NULL);
        w->stopped = TRUE;
    }
}

static gboolean worker_busy(const struct pb_worker *w)
{
    return !w->stopped && (atomic_load(&w->kicks) & (KICKED | ASLEEP)) != ASLEEP;
}

/* Runs the main loop meanwhile, as a drain does: what a worker waits for may need it. */
gboolean pb_workers_settle(void)
{
    gboolean any = FALSE;

    pb_main_nest(TRUE);
    for (struct pb_worker *w = workers; w; w = w->next) {
        while (worker_busy(w)) {
            any = TRUE;
            if (!g_main_context_iteration(NULL, FALSE))
                g_usleep(50);
        }
    }
    pb_main_nest(FALSE);
    return any;
}

static void free_workers(pb_dev *d)
{
    for (struct pb_worker **p = &workers; *p;) {
        struct pb_worker *w = *p;
        if (w->d != d) {
            p = &w->next;
            continue;
        }
        *p = w->next;
        g_free(w->name);
        g_free(w);
    }
}

/* ---- Main loop: watches and calls ------------------------------------------------------- */

struct watch {
    pb_dev *d;
    int fd;
    guint source;
    void (*fn)(void *opaque, uint32_t events);
    void *opaque;
};

struct call {
    pb_dev *d;
    guint source;
    gboolean turn; /* not while the main loop is nested */
    void (*fn)(void *opaque);
    void *opaque;
};

static guint nested; /* [main] */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of both lists */
static GPtrArray *watches, *calls;

static gboolean watch_ready(gint fd, GIOCondition c, gpointer user)
{
    struct watch *w = user;
    uint32_t events = 0;

    (void)fd;
    if (c & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        events |= 1;
    if (c & (G_IO_OUT | G_IO_ERR))
        events |= 2;
    w->fn(w->opaque, events);
    return G_SOURCE_CONTINUE;
}

static struct watch *watch_find(int fd)
{
    for (guint i = 0; watches && i < watches->len; i++)
        if (((struct watch *)g_ptr_array_index(watches, i))->fd == fd)
            return g_ptr_array_index(watches, i);
    return NULL;
}

static void watch_remove(struct watch *w)
{
    g_source_remove(w->source);
    g_ptr_array_remove_fast(watches, w); /* freed by the source's destroy notify */
}

static int thread_watch_fd(pb_dev *node, int32_t fd, uint32_t events,
                           void (*fn)(void *, uint32_t), void *opaque)
{
    int rc = PB_OK;

    PB_ASSERT_MAIN();
    pthread_mutex_lock(&lock);
    struct watch *w = watch_find(fd);
    if (w && w->d != node) {
        rc = PB_EBUSY;
    } else {
        if (w)
            watch_remove(w);
        if (events) {
            w = g_new0(struct watch, 1);
            *w = (struct watch){.d = node, .fd = fd, .fn = fn, .opaque = opaque};
            w->source = g_unix_fd_add_full(G_PRIORITY_DEFAULT, fd,
                                           (events & 1 ? G_IO_IN : 0) |
                                               (events & 2 ? G_IO_OUT : 0),
                                           watch_ready, w, g_free);
            if (!watches)
                watches = g_ptr_array_new();
            g_ptr_array_add(watches, w);
        }
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

static gboolean call_now(gpointer user)
{
    struct call *c = user;

    if (c->turn && nested)
        return G_SOURCE_CONTINUE;
    pthread_mutex_lock(&lock);
    gboolean live = g_ptr_array_remove_fast(calls, c);
    pthread_mutex_unlock(&lock);
    if (live)
        c->fn(c->opaque);
    return G_SOURCE_REMOVE;
}

static void call_soon(pb_dev *d, gboolean turn, void (*fn)(void *), void *opaque)
{
    struct call *c = g_new0(struct call, 1);

    *c = (struct call){.d = d, .turn = turn, .fn = fn, .opaque = opaque};
    pthread_mutex_lock(&lock);
    if (!calls)
        calls = g_ptr_array_new();
    g_ptr_array_add(calls, c);
    c->source = g_idle_add_full(G_PRIORITY_DEFAULT, call_now, c, g_free);
    pthread_mutex_unlock(&lock);
}

void pb_main_soon(pb_dev *d, void (*fn)(void *), void *opaque)
{
    call_soon(d, FALSE, fn, opaque);
}

void pb_main_turn(pb_dev *d, void (*fn)(void *), void *opaque)
{
    call_soon(d, TRUE, fn, opaque);
}

void pb_main_nest(gboolean on)
{
    nested += on ? 1 : -1u;
}

gboolean pb_main_nested(void)
{
    return nested != 0;
}

static void release_main(pb_dev *d)
{
    pthread_mutex_lock(&lock);
    for (guint i = watches ? watches->len : 0; i-- > 0;) {
        struct watch *w = g_ptr_array_index(watches, i);
        if (w->d == d)
            watch_remove(w);
    }
    for (guint i = calls ? calls->len : 0; i-- > 0;) {
        struct call *c = g_ptr_array_index(calls, i);
        if (c->d == d) {
            g_ptr_array_remove_index_fast(calls, i);
            g_source_remove(c->source);
        }
    }
    pthread_mutex_unlock(&lock);
}

void pb_thread_release(pb_dev *d)
{
    pb_workers_stop(d);
    free_workers(d);
    pb_pool_drain(d);
    release_main(d);
}

/* ---- Domains ---------------------------------------------------------------------------- */

/* Frames of [io] code. They nest when a backend answers inside a device's own call: the
 * domain is then held already and the inner pair takes nothing. */
#define NESTED 8
static _Thread_local struct pb_frame io_frame[NESTED];
static _Thread_local uint32_t io_depth;

static void thread_enter(pb_dev *d)
{
    g_assert(io_depth < NESTED);
    pb_cb_enter(&io_frame[io_depth++], d);
}

static void thread_leave(pb_dev *d)
{
    g_assert(io_depth > 0 && io_frame[io_depth - 1].d == d);
    pb_cb_leave(&io_frame[--io_depth]);
}

const struct pb_svc_thread pb_thread_service = {
    .size = sizeof(struct pb_svc_thread),
    .enter = thread_enter,
    .leave = thread_leave,
    .worker = thread_worker,
    .kick = thread_kick,
    .watch_fd = thread_watch_fd,
    .pool = pb_pool_run,
    .main_soon = pb_main_soon,
};
