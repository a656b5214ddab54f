/* SPDX-License-Identifier: MIT */
/* table.c - system calls by number: calls.def as a table, and the way in and out.
 *
 * Linux include/uapi/asm-generic/unistd.h: RISC-V and AArch64 share these numbers. A call
 * without a handler goes to the host as it is.
 */
#include "linux.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(nr, name, host, args, fn) [nr] = {#name, args, host, lx_sys_##fn},
#define PASS(nr, name, host, args) [nr] = {#name, args, host, NULL},
static const struct lx_call calls[] = {
#include "calls.def"
};
#undef CALL
#undef PASS

#define N_CALLS (sizeof calls / sizeof *calls)

uint32_t lx_call_count(void)
{
    uint32_t n = 0;

    for (size_t i = 0; i < N_CALLS; i++)
        n += calls[i].name != NULL;
    return n;
}

/* With a path in `i` that -L may lead elsewhere. The kernel's way back is by our stack, so the
 * rest of them do without these buffers: a page more would be copied after each fork. */
static __attribute__((noinline)) int64_t pass_path(struct lx_thread *t, const struct lx_call *c,
                                                   uint64_t *a, int i)
{
    char path[LX_PATH], real[LX_PATH];

    if (lx_string(path, a[i], sizeof path) > 0 && path[0] == '/' && lx_prefix(path, real) == real)
        a[i] = (uint64_t)(uintptr_t)real;
    return lx_host(t, c->host, a);
}

int64_t lx_pass(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
{
    int path = -1;

    for (int i = 0; i < 6 && c->args[i]; i++) {
        if (!strchr("psrb", c->args[i]) || !a[i])
            continue;
        if (lx_bad(a[i]))
            return -EFAULT;
        if (c->args[i] == 'r' && L.start->prefix)
            path = i;
    }
    return path < 0 ? lx_host(t, c->host, a) : pass_path(t, c, a, path);
}

static int64_t unknown(struct lx_thread *t, uint64_t nr)
{
    int64_t r = L.arch->call(t, nr, t->a);

    if (r == -ENOSYS && L.host->log_on[PB_LOG_UNIMP])
        lx_log("Unsupported syscall: %lld\n", (long long)nr);
    return r;
}

void lx_syscall(struct lx_thread *t)
{
    const struct lx_arch *arch = L.arch;
    static const struct lx_call none = {"syscall", "xxxxxx", -1, NULL};
    const struct lx_call *c = &none;
    uint64_t nr = t->gpr[arch->r_nr], a[6];
    int64_t r;

    t->nr = nr;
    t->waits = 0;
    for (int i = 0; i < 6; i++)
        t->a[i] = a[i] = t->gpr[arch->r_args + i];
    if (nr < N_CALLS && calls[nr].name)
        c = &calls[nr];
    if (L.start->strace)
        lx_strace_enter(t, c, t->a);
    if (c->fn != lx_sys_rt_sigreturn) /* it changes registers */
        lx_debug(t, PB_DEBUG_ENTER);
    if (t->pending)
        r = LX_RESTART;
    else if (c == &none)
        r = unknown(t, nr);
    else if (c->fn)
        r = c->fn(t, c, a);
    else
        r = lx_pass(t, c, a);
    lx_debug(t, PB_DEBUG_LEAVE);
    if (L.start->strace)
        lx_strace_leave(t, c, r);
    if (r == LX_RESTART)
        L.cpu->set_pc(t->self, L.cpu->pc(t->self) - arch->call_bytes);
    else if (r != LX_JUMPED)
        t->gpr[arch->r_result] = (uint64_t)r;
}

/* ---- Calls that are always refused -------------------------------------------------------- */

LX_HANDLER(refuse_perm)
{
    (void)t, (void)c, (void)a;
    return -EPERM;
}

LX_HANDLER(refuse_nosys)
{
    (void)t, (void)c, (void)a;
    return -ENOSYS;
}
