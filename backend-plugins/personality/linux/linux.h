/* SPDX-License-Identifier: MIT */
/* linux.h - the Linux personality: what its files share.
 *
 * Who does what: plugin (start, the loop of a thread), table and calls.def (system calls by
 * number), host (host calls that signals may interrupt, copies from and to the program),
 * memory (what is mapped where), elf and stack (loading), signal, clone/thread/fork/exec
 * (processes), file, net, nested, clock, sysv, various (calls that need translation), procfs (files about the
 * program itself), strace, crash (reports), arch-* (registers, frames, layouts).
 *
 * The program's addresses are the process's, its threads and descriptors are the process's
 * threads and descriptors, its signal masks are their masks. So most calls go to the host as
 * they are; pointers are only checked to be the program's.
 */
#ifndef LX_LINUX_H
#define LX_LINUX_H

#define PB_USE_DRAFT 1
#include <plugboard/draft/personality.h>
#include <plugboard/host.h>

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#define LX_RESTART (-512) /* result: do the call again, from the instruction */
#define LX_JUMPED (-513)  /* result: registers are set already */
#define LX_QUEUE 8u       /* signals that the host's handler took and we did not deliver yet */
#define LX_NSIG 64
#define LX_PATH 4096u
#define LX_FD_FIRST 900 /* descriptors of our own */
#define LX_FD_LAST 931

/* ---- Signals and threads ------------------------------------------------------------- */

struct lx_action { /* as the program gave it */
    uint64_t handler, flags, restorer, mask;
};

struct lx_sigs {
    struct lx_action act[LX_NSIG + 1]; /* by number */
};

struct lx_thread {
    void *cpu, *self;  /* the host's handle, the CPU plugin's instance */
    uint64_t *gpr;
    int tid;
    uint64_t mask;     /* blocked; bit 0 is signal 1 */
    uint64_t wait_mask; /* what a call like sigsuspend blocks meanwhile */
    int waits;         /* wait_mask holds */
    volatile uint32_t pending; /* entries in queue */
    struct lx_sigs *sigs; /* the process's, but in a vfork() child */
    stack_t alt;       /* the program's sigaltstack */
    void *host_alt;    /* ours */
    uint64_t clear_tid;
    uint64_t robust;   /* head of the robust list, as the kernel knows it */
    int vforked;       /* a child that has its parent's memory */
    int exiting;       /* the thread leaves its loop */
    void *exec_args;   /* of execve() in a vfork() child: its parent frees them */
    uint64_t nr, a[6]; /* the current or last system call */
    struct lx_thread *next; /* of all */
    siginfo_t queue[LX_QUEUE]; /* last: what is above is in one page, which a fork() copies */
};

extern __thread struct lx_thread *lx_self __attribute__((tls_model("initial-exec")));

/* ---- The process --------------------------------------------------------------------- */

struct lx_elf { /* a loaded program */
    uint64_t entry, base, phdr, start, end; /* end: of the last segment: brk */
    uint64_t code_start, code_end, interp_base, interp_entry;
    uint16_t phnum, phent;
    char interp[LX_PATH];
};

struct lx_arch;
struct lx_process {
    const struct pb_user_start *start;
    const struct pb_host *host;
    const struct pb_svc_user *svc;
    const struct pb_cpu_class *cpu;
    const struct pb_cpu_user *user;
    const struct lx_arch *arch;
    struct lx_sigs sigs;
    struct lx_thread *threads; /* under `lock` */
    uint32_t threaded; /* this process has had a second thread, or a vfork() child (atomic) */
    pthread_mutex_t lock;
    uint64_t vdso, trampoline; /* where it is, and its code that calls rt_sigreturn */
    char exe[LX_PATH];   /* the program, absolute */
    uint64_t auxv[64];   /* as pairs */
    uint32_t auxv_bytes;
    uint64_t arg_start, arg_end, env_end, stack_start, stack_base, stack_size;
    struct lx_elf elf;
};
extern struct lx_process L;

/* ---- arch-*.c -------------------------------------------------------------------------- */

struct lx_vdso { /* what vdso.c needs to know */
    const char *prefix, *version;          /* of its symbols */
    uint32_t set_nr, nr_shift, call, ret, nop; /* instructions */
    uint32_t pc_column;                    /* DWARF's number for the interrupted pc */
    uint32_t sp_at;                        /* in a frame: the interrupted stack pointer */
    struct lx_vdso_rule {
        uint8_t column, n, step; /* n registers, from this DWARF number on */
        uint32_t at;             /* in a frame */
    } rule[4]; /* the last has no registers */
};

