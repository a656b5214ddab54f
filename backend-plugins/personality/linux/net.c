/* SPDX-License-Identifier: MIT */
/* net.c - messages over sockets: their vectors hold addresses.
 * sendmsg(2), recvmsg(2), sendmmsg(2). Structures and constants are the same everywhere here.
 */
#include "linux.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define MAX_MESSAGES 64u

static int message_get(struct msghdr *m, struct iovec *v, uint64_t at)
{
    int r;

    if (lx_get(m, at, sizeof *m) < 0)
        return -EFAULT;
    if (m->msg_iovlen > IOV_MAX)
        return -EMSGSIZE;
    if (lx_bad((uint64_t)(uintptr_t)m->msg_name) || lx_bad((uint64_t)(uintptr_t)m->msg_control))
        return -EFAULT;
    r = lx_iov_get(v, (uint64_t)(uintptr_t)m->msg_iov, m->msg_iovlen);
    m->msg_iov = v;
    return r;
}

LX_HANDLER(sendmsg)
{
    struct iovec v[IOV_MAX];
    struct msghdr m;
    int r = message_get(&m, v, a[1]);

    if (r < 0)
        return r;
    a[1] = (uint64_t)(uintptr_t)&m;
    return lx_host(t, c->host, a);
}

/* What the kernel changes in a received message's header. */
static int message_put(uint64_t at, const struct msghdr *m)
{
    uint64_t control = m->msg_controllen;

    if (lx_put(at + offsetof(struct msghdr, msg_namelen), &m->msg_namelen, 4) < 0 ||
        lx_put(at + offsetof(struct msghdr, msg_controllen), &control, 8) < 0 ||
        lx_put(at + offsetof(struct msghdr, msg_flags), &m->msg_flags, 4) < 0)
        return -EFAULT;
    return 0;
}

LX_HANDLER(recvmsg)
{
    struct iovec v[IOV_MAX];
    uint64_t at = a[1];
    struct msghdr m;
    int64_t r = message_get(&m, v, at);

    if (r < 0)
        return r;
    a[1] = (uint64_t)(uintptr_t)&m;
    r = lx_host(t, c->host, a);
    if (r >= 0 && message_put(at, &m) < 0)
        r = -EFAULT;
    return r;
}

/* One after the other: a vector for each would be large. What was done before an error counts. */
LX_HANDLER(sendmmsg)
{
    uint64_t n = a[2] < MAX_MESSAGES ? a[2] : MAX_MESSAGES;

    (void)c;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = a[1] + i * sizeof(struct mmsghdr), args[6] = {a[0], at, a[3]};
        static const struct lx_call one = {"sendmsg", "fpx", SYS_sendmsg, NULL};
        int64_t r = lx_sys_sendmsg(t, &one, args);
        uint32_t len = (uint32_t)r;

        if (r < 0)
            return i ? (int64_t)i : r;
        if (lx_put(at + offsetof(struct mmsghdr, msg_len), &len, 4) < 0)
            return -EFAULT;
    }
    return (int64_t)n;
}

LX_HANDLER(recvmmsg)
{
    uint64_t n = a[2] < MAX_MESSAGES ? a[2] : MAX_MESSAGES, flags = a[3];
    struct mmsghdr m;

    (void)c;
    if (a[4]) /* its deadline is looked at between messages only: one then is always right */
        n = n ? 1 : 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = a[1] + i * sizeof m, args[6] = {a[0], at, flags & ~(uint64_t)MSG_WAITFORONE};
        static const struct lx_call one = {"recvmsg", "fpx", SYS_recvmsg, NULL};
        int64_t r = lx_sys_recvmsg(t, &one, args);
        uint32_t len = (uint32_t)r;

        if (r < 0)
            return i ? (int64_t)i : r;
        if (lx_put(at + offsetof(struct mmsghdr, msg_len), &len, 4) < 0)
            return -EFAULT;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
    }
    return (int64_t)n;
}

/* A packet filter is the one option that holds an address. */
LX_HANDLER(setsockopt)
{
    struct sock_fprog f;

    if ((int)a[1] == SOL_SOCKET && ((int)a[2] == SO_ATTACH_FILTER ||
                                    (int)a[2] == SO_ATTACH_REUSEPORT_CBPF)) {
        if (lx_get(&f, a[3], sizeof f) < 0 || lx_bad((uint64_t)(uintptr_t)f.filter))
            return -EFAULT;
        a[3] = (uint64_t)(uintptr_t)&f; /* what was checked: the program may change its own */
        return lx_host(t, c->host, a);
    }
    return lx_pass(t, c, a);
}
