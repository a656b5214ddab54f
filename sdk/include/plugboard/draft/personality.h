/* SPDX-License-Identifier: MIT */
/* plugboard/draft/personality.h - user mode: one foreign program, no machine. DRAFT, as
 * draft/cpu.h.
 *
 * A personality plugin is an operating system's system-call interface. The host loads it and
 * one CPU plugin; the personality makes a vCPU for each of the program's threads and calls its
 * run(). What the program cannot do by itself ends run() with PB_EXIT_TRAP.
 *
 * The program's addresses are the process's own: [0, top) belongs to it, everything of the
 * host lies above `top` plus 2 GiB that nothing is mapped in.
 */
#ifndef PLUGBOARD_DRAFT_PERSONALITY_H
#define PLUGBOARD_DRAFT_PERSONALITY_H

#include <plugboard/draft/cpu.h>
#include <plugboard/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_CLASS_PERSONALITY "pb.class.personality/1" /* struct pb_personality_class */

/* ---- What a CPU plugin offers (PB_PROVIDE) when it can run without a machine -------------- */

#define PB_EXIT_TRAP 16u /* run() returned for the personality: see pb_cpu_user.trap() */

enum pb_trap_kind { /* why */
    PB_TRAP_CALL,    /* the system-call instruction; pc is behind it */
    PB_TRAP_ILLEGAL, /* no instruction, or a privileged one; pc is at it, as in all others */
    PB_TRAP_BREAK,   /* breakpoint instruction; addr: what a debugger is told */
    PB_TRAP_MAP,     /* an access to an address where nothing is mapped */
    PB_TRAP_PROT,    /* an access that the mapping does not allow */
    PB_TRAP_BUS,     /* an access behind a mapped file's end, or an I/O error */
    PB_TRAP_ALIGN    /* a misaligned access */
};

/* FROZEN. */
struct pb_trap {
    uint32_t kind;   /* PB_TRAP_* */
    uint32_t access; /* 0 read 1 write 2 execute */
    uint64_t addr;
    uint64_t info;   /* the instruction's bits where they are known */
};
PB_FROZEN(struct pb_trap, 24);

/* Registers beside the general ones, for get() and set(). */
enum { PB_UREG_TLS, PB_UREG_FLAGS };

#define PB_CPU_USER "pb.cpu.user/1"
/* All but host_fault() and code_check(): while run() is not active. `self` is the CPU's. */
struct pb_cpu_user {
    uint32_t size;
    uint32_t tag_bits; /* address bits from 63 down that data accesses ignore */
    uint32_t n_gpr, fp_bytes;
    void (*trap)(void *self, struct pb_trap *t); /* after PB_EXIT_TRAP */
    uint64_t *(*gpr)(void *self);                /* gpr[n_gpr], in the ISA's numbering */
    uint64_t (*get)(void *self, uint32_t what);
    void (*set)(void *self, uint32_t what, uint64_t v);
    /* Floating-point state: the registers in their order, then control and status as 32-bit
     * words; fp_bytes of it. */
    void (*fp_get)(void *self, void *buf);
    void (*fp_set)(void *self, const void *buf);
    void (*copy)(void *self, void *from); /* all of another vCPU's registers */
    uint64_t (*features)(void *self, uint32_t word); /* as the system's AT_HWCAP, AT_HWCAP2 */
    /* In a handler of SIGSEGV or SIGBUS, on the vCPU's thread: 1 when the guest's code made the
     * access; `ucontext` is changed so that run() returns PB_EXIT_TRAP. 0: not the guest's.
     * Of SIGFPE: 1 when the code of the guest goes on, and nothing is to be done. */
    int (*host_fault)(void *self, int sig, void *siginfo, void *ucontext);
    /* Instruction fetches see what was written to [addr, addr+len) before. [any] */
    void (*code_check)(void *self, uint64_t addr, uint64_t len);
    /* Around fork(): 0 before it, 1 afterwards in the parent, 2 in the child, where only this
     * vCPU is left; 4: this vCPU will run in a process that shares our memory and may be killed
     * at any time; 3: that process is gone. Other vCPUs may run. PB_OK or PB_E*: only stage 0
     * fails, and never waits: PB_EAGAIN asks to be called again once the caller has given its
     * own locks back for a while. */
    int (*fork)(void *self, uint32_t stage);
    const char *model; /* of programs, where -cpu does not say; NULL: the first. ABI 1.1 */
};