struct lx_arch {
    const char *id, *machine; /* CPU class; uname's machine */
    const char *platform;     /* AT_PLATFORM, or NULL */
    uint16_t elf;             /* e_machine */
    uint16_t call_bytes;      /* length of the system-call instruction */
    uint8_t r_nr, r_args, r_result, r_sp, r_link; /* general registers by their number */
    int arm_open;             /* O_DIRECTORY and its neighbours have Arm's values */
    uint32_t frame_bytes, frame_align;
    const struct lx_vdso *vdso;
    /* Write a signal frame's machine context to / read it from host memory. */
    void (*frame_put)(struct lx_thread *t, uint8_t *frame, const siginfo_t *si, uint64_t mask,
                      uint64_t fault_addr);
    int (*frame_get)(struct lx_thread *t, const uint8_t *frame, uint64_t *mask, stack_t *alt);
    uint32_t frame_info, frame_uc; /* offsets of siginfo and ucontext */
    uint32_t frame_record; /* of the frame record that x29 then points to; 0: none */
    void (*stat_put)(void *out, const void *host_stat);
    uint32_t stat_bytes;
    /* Arch's own system calls: a result, or -ENOSYS. */
    int64_t (*call)(struct lx_thread *t, uint64_t nr, const uint64_t *a);
};
const struct lx_arch *lx_arch_find(const char *id);
extern const struct lx_arch lx_riscv64, lx_aarch64;
void lx_generic_stat(void *out, const void *host_stat); /* 128 bytes */

/* ---- vdso.c ---------------------------------------------------------------------------- */

int lx_vdso_map(void); /* sets L.vdso and L.trampoline */

/* ---- host.c ---------------------------------------------------------------------------- */

/* What each child of fork() runs before it ends lies together: see XL_NEAR. */
#define LX_NEAR __attribute__((hot))

/* A host system call that a signal interrupts even just before it begins: LX_RESTART then. */
LX_NEAR int64_t lx_host(struct lx_thread *t, long nr, const uint64_t *a);
/* From and to the program's memory: 0 or -EFAULT. */
LX_NEAR int lx_get(void *to, uint64_t from, uint64_t n);
LX_NEAR int lx_put(uint64_t to, const void *from, uint64_t n);
/* A string with its end: length, -EFAULT, or -ENAMETOOLONG when it needs more than n bytes. */
int64_t lx_string(char *to, uint64_t from, uint64_t n);
/* In a handler: was it in one of these? Then the context is mended. */
int lx_host_fault(void *ucontext);
void lx_host_interrupt(void *ucontext);

/* Tell the debugger, if there is one: pb_svc_user.debug(). A vfork() child has none. */
static inline int lx_debug(struct lx_thread *t, int what)
{
    return __atomic_load_n(&L.svc->debugged, __ATOMIC_ACQUIRE) && !t->vforked
               ? L.svc->debug(t->cpu, what) : 0;
}

static inline int lx_bad(uint64_t p) /* no address of the program */
{
    return p >= L.svc->top;
}

/* ---- table.c --------------------------------------------------------------------------- */

struct lx_call {
    const char *name, *args; /* args: a letter each, see calls.def */
    int host;                /* the host's number, or -1 */
    int64_t (*fn)(struct lx_thread *t, const struct lx_call *c, uint64_t *a); /* NULL: as it is */
};
LX_NEAR void lx_syscall(struct lx_thread *t);
/* As it is, pointers checked and paths looked up. */
LX_NEAR int64_t lx_pass(struct lx_thread *t, const struct lx_call *c, uint64_t *a);
uint32_t lx_call_count(void);

/* ---- memory.c -------------------------------------------------------------------------- */

void lx_memory_init(void);
/* The program's mmap: address or -errno. */
int64_t lx_mmap(uint64_t addr, uint64_t len, int prot, int flags, int fd, uint64_t off);
int64_t lx_munmap(uint64_t addr, uint64_t len);
int64_t lx_mprotect(uint64_t addr, uint64_t len, int prot);
void lx_brk_init(uint64_t start);
/* Where what is mapped next without a wish goes below. */
void lx_memory_ceiling(uint64_t top);
void lx_memory_fork(int stage); /* as pb_cpu_user.fork */
void lx_memory_vforked(void); /* a process that shared our memory is gone */
uint32_t lx_at(uint64_t addr, uint64_t *end);
uint64_t lx_brk_start(void);

