/* SPDX-License-Identifier: MIT */
/* strace.c - -strace: a line for each system call, as qemu-user writes it.
 *
 *     1234 write(1,0x4000803260,3) = 3
 *     1234 openat(AT_FDCWD,"/etc/passwd",O_RDONLY|O_CLOEXEC) = -1 errno=2 (No such file or directory)
 */
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct text {
    char s[1024];
    size_t n;
};

static __thread struct text line __attribute__((tls_model("initial-exec")));

static void add(const char *s)
{
    size_t n = strlen(s), room = sizeof line.s - 1 - line.n;

    if (n > room)
        n = room;
    memcpy(line.s + line.n, s, n);
    line.n += n;
    line.s[line.n] = 0;
}

static void add_number(const char *fmt, uint64_t v)
{
    char s[32];

    snprintf(s, sizeof s, fmt, (unsigned long long)v);
    add(s);
}

/* At most 80 bytes, the odd ones in octal. */
static void add_string(uint64_t at)
{
    char raw[81];
    int64_t n;

    if (!at) {
        add("NULL");
        return;
    }
    n = lx_string(raw, at, sizeof raw - 1);
    if (n == -EFAULT) {
        add_number("0x%llx", at);
        return;
    }
    raw[80] = 0;
    add("\"");
    for (const char *p = raw; *p; p++) {
        char one[8];

        snprintf(one, sizeof one, *p < 32 || *p == '"' || *p == '\\' || *p == 127 ? "\\%03o" : "%c",
                 (unsigned char)*p);
        add(one);
    }
    add(n < 0 ? "\"..." : "\"");
}

static void add_open(uint64_t guest)
{
    static const struct { uint64_t bit; const char *name; } names[] = {
        {O_CREAT, "O_CREAT"}, {O_EXCL, "O_EXCL"}, {O_NOCTTY, "O_NOCTTY"}, {O_TRUNC, "O_TRUNC"},
        {O_APPEND, "O_APPEND"}, {O_NONBLOCK, "O_NONBLOCK"}, {O_DIRECT, "O_DIRECT"},
        {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_CLOEXEC, "O_CLOEXEC"},
        {O_PATH, "O_PATH"}, {0100000, "O_LARGEFILE"}};
    uint64_t v = lx_open_flags(guest), rest = v & ~(uint64_t)O_ACCMODE;

    add((v & O_ACCMODE) == O_RDONLY ? "O_RDONLY" : (v & O_ACCMODE) == O_WRONLY ? "O_WRONLY"
                                                                             : "O_RDWR");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].bit && (rest & names[i].bit)) {
            add("|");
            add(names[i].name);
            rest &= ~names[i].bit;
        }
    if (rest)
        add_number("|0%llo", rest);
}

static const struct { int n; const char *name; } signals[] = {
    {1, "SIGHUP"}, {2, "SIGINT"}, {3, "SIGQUIT"}, {4, "SIGILL"}, {5, "SIGTRAP"}, {6, "SIGABRT"},
    {7, "SIGBUS"}, {8, "SIGFPE"}, {9, "SIGKILL"}, {10, "SIGUSR1"}, {11, "SIGSEGV"},
    {12, "SIGUSR2"}, {13, "SIGPIPE"}, {14, "SIGALRM"}, {15, "SIGTERM"}, {16, "SIGSTKFLT"},
    {17, "SIGCHLD"}, {18, "SIGCONT"}, {19, "SIGSTOP"}, {20, "SIGTSTP"}, {21, "SIGTTIN"},
    {22, "SIGTTOU"}, {23, "SIGURG"}, {24, "SIGXCPU"}, {25, "SIGXFSZ"}, {26, "SIGVTALRM"},
    {27, "SIGPROF"}, {28, "SIGWINCH"}, {29, "SIGIO"}, {30, "SIGPWR"}, {31, "SIGSYS"}};

const char *lx_signal_name(int sig)
{
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (signals[i].n == sig)
            return signals[i].name;
    return "SIGRT";
}

static void add_arg(char kind, uint64_t v)
{
    switch (kind) {
    case 'i': case 'f': add_number("%lld", (uint64_t)(int64_t)(int32_t)v); break;
    case 'l': add_number("%lld", v); break;
    case 'u': add_number("%llu", v); break;
    case 'o': add_number("0%llo", v); break;
    case 'O': add_open(v); break;
    case 's': case 'r': add_string(v); break;
    case 'd':
        if ((int)v == AT_FDCWD)
            add("AT_FDCWD");
        else
            add_number("%lld", (uint64_t)(int64_t)(int32_t)v);
        break;
    case 'S':
        if ((int)v >= 1 && (int)v <= 31)
            add(lx_signal_name((int)v));
        else
            add_number("%lld", v);
        break;
    case 'p': case 'b':
        if (!v)
            add("NULL");
        else
            add_number("0x%llx", v);
        break;
    default: add_number("0x%llx", v); break;
    }
}

void lx_strace_enter(struct lx_thread *t, const struct lx_call *c, const uint64_t *a)
{
    line.n = 0;
    line.s[0] = 0;
    add_number("%lld ", (uint64_t)t->tid);
    if (c->host < 0 && !c->fn)
        add_number("syscall_%llu", t->nr);
    else
        add(c->name);
    add("(");
    for (int i = 0; i < 6 && c->args[i] && c->args[i] != '-'; i++) {
        if (i)
            add(",");
        add_arg(c->args[i], a[i]);
    }
    add(")");
    if (!strncmp(c->name, "exit", 4) || !strncmp(c->name, "execve", 6)) { /* may not come back */
        lx_log("%s\n", line.s);
        line.n = 0;
        line.s[0] = 0;
    }
}

/* Calls that return an address. */
static int is_address(const struct lx_call *c)
{
    return !strcmp(c->name, "mmap") || !strcmp(c->name, "brk") || !strcmp(c->name, "mremap") ||
           !strcmp(c->name, "shmat");
}

void lx_strace_leave(struct lx_thread *t, const struct lx_call *c, int64_t r)
{
    char end[160];

    (void)t;
    if (r == LX_JUMPED)
        snprintf(end, sizeof end, " = ?");
    else if (r == LX_RESTART)
        snprintf(end, sizeof end, " = ? (interrupted, again after the signal)");
    else if (r < 0 && r >= -4095)
        snprintf(end, sizeof end, " = -1 errno=%d (%s)", (int)-r, strerror((int)-r));
    else if (is_address(c))
        snprintf(end, sizeof end, " = 0x%016llx", (unsigned long long)r);
    else
        snprintf(end, sizeof end, " = %lld", (long long)r);
    lx_log("%s%s\n", line.s, end);
}

void lx_strace_signal(struct lx_thread *t, int sig, const siginfo_t *si)
{
    if (!L.start->strace)
        return;
    lx_log("%d --- %s (%d) {si_code=%d, si_addr=%p} ---\n", t->tid, lx_signal_name(sig), sig,
           si->si_code, si->si_addr);
}