/* ---- What the host offers ---------------------------------------------------------------- */

#define PB_UMAP_READ 1u
#define PB_UMAP_WRITE 2u
#define PB_UMAP_EXEC 4u
#define PB_UMAP_SHARED 8u /* may be written through another mapping */

/* From the personality: what is mapped where. */
struct pb_user_space {
    uint32_t size, reserved;
    /* PB_UMAP_* of the mapping at addr and its end; 0: there is none. [any], no locks held */
    uint32_t (*at)(uint64_t addr, uint64_t *end);
    /* For a debugger: the vector that the program was started with, and its length. Once it
     * has been started. ABI 1.1 */
    const void *(*auxv)(uint32_t *bytes);
};

enum { /* for debug(): what happens to the thread, when it is no signal */
    PB_DEBUG_CALL = -1,  /* a system call is done */
    PB_DEBUG_BORN = -2,  /* the thread is about to run. ABI 1.1, as all that follow */
    PB_DEBUG_GONE = -3,  /* it will not run again */
    PB_DEBUG_ENTER = -4, /* a system call begins: registers are left alone until LEAVE */
    PB_DEBUG_LEAVE = -5, /* it is about to give its result */
    PB_DEBUG_KICK = -6,  /* run() returned PB_EXIT_KICK */
    PB_DEBUG_POINT = -7  /* run() returned PB_EXIT_DEBUG */
};
#define PB_DEBUG_KILLED 256 /* status for debug_end(): plus the signal's number */

#define PB_SVC_USER "pb.user/1" /* a CPU plugin that finds it runs without a machine */
struct pb_svc_user {
    uint32_t size, reserved;
    uint64_t top; /* first address behind the program's */
    uint32_t (*at)(uint64_t addr, uint64_t *end); /* as pb_user_space; for the CPU plugin */
    void (*set_space)(const struct pb_user_space *s); /* before the first run(). [main] */
    /* A vCPU of the CPU plugin, reset. NULL and `e` on failure. [any] */
    void *(*cpu_new)(pb_err *e);
    void (*cpu_free)(void *cpu); /* not running. [any] */
    void *(*cpu_self)(void *cpu); /* the plugin's instance */
    /* Text of an error that cpu_new() gave. */
    const char *(*err_text)(pb_err *e);
    /* Around fork(), before the CPU plugin's (0), after it (1, 2): the host's own locks. */
    void (*fork)(void *cpu, uint32_t stage);
    /* Tell a debugger, if there is one, and wait until it lets the program go on. what: the
     * host's number of a signal that would be delivered now; 0: the program is about to start;
     * PB_DEBUG_*. 1: without the signal. On the vCPU's thread. */
    int (*debug)(void *cpu, int what);
    void (*debug_end)(int status); /* the program ends */
    uint32_t debugged; /* there is a debugger: else debug() need not be called. ABI 1.1 */
    uint32_t reserved2;
    uint64_t kept, kept_end; /* below top, but the host's own: a sanitizer's tables. ABI 1.1 */
};

/* ---- What a personality offers ------------------------------------------------------------ */

/* One program to run. Strings live as long as the process. */
struct pb_user_start {
    uint32_t size;
    uint32_t strace;            /* log system calls */
    const char *arch;           /* id of the CPU class */
    const struct pb_cpu_class *cpu;
    const struct pb_cpu_user *user;
    const char *file;           /* the program */
    char **argv, **envp;        /* NULL-ended, as the program is to see them */
    const char *prefix;         /* where to look for its files first (-L), or NULL */
    const char *uname;          /* release to report (-r), or NULL */
    uint64_t stack;             /* bytes */
    int (*log_fd)(void);        /* where log lines go */
    char **again;               /* NULL-ended argv[0] and options that start us like this again,
                                   for execve() */
    const char *progname;
    const char *seed;           /* -seed: text of a number, or NULL */
};

struct pb_personality_class {
    uint32_t size, flags;
    const char *id, *doc; /* "linux" */
    const struct pb_prop *props;
    uint32_t n_props, reserved;
    /* Run it to its end; the process's exit status, or PB_E* and `e` when it could not be
     * started. Does not return when the program ends by itself. [main] */
    int (*run)(const struct pb_user_start *s, const pb_host *h, pb_err *e);
};

#ifdef __cplusplus
}
#endif
#endif
