/* SPDX-License-Identifier: MIT */
/* pool.c - a few threads for blocking calls of backends.
 *
 * They start with the first job and stay: detached, they hold nothing between jobs.
 */
#include "thread.h"

#define THREADS 4

struct job {
    struct job *next;
    pb_dev *d;
    void (*fn)(void *opaque);
    void (*done)(void *opaque);
    void *opaque;
};

static struct {
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    struct job *first, **last;
    struct job *running[THREADS];
    unsigned threads, waiting;
} P = {.lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER,
       .idle = PTHREAD_COND_INITIALIZER, .last = &P.first};

static void *pool_thread(void *arg)
{
    struct job **mine = arg;

    pb_tl.kind = PB_THREAD_IO;
    pthread_setname_np(pthread_self(), "io");
    pthread_mutex_lock(&P.lock);
    for (;;) {
        struct job *j = P.first;
        if (!j) {
            P.waiting++;
            pthread_cond_wait(&P.work, &P.lock);
            P.waiting--;
            continue;
        }
        P.first = j->next;
        if (!P.first)
            P.last = &P.first;
        *mine = j;
        pthread_mutex_unlock(&P.lock);
        j->fn(j->opaque);
        if (j->done)
            j->done(j->opaque);
        pthread_mutex_lock(&P.lock);
        *mine = NULL;
        pthread_cond_broadcast(&P.idle);
        g_free(j);
    }
    return NULL;
}

void pb_pool_run(pb_dev *d, void (*fn)(void *), void (*done)(void *), void *opaque)
{
    struct job *j = g_new0(struct job, 1);
    pthread_t thread;

    j->d = d;
    j->fn = fn;
    j->done = done;
    j->opaque = opaque;
    pthread_mutex_lock(&P.lock);
    *P.last = j;
    P.last = &j->next;
    if (P.waiting == 0 && P.threads < THREADS &&
        pthread_create(&thread, NULL, pool_thread, &P.running[P.threads]) == 0) {
        pthread_detach(thread);
        P.threads++;
    }
    g_assert(P.threads); /* a process that cannot have one thread cannot go on */
    pthread_cond_signal(&P.work);
    pthread_mutex_unlock(&P.lock);
}

static gboolean has_job(pb_dev *d)
{
    for (struct job *j = P.first; j; j = j->next)
        if (!d || j->d == d)
            return TRUE;
    for (unsigned i = 0; i < THREADS; i++)
        if (P.running[i] && (!d || P.running[i]->d == d))
            return TRUE;
    return FALSE;
}

void pb_pool_drain(pb_dev *d)
{
    pthread_mutex_lock(&P.lock);
    while (has_job(d))
        pthread_cond_wait(&P.idle, &P.lock);
    pthread_mutex_unlock(&P.lock);
}
