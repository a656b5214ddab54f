/* SPDX-License-Identifier: MIT */
/* clone.c - clone and clone3: a thread, a process, or a process that borrows our memory.
 * clone(2); RISC-V and AArch64 pass (flags, stack, parent tid, tls, child tid).
 */
#include "linux.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE3_BYTES 88u

void lx_clone_apply(struct lx_thread *child, const struct lx_clone *c)
{
    uint32_t tid = (uint32_t)child->tid;

    if (c->stack)
        child->gpr[L.arch->r_sp] = c->stack + c->stack_size;
    if (c->flags & CLONE_SETTLS)
        L.user->set(child->self, PB_UREG_TLS, c->tls);
    if (c->flags & CLONE_CHILD_CLEARTID)
        child->clear_tid = c->child_tid;
    if (c->flags & CLONE_CHILD_SETTID)
        lx_put(c->child_tid, &tid, 4);
    child->gpr[L.arch->r_result] = 0;
}

/* Arguments that the flags do not ask for hold whatever the caller had in those registers. */
static int wild(const struct lx_clone *c)
{
    return lx_bad(c->stack) || ((c->flags & CLONE_SETTLS) && lx_bad(c->tls)) ||
           ((c->flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) && lx_bad(c->child_tid)) ||
           ((c->flags & CLONE_PARENT_SETTID) && lx_bad(c->parent_tid)) ||
           ((c->flags & CLONE_PIDFD) && lx_bad(c->pidfd));
}

LX_NEAR static int64_t clone_any(struct lx_thread *t, const struct lx_clone *c)
{
    if (wild(c))
        return -EFAULT;
    if (c->flags & CLONE_THREAD)
        return (c->flags & THREAD) == THREAD ? lx_clone_thread(t, c) : -EINVAL;
    if (!(c->flags & CLONE_VM))
        return lx_clone_process(t, c);
    if (c->flags & CLONE_VFORK)
        return lx_clone_vfork(t, c);
    return -EINVAL; /* a second process in the same memory, both running */
}

LX_NEAR LX_HANDLER(clone)
{
    struct lx_clone k = {.flags = a[0] & ~(uint64_t)0xff, .exit_signal = a[0] & 0xff,
                         .stack = a[1], .parent_tid = a[2], .tls = a[3], .child_tid = a[4]};

    (void)c;
    k.pidfd = a[2];
    return clone_any(t, &k);
}

LX_HANDLER(clone3)
{
    struct lx_clone k;
    uint64_t n = a[1] < sizeof k ? a[1] : sizeof k;

    (void)c;
    if (a[1] < 64)
        return -EINVAL;
    memset(&k, 0, sizeof k);
    if (a[1] > CLONE3_BYTES)
        return -E2BIG;
    if (lx_get(&k, a[0], n) < 0)
        return -EFAULT;
    if ((k.flags & 0xff) || k.exit_signal > LX_NSIG || (!k.stack) != (!k.stack_size))
        return -EINVAL;
    if (k.set_tid_size || k.cgroup)
        return -ENOSYS; /* then libraries use clone */
    return clone_any(t, &k);
}

LX_HANDLER(set_tid_address)
{
    (void)c;
    t->clear_tid = a[0];
    return t->tid;
}

LX_NEAR LX_HANDLER(set_robust_list)
{
    int64_t r;

    if (lx_bad(a[0]))
        return -EINVAL;
    r = lx_host(t, c->host, a);
    if (r == 0)
        t->robust = a[0];
    return r;
}
