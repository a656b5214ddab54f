/* SPDX-License-Identifier: MIT */
/* fork.c - new processes: with a copy of our memory, or, vfork(), in it.
 *
 * fork(): the locks of personality, host and engine are taken, the last without waiting, so that
 * the child finds everything they guard in order; it has one thread, and code memory of its own.
 * In a process that never had a second thread there is nobody who could hold them; taking them
 * would cost a copy of each one's page in both processes.
 * vfork(): the kernel stops the calling thread, and the child runs the program on a second vCPU
 * and a second host stack with the same thread-local storage, until it has called execve or
 * ended. So posix_spawn works as it was meant, and costs no copy of anything. A child that is
 * killed must leave nothing half done: the translator knows of it, and the lock of the mappings
 * is given back for it.
 *
 * Not modelled: CLONE_VM without CLONE_VFORK or CLONE_THREAD; a vfork() child that is killed
 * while it changes mappings or executes a program may leave the table of mappings or malloc()
 * in disorder.
 */
#include "linux.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_include) && __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#define HAVE_RSEQ 1
#endif

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define VFORK_STACK (512u << 10)

/* The kernel writes to a thread's area for restartable sequences whenever it has been scheduled: a
 * page that parent and child copy at each fork. Nobody needs the first thread's here. */
void lx_fork_init(void)
{
#ifdef HAVE_RSEQ
    char *self = __builtin_thread_pointer();

    if (__rseq_size)
        syscall(SYS_rseq, self + __rseq_offset, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
#endif
}

/* No other thread is in this process: nobody holds a lock, and nothing has to be told. */
static int alone(void)
{
    return !__atomic_load_n(&L.threaded, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&L.svc->debugged, __ATOMIC_ACQUIRE);
}

LX_NEAR static void host_stage(struct lx_thread *t, uint32_t stage, int locks)
{
    int threaded = (int)__atomic_load_n(&L.threaded, __ATOMIC_RELAXED);

    if (!locks)
        return;
    if (stage == 0 && threaded) {
        pthread_mutex_lock(&L.lock);
        lx_memory_fork(0);
    }
    L.svc->fork(t->cpu, stage);
    if (stage != 0 && threaded) {
        lx_memory_fork((int)stage);
        pthread_mutex_unlock(&L.lock);
    }
}

LX_NEAR static int try_locks(struct lx_thread *t, int locks)
{
    int r;

    host_stage(t, 0, locks);
    r = L.user->fork(t->self, 0);
    if (r < 0)
        host_stage(t, 1, locks);
    return r;
}

/* A vCPU that looks up what is mapped may be waited for by one that has the engine's lock: then
 * all are given back, and taken a little later. */
LX_NEAR static int take_locks(struct lx_thread *t, int locks)
{
    struct timespec wait = {0, 5000};
    int r;

    while ((r = try_locks(t, locks)) == PB_EAGAIN) {
        nanosleep(&wait, NULL);
        if (wait.tv_nsec < 200000)
            wait.tv_nsec *= 2;
    }
    return r;
}

LX_NEAR static void give_locks(struct lx_thread *t, uint32_t stage, int locks)
{
    L.user->fork(t->self, stage);
    host_stage(t, stage, locks);
}

/* The child has this thread only. */
LX_NEAR static void in_child(struct lx_thread *t, const struct lx_clone *c, int locks)
{
    struct lx_thread *u = L.threads, *next;

    t->pending = 0;
    t->clear_tid = 0;
    t->robust = 0;
    t->tid = (int)syscall(SYS_getpid); /* where the fork was made, so one page less */
    if (!__atomic_load_n(&L.threaded, __ATOMIC_RELAXED)) {
        give_locks(t, 2, locks);
        lx_clone_apply(t, c);
        return;
    }
    for (; u; u = next) {
        next = u->next;
        if (u != t) {
            if (u->host_alt)
                munmap(u->host_alt, 65536);
            free(u->exec_args);
            free(u);
        }
    }
    t->next = NULL;
    L.threads = t;
    give_locks(t, 2, locks);
    L.threaded = 0;
    lx_clone_apply(t, c);
}

/* Does fork(3) do it? */
static int is_plain(const struct lx_clone *c)
{
    const uint64_t known = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                           CLONE_SETTLS | CLONE_VFORK;

    return c->exit_signal == SIGCHLD && !(c->flags & ~known);
}

/* Where other threads are, fork(3) keeps malloc and the like in order. What it writes for that are
 * pages that both processes copy, so it is left out where there is nobody. */
LX_NEAR static pid_t make(const struct lx_clone *c, int *pidfd, int locks)
{
    const uint64_t ours = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                          CLONE_SETTLS | CLONE_VFORK | CLONE_VM;

    if (is_plain(c) && locks)
        return fork();
    return (pid_t)syscall(SYS_clone, (c->flags & ~ours) | c->exit_signal, NULL, pidfd, NULL, 0);
}

int64_t lx_clone_process(struct lx_thread *t, const struct lx_clone *c)
{
    uint32_t tid;
    int pidfd = -1, locks = !alone();
    pid_t pid;
    int r;

    lx_block_all();
    r = take_locks(t, locks);
    if (r < 0) {
        lx_set_mask(t, t->mask);
        return -ENOMEM;
    }
    pid = make(c, &pidfd, locks);
    if (pid < 0)
        r = errno;
    if (pid == 0) {
        in_child(t, c, locks);
        lx_set_mask(t, t->mask);
        return LX_JUMPED;
    }
    give_locks(t, 1, locks);
    tid = (uint32_t)pid;
    if (pid > 0 && (c->flags & CLONE_PARENT_SETTID))
        lx_put(c->parent_tid, &tid, 4);
    if (pid > 0 && (c->flags & CLONE_PIDFD))
        lx_put(c->pidfd, &pidfd, 4);
    lx_set_mask(t, t->mask);
    return pid < 0 ? -r : pid;
}

/* ---- vfork ------------------------------------------------------------------------------- */

struct vfork {
    struct lx_thread *child;
    const struct lx_clone *c;
};

static int vfork_main(void *arg)
{
    struct vfork *v = arg;
    struct lx_thread *t = v->child;

    t->tid = (int)syscall(SYS_gettid);
    lx_self = t;
    lx_clone_apply(t, v->c);
    lx_set_mask(t, t->mask);
    lx_loop(t);
    lx_exit_group(0);
}

/* AddressSanitizer has one note of a thread's stack, and vfork()'s child has the thread's memory,
 * that note too. So it names the child's stack while there is one. What the child leaves by a jump,
 * or leaves at all when it is killed, stays marked in its stack. */
struct asan_stack {
    void *fake;
    const void *bottom;
    size_t size;
};

static void asan_enter(struct asan_stack *own, const uint8_t *stack)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&own->fake, stack, VFORK_STACK);
    __sanitizer_finish_switch_fiber(NULL, &own->bottom, &own->size);
