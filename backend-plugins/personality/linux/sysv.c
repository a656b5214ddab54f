/* SPDX-License-Identifier: MIT */
/* sysv.c - System V semaphores: their status structure differs on x86-64.
 * semctl(2); Linux include/uapi/asm-generic/sembuf.h, arch/x86/include/uapi/asm/sembuf.h.
 * Shared memory is in memory.c; messages are the same.
 */
#include "linux.h"

#include <errno.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>

struct guest_sem {
    struct ipc_perm perm;
    int64_t otime, ctime;
    uint64_t nsems, unused[2];
};

struct host_sem {
    struct ipc_perm perm;
    int64_t otime;
    uint64_t unused1;
    int64_t ctime;
    uint64_t unused2, nsems, unused3[2];
};

static int64_t status(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
{
    struct host_sem h;
    struct guest_sem g;
    uint64_t to = a[3];
    int set = a[2] == IPC_SET;
    int64_t r;

    memset(&h, 0, sizeof h);
    if (set) {
        if (lx_get(&g, to, sizeof g) < 0)
            return -EFAULT;
        h.perm = g.perm;
    }
    a[3] = (uint64_t)(uintptr_t)&h;
    r = lx_host(t, c->host, a);
    if (r < 0 || set)
        return r;
    g = (struct guest_sem){.perm = h.perm, .otime = h.otime, .ctime = h.ctime, .nsems = h.nsems};
    return lx_put(to, &g, sizeof g) < 0 ? -EFAULT : r;
}

LX_HANDLER(semctl)
{
    switch (a[2] & 0xff) {
    case IPC_STAT: case IPC_SET: case SEM_STAT: case 20: /* SEM_STAT_ANY */
        return status(t, c, a);
    case SETVAL: case GETVAL: case GETPID: case GETNCNT: case GETZCNT: case IPC_RMID:
        return lx_host(t, c->host, a);
    default: return lx_bad(a[3]) ? -EFAULT : lx_host(t, c->host, a);
    }
}
