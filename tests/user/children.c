/* SPDX-License-Identifier: MIT */
/* children.c [N] - what children of fork() ran is nothing that their parent has: other code at the
 * same address, code where it has data or nothing, code in a file that is gone. With N: makes N
 * children in turn that run what the parent never does (test-user-children.sh counts). */
#define _GNU_SOURCE
#include "check.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define ROUNDS 12

typedef int (*fn)(void);

static void emit(void *at, int v) /* "return v" */
{
    uint32_t *p = at;

#if defined(__riscv)
    p[0] = 0x00000513u | (uint32_t)v << 20;
    p[1] = 0x00008067u;
#else
    p[0] = 0x52800000u | (uint32_t)v << 5;
    p[1] = 0xd65f03c0u;
#endif
    __builtin___clear_cache((char *)p, (char *)p + 8);
}

static int run(void *at)
{
    return ((fn)(uintptr_t)at)();
}

/* A child that runs part(at, fd), and what it ends with. */
static int child(int (*part)(char *at, int fd), char *at, int fd)
{
    pid_t pid = fork();
    int st;

    CHECK(pid >= 0);
    if (pid == 0)
        _exit(part(at, fd));
    CHECK(waitpid(pid, &st, 0) == pid && WIFEXITED(st));
    return WEXITSTATUS(st);
}

static int other_code(char *at, int fd)
{
    (void)fd;
    emit(at + 64, 9);
    return run(at + 64);
}

static int new_mapping(char *at, int fd)
{
    char *p = mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

    (void)fd;
    emit(p, 11);
    return run(p);
}

/* A child's child has its parent's code, and both write their own. */
static int two_deep(char *at, int fd)
{
    (void)fd;
    CHECK(child(other_code, at, -1) == 9);
    emit(at + 128, 15);
    CHECK(child(new_mapping, at + PAGE, -1) == 11);
    return run(at + 128);
}

/* Code that was there when it was noted, and when it is read is not. */
static int lost_file(char *at, int fd)
{
    int r;

    CHECK(ftruncate(fd, PAGE) == 0);
    emit(at, 13);
    r = run(at);
    CHECK(ftruncate(fd, 0) == 0);
    return r;
}

static void differences(void)
{
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
    char *own = mmap(NULL, 2 * PAGE, all, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *data = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *none = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = memfd_create("code", 0);
    char *file = mmap(NULL, PAGE, all, MAP_SHARED, fd, 0);

    CHECK(own != MAP_FAILED && data != MAP_FAILED && fd >= 0 && file != MAP_FAILED);
    munmap(none, PAGE);
    for (int i = 0; i < ROUNDS; i++) {
        emit(own + 64, 100 + i); /* never run before a child ran its own */
        CHECK(child(other_code, own, -1) == 9);
        CHECK(run(own + 64) == 100 + i);
        CHECK(child(new_mapping, data, -1) == 11);
        CHECK(child(new_mapping, none, -1) == 11);
        CHECK(child(lost_file, file, fd) == 13);
        CHECK(child(two_deep, own, -1) == 15);
    }
}

/* Some hundred blocks. */
static int much(char *at, int fd)
{
    volatile int r = fd;

#define STEP(n) if (r + (n) == 1000) r = (n); else r++;
#define TEN(n) STEP(n) STEP(n + 1) STEP(n + 2) STEP(n + 3) STEP(n + 4) STEP(n + 5) STEP(n + 6) \
               STEP(n + 7) STEP(n + 8) STEP(n + 9)
    TEN(0) TEN(10) TEN(20) TEN(30) TEN(40) TEN(50) TEN(60) TEN(70)
    (void)at;
    return r & 127;
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        for (int i = atoi(argv[1]); i > 0; i--)
            CHECK(child(much, NULL, 3) == 83);
        return 0;
    }
    differences();
    return 0;
}