#else
    (void)own, (void)stack;
#endif
}

static void asan_return(const struct asan_stack *own, const uint8_t *stack)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(NULL, own->bottom, own->size);
    __sanitizer_finish_switch_fiber(own->fake, NULL, NULL);
    __asan_unpoison_memory_region(stack, VFORK_STACK);
#else
    (void)own, (void)stack;
#endif
}

/* The child's thread: like ours, with dispositions of its own. */
static struct lx_thread *vfork_thread(struct lx_thread *t)
{
    struct lx_thread *k = lx_thread_new(NULL);

    if (!k)
        return NULL;
    k->sigs = malloc(sizeof *k->sigs);
    if (!k->sigs) {
        lx_thread_free(k);
        return NULL;
    }
    *k->sigs = *t->sigs;
    L.user->copy(k->self, t->self);
    k->mask = t->mask;
    k->alt = t->alt;
    k->vforked = 1;
    return k;
}

int64_t lx_clone_vfork(struct lx_thread *t, const struct lx_clone *c)
{
    struct vfork v = {.child = vfork_thread(t), .c = c};
    const uint64_t ours = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
                          CLONE_SETTLS;
    uint8_t *stack = mmap(NULL, VFORK_STACK, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    struct asan_stack own;
    int pidfd = -1, r;
    uint32_t tid;

    if (!v.child || stack == MAP_FAILED) {
        if (v.child)
            free(v.child->sigs), lx_thread_free(v.child);
        if (stack != MAP_FAILED)
            munmap(stack, VFORK_STACK);
        return -ENOMEM;
    }
    L.user->fork(v.child->self, 4);
    __atomic_store_n(&L.threaded, 1, __ATOMIC_RELAXED);
    lx_block_all();
    asan_enter(&own, stack);
    r = clone(vfork_main, stack + VFORK_STACK, (int)((c->flags & ~ours) | c->exit_signal), &v,
              &pidfd);
    if (r < 0)
        r = -errno;
    asan_return(&own, stack);
    lx_self = t;
    L.user->fork(v.child->self, 3);
    lx_memory_vforked();
    free(v.child->sigs);
    lx_thread_free(v.child);
    munmap(stack, VFORK_STACK);
    tid = (uint32_t)r;
    if (r > 0 && (c->flags & CLONE_PARENT_SETTID))
        lx_put(c->parent_tid, &tid, 4);
    if (r > 0 && (c->flags & CLONE_PIDFD))
        lx_put(c->pidfd, &pidfd, 4);
    lx_set_mask(t, t->mask);
    return r;
}
