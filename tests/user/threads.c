/* SPDX-License-Identifier: MIT */
/* threads.c - threads share memory and nothing else: locks, atomics, thread-local storage,
 * joining, robust mutexes whose owner ends, many short threads. */
#include "check.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, robust;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int counter, atomic, turn;
static __thread int mine;

static void *count(void *arg)
{
    long id = (long)arg;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
        __atomic_fetch_add(&atomic, 1, __ATOMIC_SEQ_CST);
        mine++;
    }
    CHECK(mine == ROUNDS);
    return (void *)(id * 3);
}

static void *in_turn(void *arg)
{
    int id = (int)(long)arg;

    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&lock);
        while (turn % THREADS != id)
            pthread_cond_wait(&cond, &lock);
        turn++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *die_with_lock(void *arg)
{
    pthread_mutex_lock(&robust);
    return arg;
}

static void *nothing(void *arg)
{
    CHECK(syscall(SYS_gettid) != getpid());
    return arg;
}

static void all(void *(*fn)(void *), long times)
{
    pthread_t t[THREADS];
    void *r;

    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, fn, (void *)i) == 0);
    for (long i = 0; i < THREADS; i++) {
        CHECK(pthread_join(t[i], &r) == 0);
        CHECK(!times || r == (void *)(i * times));
    }
}

static void owner_dies(void)
{
    pthread_mutexattr_t a;
    pthread_t t;

    pthread_mutexattr_init(&a);
    pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &a);
    CHECK(pthread_create(&t, NULL, die_with_lock, NULL) == 0);
    pthread_join(t, NULL);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
}

int main(void)
{
    all(count, 3);
    CHECK(counter == THREADS * ROUNDS && atomic == THREADS * ROUNDS && mine == 0);
    all(in_turn, 0);
    CHECK(turn == THREADS * 50);
    owner_dies();
    for (int i = 0; i < 50; i++)
        all(nothing, 1);
    return 0;
}
