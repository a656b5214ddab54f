/* SPDX-License-Identifier: MIT */
/* plugin.c - the class "linux": start of a program, and the loop of each of its threads.
 * See linux.h for the design and linux.md for what there is.
 */
#include "linux.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct lx_process L = {.lock = PTHREAD_MUTEX_INITIALIZER};
__thread struct lx_thread *lx_self __attribute__((tls_model("initial-exec")));

LX_NEAR static __attribute__((noinline)) void loop(struct lx_thread *t)
{
    struct pb_trap trap;

    lx_debug(t, PB_DEBUG_BORN);
    while (!t->exiting) {
        if (t->pending)
            lx_deliver(t);
        switch (L.cpu->run(t->self)) {
        case PB_EXIT_KICK: lx_debug(t, PB_DEBUG_KICK); break;
        case PB_EXIT_TRAP:
            L.user->trap(t->self, &trap);
            if (trap.kind != PB_TRAP_CALL) {
                lx_fault(t, &trap);
                break;
            }
            lx_syscall(t);
            lx_debug(t, PB_DEBUG_CALL);
            break;
        case PB_EXIT_DEBUG: lx_debug(t, PB_DEBUG_POINT); break;
        default:
            lx_say("the CPU plugin cannot go on at pc 0x%llx",
                   (unsigned long long)L.cpu->pc(t->self));
            lx_die(SIGABRT);
        }
    }
    lx_debug(t, PB_DEBUG_GONE);
}

/* From a page's end on, so that what the loop, calls and translated code use of the stack is in few
 * pages, which a fork() copies. */
void lx_loop(struct lx_thread *t)
{
    char *rest = alloca(((uintptr_t)__builtin_frame_address(0) & 4095) + 1);

    __asm__ volatile("" : : "r"(rest) : "memory");
    loop(t);
    __asm__ volatile("" : : "r"(rest) : "memory"); /* not by a jump: it would be given back */
}

/* ---- Start --------------------------------------------------------------------------------- */

static int open_program(const char *file, char *why, size_t n)
{
    char real[LX_PATH];
    const char *path = lx_prefix(file, real);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        snprintf(why, n, "%s", strerror(errno));
        return -ENOENT;
    }
    if (!realpath(path, L.exe))
        snprintf(L.exe, sizeof L.exe, "%s", path);
    return fd;
}

static int load(char *why, size_t n)
{
    uint64_t sp, stack = (L.start->stack + 4095) & ~(uint64_t)4095;
    int fd = open_program(L.start->file, why, n), r;

    if (fd < 0)
        return fd;
    /* The stack comes last, but what is mapped leaves room for it, and for its growth. */
    lx_memory_ceiling(L.svc->top - stack - (512u << 20));
    r = lx_elf_load(fd, &L.elf, why, n);
    close(fd);
    if (r < 0)
        return r;
    lx_brk_init(L.elf.end);
    if ((r = lx_vdso_map()) < 0) {
        snprintf(why, n, "no room for its vDSO");
        return r;
    }
    sp = lx_stack_make(L.start->argv, L.start->envp, why, n);
    if (!sp)
        return -ENOMEM;
    lx_self->gpr[L.arch->r_sp] = sp;
    L.cpu->set_pc(lx_self->self, L.elf.interp[0] ? L.elf.interp_entry : L.elf.entry);
    return 0;
}

static const void *auxv(uint32_t *bytes)
{
    *bytes = L.auxv_bytes;
    return L.auxv;
}

static int run(const struct pb_user_start *s, const struct pb_host *h, pb_err *e)
{
    static const struct pb_user_space space = {.size = sizeof space, .at = lx_at, .auxv = auxv};
    char why[512] = "", text[700];
    struct lx_thread *t;

    L.start = s;
    L.host = h;
    L.svc = h->get(h, PB_SVC_USER);
    L.cpu = s->cpu;
    L.user = s->user;
    L.arch = lx_arch_find(s->arch);
    if (!L.svc || L.svc->size < sizeof *L.svc)
        return h->fail(e, PB_ENOTSUP, "linux: the host has no " PB_SVC_USER);
    if (!L.arch) {
        snprintf(text, sizeof text, "linux: no system calls for %.64s here; there are riscv64 and aarch64",
                 s->arch);
        return h->fail(e, PB_ENOTSUP, text);
    }
    L.svc->set_space(&space);
    lx_memory_init();
    lx_fork_init();
    if (!(t = lx_thread_new(e)))
        return PB_ENOMEM;
    t->sigs = &L.sigs;
    t->tid = (int)syscall(SYS_gettid);
    lx_self = t;
    lx_thread_link(t);
    if (lx_signal_thread(t) < 0)
        return h->fail(e, PB_ENOMEM, "no memory for a signal stack");
    lx_signal_init();
    if (load(why, sizeof why) < 0) {
        snprintf(text, sizeof text, "Error while loading %.150s: %s", s->file, why);
        return h->fail(e, PB_EINVAL, text);
    }
    lx_exec_init();
    lx_debug(t, 0);
    lx_loop(t);
    lx_thread_free(t);
    lx_self = NULL;
    syscall(SYS_exit, 0); /* the process goes on with its other threads */
    return 0;
}

static const struct pb_personality_class linux_class = {
    .size = sizeof linux_class, .id = "linux", .doc = "Linux system calls", .run = run,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_PERSONALITY, &linux_class}};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.personality.linux", .version = "0.1.0", .license = "MIT",
    .doc = "Linux programs without a machine", .classes = classes, .n_classes = 1,
};
