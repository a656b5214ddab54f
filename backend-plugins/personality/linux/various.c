/* SPDX-License-Identifier: MIT */
/* various.c - calls about the process and its memory that the host must not take as they are.
 * uname(2), prctl(2), getrlimit(2), personality(2), madvise(2).
 *
 * Limits of the address space, data and stack are remembered, not set: they would hit the
 * emulator, whose own memory the program does not know of.
 */
#include "linux.h"

#include <errno.h>
#include <linux/prctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

LX_HANDLER(uname)
{
    struct utsname u;

    (void)t, (void)c;
    if (uname(&u) < 0)
        return -errno;
    memset(u.machine, 0, sizeof u.machine);
    snprintf(u.machine, sizeof u.machine, "%s", L.arch->machine);
    if (L.start->uname) {
        memset(u.release, 0, sizeof u.release);
        snprintf(u.release, sizeof u.release, "%s", L.start->uname);
    }
    return lx_put(a[0], &u, sizeof u);
}

/* PER_LINUX, and nothing else. */
LX_HANDLER(personality)
{
    (void)t, (void)c;
    return (uint32_t)a[0] == UINT32_MAX || (a[0] & 0xff) == 0 ? 0 : -EINVAL;
}

LX_HANDLER(seccomp)
{
    (void)t, (void)c, (void)a;
    return -EINVAL; /* as a kernel built without it */
}

LX_HANDLER(mlockall)
{
    (void)t, (void)c, (void)a;
    return -ENOMEM; /* it would lock the emulator's memory: as if over the limit */
}

/* Calls about [addr, addr+len): not beyond the program's memory. */
LX_HANDLER(range)
{
    if (lx_bad(a[0]) || a[1] > L.svc->top - a[0])
        return -ENOMEM;
    return lx_pass(t, c, a);
}

/* ---- prctl --------------------------------------------------------------------------------- */

LX_HANDLER(prctl)
{
    switch (a[0]) {
    case PR_SET_PDEATHSIG: case PR_GET_DUMPABLE: case PR_SET_DUMPABLE: case PR_GET_KEEPCAPS:
    case PR_SET_KEEPCAPS: case PR_GET_TIMING: case PR_SET_TIMING: case PR_CAPBSET_READ:
    case PR_CAPBSET_DROP: case PR_GET_SECUREBITS: case PR_SET_SECUREBITS: case PR_SET_TIMERSLACK:
    case PR_GET_TIMERSLACK: case PR_MCE_KILL: case PR_MCE_KILL_GET: case PR_SET_PTRACER:
    case PR_SET_CHILD_SUBREAPER: case PR_SET_NO_NEW_PRIVS: case PR_GET_NO_NEW_PRIVS:
    case PR_SET_THP_DISABLE: case PR_GET_THP_DISABLE: case PR_CAP_AMBIENT:
    case PR_SET_IO_FLUSHER: case PR_GET_IO_FLUSHER:
        return lx_host(t, c->host, a);
    case PR_GET_PDEATHSIG: case PR_SET_NAME: case PR_GET_NAME: case PR_GET_CHILD_SUBREAPER:
        return lx_bad(a[1]) ? -EFAULT : lx_host(t, c->host, a);
    case 0x53564d41: /* PR_SET_VMA: names of mappings */
        return lx_bad(a[2]) || lx_bad(a[4]) || a[3] > L.svc->top - a[2]
                   ? -EINVAL : lx_host(t, c->host, a);
    default: return -EINVAL;
    }
}

/* ---- Limits ------------------------------------------------------------------------------ */

static struct { int set; struct rlimit64 v; } limits[RLIM_NLIMITS];

static int is_kept(uint64_t what)
{
    return what == RLIMIT_AS || what == RLIMIT_DATA || what == RLIMIT_STACK;
}

static int64_t get_limit(uint64_t what, struct rlimit64 *r)
{
    if (what == RLIMIT_STACK && !limits[what].set) {
        if (getrlimit64(RLIMIT_STACK, r) < 0)
            return -errno;
        r->rlim_cur = L.stack_size;
        return 0;
    }
    if (is_kept(what) && limits[what].set) {
        *r = limits[what].v;
        return 0;
    }
    return getrlimit64((__rlimit_resource_t)what, r) < 0 ? -errno : 0;
}

static int64_t set_limit(uint64_t what, const struct rlimit64 *r)
{
    struct rlimit64 old;

    if (!is_kept(what))
        return setrlimit64((__rlimit_resource_t)what, r) < 0 ? -errno : 0;
    if (r->rlim_cur > r->rlim_max)
        return -EINVAL;
    get_limit(what, &old);
    if (r->rlim_max > old.rlim_max && geteuid())
        return -EPERM;
    limits[what].v = *r;
    limits[what].set = 1;
    return 0;
}

LX_HANDLER(getrlimit)
{
    struct rlimit64 r;
    int64_t e = a[0] < RLIM_NLIMITS ? get_limit(a[0], &r) : -EINVAL;

    (void)t, (void)c;
    return e < 0 ? e : lx_put(a[1], &r, sizeof r);
}

LX_HANDLER(setrlimit)
{
    struct rlimit64 r;

    (void)t, (void)c;
    if (a[0] >= RLIM_NLIMITS)
        return -EINVAL;
    return lx_get(&r, a[1], sizeof r) < 0 ? -EFAULT : set_limit(a[0], &r);
}

LX_HANDLER(prlimit64)
{
    struct rlimit64 old, want;
    int64_t r;

    if (a[1] >= RLIM_NLIMITS || !is_kept(a[1]) || (a[0] && (pid_t)a[0] != getpid()))
        return lx_pass(t, c, a);
    if (a[2] && lx_get(&want, a[2], sizeof want) < 0)
        return -EFAULT;
    if ((r = get_limit(a[1], &old)) < 0 || (a[2] && (r = set_limit(a[1], &want)) < 0))
        return r;
    return a[3] ? lx_put(a[3], &old, sizeof old) : 0;
}
