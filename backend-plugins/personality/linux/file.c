/* SPDX-License-Identifier: MIT */
/* file.c - files: flags and structures that differ between the architectures, -L's prefix.
 * open(2), stat(2), fcntl(2), epoll_ctl(2), poll(2), readv(2); Linux
 * arch/arm64/include/uapi/asm/fcntl.h; include/uapi/linux/eventpoll.h (packed on x86-64 only).
 */
#include "linux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- Paths ------------------------------------------------------------------------------ */

const char *lx_prefix(const char *path, char *to)
{
    const char *prefix = L.start->prefix;

    if (!prefix || path[0] != '/' ||
        snprintf(to, LX_PATH, "%s%s", prefix, path) >= (int)LX_PATH ||
        faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return path;
    return to;
}

/* ---- Flags ------------------------------------------------------------------------------- */

static const struct { uint32_t arm, host; } open_bits[] = {
    {040000, O_DIRECTORY}, {0100000, O_NOFOLLOW}, {0200000, O_DIRECT}, {0400000, 0100000}};
#define OPEN_BITS (sizeof open_bits / sizeof *open_bits)

uint64_t lx_open_flags(uint64_t guest)
{
    uint64_t host = guest;

    if (!L.arch->arm_open)
        return guest;
    for (size_t i = 0; i < OPEN_BITS; i++)
        host &= ~(uint64_t)open_bits[i].arm;
    for (size_t i = 0; i < OPEN_BITS; i++)
        host |= guest & open_bits[i].arm ? open_bits[i].host : 0;
    return host;
}

uint64_t lx_open_flags_back(uint64_t host)
{
    uint64_t guest = host;

    if (!L.arch->arm_open)
        return host;
    for (size_t i = 0; i < OPEN_BITS; i++)
        guest &= ~(uint64_t)open_bits[i].host;
    for (size_t i = 0; i < OPEN_BITS; i++)
        guest |= host & open_bits[i].host ? open_bits[i].arm : 0;
    return guest;
}

/* ---- open --------------------------------------------------------------------------------- */

/* A descriptor of a file about ourselves, or -ENOSYS. */
static int64_t about_us(struct lx_thread *t, uint64_t path, uint64_t flags)
{
    char head[8], name[128];

    if (lx_get(head, path, 6) < 0 || memcmp(head, "/proc/", 6) ||
        lx_string(name, path, sizeof name) < 0)
        return -ENOSYS;
    return lx_proc_open(t, name, (int)flags);
}

LX_HANDLER(openat)
{
    int64_t r;

    a[2] = lx_open_flags(a[2]);
    r = about_us(t, a[1], a[2]);
    return r == -ENOSYS ? lx_pass(t, c, a) : r;
}

LX_HANDLER(openat2)
{
    struct open_how how;

    if (a[3] != sizeof how || !L.arch->arm_open)
        return lx_pass(t, c, a);
    if (lx_get(&how, a[2], sizeof how) < 0 || lx_bad(a[1]))
        return -EFAULT;
    how.flags = lx_open_flags(how.flags);
    a[2] = (uint64_t)(uintptr_t)&how;
    return lx_host(t, c->host, a);
}

LX_HANDLER(open_by_handle_at)
{
    a[2] = lx_open_flags(a[2]);
    return lx_pass(t, c, a);
}

LX_HANDLER(mq_open)
{
    a[1] = lx_open_flags(a[1]);
    return lx_pass(t, c, a);
}

LX_HANDLER(pipe2)
{
    a[1] = lx_open_flags(a[1]);
    return lx_pass(t, c, a);
}

LX_HANDLER(dup3)
{
    a[2] = lx_open_flags(a[2]);
    return lx_pass(t, c, a);
}

/* Our own descriptors, the log and the way to ourselves, are above what programs use; who closes
 * everything does not close them. */
static int is_ours(uint64_t fd)
{
    return fd >= LX_FD_FIRST && fd <= LX_FD_LAST &&
           ((int)fd == L.start->log_fd() || (int)fd == lx_exec_fd());
}

LX_HANDLER(close)
{
    return is_ours(a[0]) ? -EBADF : lx_pass(t, c, a);
}

LX_HANDLER(close_range)
{
    uint64_t first = a[0], last = a[1] > UINT32_MAX ? UINT32_MAX : a[1];
    int64_t r = 0;

    if (first > last)
        return -EINVAL;
    for (uint64_t fd = LX_FD_FIRST; fd <= LX_FD_LAST && !r; fd++) {
        if (!is_ours(fd) || fd < first || fd > last)
            continue;
        a[0] = first;
        a[1] = fd - 1;
        if (fd > first)
            r = lx_pass(t, c, a);
        first = fd + 1;
    }
    a[0] = first;
    a[1] = last;
    return r || first > last ? r : lx_pass(t, c, a);
}

/* ---- fcntl --------------------------------------------------------------------------------- */

LX_HANDLER(fcntl)
{
    int64_t r;

    switch (a[1]) {
    case F_SETFL: a[2] = lx_open_flags(a[2]); break;
    case F_GETFL:
        r = lx_pass(t, c, a);
        return r < 0 ? r : (int64_t)lx_open_flags_back((uint64_t)r);
    case F_GETLK: case F_SETLK: case F_SETLKW: case F_OFD_GETLK: case F_OFD_SETLK:
    case F_OFD_SETLKW: case F_GETOWN_EX: case F_SETOWN_EX: case F_GET_RW_HINT:
    case F_SET_RW_HINT: case F_GET_FILE_RW_HINT: case F_SET_FILE_RW_HINT:
        if (lx_bad(a[2]))
            return -EFAULT;
        break;
    default: break;
    }
    return lx_pass(t, c, a);
}

/* ---- stat ------------------------------------------------------------------------------------ */

static int64_t put_stat(uint64_t to, const struct stat *s)
{
    uint8_t out[256] = {0};

    L.arch->stat_put(out, s);
    return lx_put(to, out, L.arch->stat_bytes);
}

LX_HANDLER(fstat)
{
    struct stat s;
    uint64_t args[6] = {a[0], (uint64_t)(uintptr_t)&s};
    int64_t r = lx_host(t, c->host, args);

    return r < 0 ? r : put_stat(a[1], &s);
}

LX_HANDLER(newfstatat)
{
    static const struct lx_call stat_call = {"newfstatat", "drxx", SYS_newfstatat, NULL};
    struct stat s;
    uint64_t args[6] = {a[0], a[1], (uint64_t)(uintptr_t)&s, a[3]};
    int64_t r;

    (void)c;
    r = lx_pass(t, &stat_call, args);
    return r < 0 ? r : put_stat(a[2], &s);
}

LX_HANDLER(readlinkat)
{
    char name[64];
    size_t n;

    if ((int64_t)a[3] <= 0 || lx_string(name, a[1], sizeof name) < 0 || !lx_proc_is_exe(name))
        return lx_pass(t, c, a);
    n = strlen(L.exe);
    if (n > a[3])
        n = a[3];
    return lx_put(a[2], L.exe, n) < 0 ? -EFAULT : (int64_t)n;
}

/* ---- Vectors ----------------------------------------------------------------------------- */

/* A copy, so that what was checked is what the kernel sees. */
int lx_iov_get(struct iovec *v, uint64_t at, uint64_t n)
{
    if (n > IOV_MAX)
        return -EINVAL;
    if (lx_get(v, at, n * sizeof *v) < 0)
        return -EFAULT;
    for (uint64_t i = 0; i < n; i++)
        if (v[i].iov_len && lx_bad((uint64_t)(uintptr_t)v[i].iov_base))
            return -EFAULT;
    return 0;
}

LX_HANDLER(iov)
{
    struct iovec v[IOV_MAX];
    int r = lx_iov_get(v, a[1], a[2]);

    if (r < 0)
        return r;
    a[1] = (uint64_t)(uintptr_t)v;
    return lx_host(t, c->host, a);
}

/* Local and remote side: only the local one is ours, unless we are the remote one too. */
LX_HANDLER(process_vm)
{
    struct iovec v[IOV_MAX];
    int r = lx_iov_get(v, a[1], a[2]);

    if (r < 0)
        return r;
    if (lx_bad(a[3]) || (pid_t)a[0] == getpid())
        return -EFAULT;
    a[1] = (uint64_t)(uintptr_t)v;
    return lx_host(t, c->host, a);
}

/* ---- Waiting ----------------------------------------------------------------------------- */

struct guest_epoll { /* not packed */
    uint32_t events, pad;
    uint64_t data;
};
#define MAX_EVENTS 1024u

LX_HANDLER(epoll_ctl)
{
    struct guest_epoll g;
    struct epoll_event e = {0};

    if (a[1] != EPOLL_CTL_DEL) {
        if (lx_get(&g, a[3], sizeof g) < 0)
            return -EFAULT;
        e.events = g.events;
        e.data.u64 = g.data;
    }
    a[3] = (uint64_t)(uintptr_t)&e;
    return lx_host(t, c->host, a);
}

/* The mask that the call blocks with; *host is where the kernel finds it. */
static int64_t wait_mask(struct lx_thread *t, uint64_t at, uint64_t n, uint64_t *mask,
                         uint64_t *host)
{
    *host = 0;
    if (!at)
        return 0;
    if (n != 8)
        return -EINVAL;
    if (lx_get(mask, at, 8) < 0)
        return -EFAULT;
    t->wait_mask = *mask;
    t->waits = 1;
    *mask &= ~(((uint64_t)1 << (SIGSEGV - 1)) | ((uint64_t)1 << (SIGBUS - 1)));
    *host = (uint64_t)(uintptr_t)mask;
    return 0;
}

static int64_t epoll_wait_any(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
{
    struct epoll_event e[MAX_EVENTS];
    uint64_t mask, to = a[1];
    int64_t r;

    if ((int)a[2] <= 0)
        return -EINVAL;
    if (a[2] > MAX_EVENTS)
        a[2] = MAX_EVENTS;
    if ((r = wait_mask(t, a[4], a[5], &mask, &a[4])) < 0)
        return r;
    a[1] = (uint64_t)(uintptr_t)e;
    r = lx_host(t, c->host, a);
    for (int64_t i = 0; i < r; i++) {
        struct guest_epoll g = {e[i].events, 0, e[i].data.u64};

        if (lx_put(to + (uint64_t)i * sizeof g, &g, sizeof g) < 0)
            return -EFAULT;
    }
    return r;
}

LX_HANDLER(epoll_pwait)
{
    return epoll_wait_any(t, c, a);
}

LX_HANDLER(epoll_pwait2)
{
    return a[3] && lx_bad(a[3]) ? -EFAULT : epoll_wait_any(t, c, a);
}

LX_HANDLER(ppoll)
{
    uint64_t mask;
    int64_t r;

    if (lx_bad(a[0]) || lx_bad(a[2]))
        return -EFAULT;
    r = wait_mask(t, a[3], a[4], &mask, &a[3]);
    return r < 0 ? r : lx_host(t, c->host, a);
}

LX_HANDLER(pselect6)
{
    uint64_t pair[2], mask;
    int64_t r;

    for (int i = 1; i < 5; i++)
        if (lx_bad(a[i]))
            return -EFAULT;
    if (a[5]) {
        if (lx_get(pair, a[5], sizeof pair) < 0)
            return -EFAULT;
        if ((r = wait_mask(t, pair[0], pair[1], &mask, &pair[0])) < 0)
            return r;
        a[5] = (uint64_t)(uintptr_t)pair;
    }
    return lx_host(t, c->host, a);
}
