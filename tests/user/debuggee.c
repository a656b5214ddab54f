/* SPDX-License-Identifier: MIT */
/* debuggee.c - what test-user-gdb.sh looks at: a variable that is written, registers that hold
 * floats and vectors, threads that run, wait and stop, a loop that ends when the debugger says. */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define THREADS 3

volatile long watched, other, counts[THREADS];
volatile int spinning = 1, got_usr1;
static pthread_barrier_t all_run;
static int pipe_fd[2];

/* Each claim of the script is about a function, where it can stop. */
__attribute__((noinline)) void write_it(long v)
{
    other = v + 1;
    watched = v;
    other = v + 2;
}

__attribute__((noinline)) double floats(double a, double b)
{
    return a * b;
}

__attribute__((noinline)) void in_thread(int id)
{
    counts[id]++;
}

static void *worker(void *arg)
{
    int id = (int)(long)arg;

    pthread_barrier_wait(&all_run);
    in_thread(id);
    in_thread(id);
    return NULL;
}

static void *reader(void *arg)
{
    char c;

    CHECK(read(pipe_fd[0], &c, 1) == 1 && c == 'x');
    return arg;
}

__attribute__((noinline)) void spin(void)
{
    while (spinning)
        counts[0]++;
}

static void on_usr1(int sig)
{
    got_usr1 = sig;
}

int main(void)
{
    pthread_t t[THREADS], r;

    signal(SIGUSR1, on_usr1);
    write_it(42);
    CHECK(floats(1.5, 2.25) == 3.375 || other == 99); /* the debugger changes an argument */
    pthread_barrier_init(&all_run, NULL, THREADS);
    for (long i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, worker, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    CHECK(pipe(pipe_fd) == 0 && pthread_create(&r, NULL, reader, NULL) == 0);
    spin();
    CHECK(write(pipe_fd[1], "x", 1) == 1);
    pthread_join(r, NULL);
    printf("watched %ld counts %ld %ld usr1 %d\n", watched, counts[1], counts[2], got_usr1);
    return got_usr1 ? 7 : 3;
}
