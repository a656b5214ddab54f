/* SPDX-License-Identifier: MIT */
/* processes.c [FORKS | killed N] - fork, vfork, posix_spawn and exec do what they say: memory apart or
 * shared, failures told to the parent, scripts, exit statuses; forks from eight threads at once. */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

extern char **environ;
static char *self;
static int forks = 200;
static volatile int shared = 1, stop;

static int status_of(pid_t pid)
{
    int st;

    CHECK(pid > 0 && waitpid(pid, &st, 0) == pid);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

static void kinds(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        shared = 2;
        _exit(shared + 5);
    }
    CHECK(status_of(pid) == 7 && shared == 1);
    pid = vfork();
    if (pid == 0) {
        shared = 3;
        _exit(9);
    }
    CHECK(status_of(pid) == 9 && shared == 3);
    if ((pid = fork()) == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    CHECK(status_of(pid) == 128 + SIGTERM);
}

static void spawns(void)
{
    char *argv[] = {self, "child", "a b", NULL};
    posix_spawnattr_t attr;
    sigset_t none, usr;
    pid_t pid;

    sigemptyset(&none);
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigdefault(&attr, &usr);
    posix_spawnattr_setsigmask(&attr, &none);
    signal(SIGUSR1, SIG_IGN);
    for (int i = 0; i < 10; i++) {
        CHECK(posix_spawn(&pid, self, NULL, &attr, argv, environ) == 0);
        CHECK(status_of(pid) == 33);
    }
    CHECK(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ) == ENOENT);
    CHECK(posix_spawn(&pid, "/", NULL, NULL, argv, environ) == EACCES);
    CHECK(raise(SIGUSR1) == 0); /* still ignored here */
}

/* A child of vfork() is killed by another thread at some point of what it does, which it does for
 * the first time each time that translations are forgotten; nothing of ours is lost by that. */
static volatile pid_t borrower;

static void *killer(void *arg)
{
    unsigned long long *s = arg;

    while (!borrower)
        sched_yield();
    for (volatile unsigned long long n = next_random(s) % 20000; n; n--)
        ;
    kill(borrower, SIGKILL);
    return NULL;
}

static void killed(volatile int times)
{
    unsigned long long s = 20240229;

    while (times-- > 0) {
        volatile int step = 0;
        pthread_t k;
        pid_t pid;

        borrower = 0;
        CHECK(pthread_create(&k, NULL, killer, &s) == 0);
        if ((pid = vfork()) == 0) {
            borrower = getpid();
            for (;;)
                step = (int)strtol("17", NULL, 10) + step % 7;
        }
        CHECK(status_of(pid) == 128 + SIGKILL && step >= 0);
        pthread_join(k, NULL);
    }
}

/* glibc leaves in the registers of clone's other arguments what was there. */
static void clone_ignores(void)
{
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, -1L, -2L, -3L);

    if (pid == 0)
        _exit(21);
    CHECK(status_of(pid) == 21);
}

static void script(void)
{
    char name[] = "/tmp/user-script-XXXXXX", *argv[] = {"x", "arg", NULL};
    int fd = mkstemp(name);
    pid_t pid;

    CHECK(fd >= 0 && dprintf(fd, "#! %s script\n", self) > 0 && fchmod(fd, 0700) == 0);
    close(fd);
    CHECK(posix_spawn(&pid, name, NULL, NULL, argv, environ) == 0);
    CHECK(status_of(pid) == 44);
    CHECK((fd = open(name, O_WRONLY | O_TRUNC)) >= 0 && write(fd, "neither", 7) == 7);
    close(fd);
    CHECK(execv(name, argv) == -1 && errno == ENOEXEC);
    unlink(name);
    CHECK(execv(name, argv) == -1 && errno == ENOENT);
}

static void *fork_many(void *arg)
{
    for (int i = 0; i < forks / THREADS; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            char b[32]; /* translates something */

            snprintf(b, sizeof b, "%d %g", i, i / 3.0);
            _exit(b[0] == '0' + i % 10 || i > 9 ? 11 : 12);
        }
        CHECK(status_of(pid) == 11);
    }
    return arg;
}

static void *work(void *arg)
{
    unsigned long long s = 1;
    char b[64];

    while (!stop)
        snprintf(b, sizeof b, "%llu %a", next_random(&s), (double)s);
    return arg;
}

static void stress(void)
{
    pthread_t t[THREADS], w;

    CHECK(pthread_create(&w, NULL, work, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, fork_many, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    stop = 1;
    pthread_join(w, NULL);
}

int main(int argc, char **argv)
{
    self = realpath("/proc/self/exe", NULL);
    CHECK(self);
    if (argc > 1 && !strcmp(argv[1], "child"))
        return argc == 3 && !strcmp(argv[2], "a b") && signal(SIGUSR1, SIG_DFL) == SIG_DFL ? 33 : 1;
    if (argc > 1 && !strcmp(argv[1], "script"))
        return argc == 4 && !strcmp(argv[3], "arg") ? 44 : 1;
    if (argc > 2 && !strcmp(argv[1], "killed")) {
        killed(atoi(argv[2]));
        return 0;
    }
    if (argc > 1)
        forks = atoi(argv[1]);
    kinds();
    spawns();
    killed(8);
    clone_ignores();
    script();
    stress();
    return 0;
}