/* ---- elf.c, stack.c ------------------------------------------------------------------------ */

/* Map the program on fd, and its interpreter; text of what is wrong in why[n] on failure. */
int lx_elf_load(int fd, struct lx_elf *e, char *why, size_t n);
/* What a file is, by its first bytes: */
enum lx_kind { LX_OURS, LX_HOSTS, LX_SCRIPT, LX_OTHER };
enum lx_kind lx_elf_kind(const uint8_t *head, size_t n);
/* Stack, arguments, environment, auxiliary vector: the initial stack pointer, or 0. */
uint64_t lx_stack_make(char *const *argv, char *const *envp, char *why, size_t n);
const char *lx_machine_name(unsigned e_machine);

/* ---- signal.c ------------------------------------------------------------------------------ */

void lx_signal_init(void);
int lx_signal_thread(struct lx_thread *t); /* the host's alternate stack; own thread */
void lx_signal_thread_end(struct lx_thread *t);
LX_NEAR void lx_set_mask(struct lx_thread *t, uint64_t mask); /* the program's and the host's */
void lx_deliver(struct lx_thread *t);      /* everything in the queue */
/* A fault of the program: its handler, or the end. */
void lx_fault(struct lx_thread *t, const struct pb_trap *trap);
_Noreturn void lx_die(int sig); /* by that signal */
int64_t lx_rt_sigreturn(struct lx_thread *t);

/* ---- clone.c, thread.c, fork.c, exec.c -------------------------------------------------------- */

struct lx_clone {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};
int64_t lx_clone_thread(struct lx_thread *t, const struct lx_clone *c);
LX_NEAR int64_t lx_clone_process(struct lx_thread *t, const struct lx_clone *c);
int64_t lx_clone_vfork(struct lx_thread *t, const struct lx_clone *c);
void lx_fork_init(void); /* on the first thread */
struct lx_thread *lx_thread_new(pb_err *e);
void lx_thread_link(struct lx_thread *t);
void lx_thread_free(struct lx_thread *t);
LX_NEAR _Noreturn void lx_exit_group(int code);
LX_NEAR void lx_loop(struct lx_thread *t); /* runs the program on this thread, until it exits */
/* A new thread's or process's registers, as clone() says; its tid is known. */
LX_NEAR void lx_clone_apply(struct lx_thread *child, const struct lx_clone *c);
LX_NEAR uint64_t lx_block_all(void); /* on the host; lx_set_mask() ends it */
void lx_exec_init(void);
int lx_exec_fd(void); /* leads to the emulator, for execve() */

/* ---- file.c, procfs.c --------------------------------------------------------------------------- */

/* `path` under -L's prefix when it is there; `to` has LX_PATH bytes. */
const char *lx_prefix(const char *path, char *to);
uint64_t lx_open_flags(uint64_t guest);
uint64_t lx_open_flags_back(uint64_t host);
/* An open of a file about ourselves: a descriptor, -errno, or -ENOSYS when it is none. */
int64_t lx_proc_open(struct lx_thread *t, const char *path, int flags);
int lx_proc_is_exe(const char *path);

/* ---- strace.c, log.c, crash.c --------------------------------------------------------------------- */

void lx_strace_enter(struct lx_thread *t, const struct lx_call *c, const uint64_t *a);
void lx_strace_leave(struct lx_thread *t, const struct lx_call *c, int64_t r);
void lx_strace_signal(struct lx_thread *t, int sig, const siginfo_t *si);
void lx_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void lx_say(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* to stderr */
const char *lx_signal_name(int sig);
void lx_crash_guest(struct lx_thread *t, int sig, const siginfo_t *si);
_Noreturn void lx_crash_host(int sig, const siginfo_t *si, void *ucontext);

/* ---- Handlers of calls.def ------------------------------------------------------------------------- */

#define LX_HANDLER(name) \
    int64_t lx_sys_##name(struct lx_thread *t, const struct lx_call *c, uint64_t *a)
#define CALL(nr, name, host, args, fn) LX_HANDLER(fn);
#define PASS(nr, name, host, args)
#include "calls.def"
#undef CALL
#undef PASS
struct iovec;
/* n of the program's vector at `at`, checked; 0 or -errno. */
int lx_iov_get(struct iovec *v, uint64_t at, uint64_t n);
#endif
