/* SPDX-License-Identifier: MIT */
/* plugboard/draft/cpu.h - CPU plugins. DRAFT: may change in any release until two
 * instruction sets have lived on it; define PB_USE_DRAFT to include it.
 *
 * The interface is coarse: create, run until something happens, lines in, registers,
 * address translation, invalidation, state. Translation is inside the plugin. A CPU is a
 * device handle too: properties, timers, links and logs take it.
 */
#ifndef PLUGBOARD_DRAFT_CPU_H
#define PLUGBOARD_DRAFT_CPU_H

#ifndef PB_USE_DRAFT
#error "draft/cpu.h may change in any release; define PB_USE_DRAFT to accept that"
#endif

#include <plugboard/device.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pb_cpu pb_cpu; /* the host's side of one vCPU */

#define PB_SPAN_SECURE 1u /* ABI 1.1: there for Secure accesses only; the plugin sees to that */

/* One stretch of guest-physical space, for the plugin's own TLB. FROZEN. */
struct pb_span {
    uint64_t gpa, len;  /* contains the address asked for */
    uint8_t *host;      /* host address of gpa for RAM and ROM; NULL for I/O */
    volatile uint8_t *dirty; /* one byte a 4 KiB page from gpa's page on: store 1 before the
                                first write after it reads 0; NULL when not tracked */
    volatile uint8_t *code;  /* one byte a 4 KiB page: non-zero while someone watches it, see
                                watch_code(); NULL: never */
    const void *io;     /* handle for io() when host is NULL, else for writes to ROM */
    uint32_t writable;  /* host may be written directly */
    uint32_t reserved;  /* PB_SPAN_* */
};
PB_FROZEN(struct pb_span, 56);

#define PB_SVC_CPU "pb.cpu/1"
struct pb_svc_cpu {
    uint32_t size, reserved;
    /* Resolve for a TLB fill. The span stays valid until map_changed(). PB_EFAULT: nothing
     * is there (bus error to the guest). [cpu] */
    int (*span)(pb_cpu *c, uint64_t gpa, struct pb_span *s);
    /* One access to a span without `host`, or a write to ROM; takes the domain lock. PB_OK
     * or PB_EFAULT (bus error). t->off is relative to the span's gpa. [cpu] */
    int (*io)(pb_cpu *c, const struct pb_span *s, struct pb_txn *t);
    /* Writes by DMA, other CPUs' C code and devices to this page (4 KiB) call
     * code_written() of every CPU from now on, or no longer. [any] */
    void (*watch_code)(pb_cpu *c, uint64_t gpa, uint32_t on);
    /* The CPU's own stores hit a watched page: tell the others. [cpu] */
    void (*code_stored)(pb_cpu *c, uint64_t gpa, uint64_t len);
    void (*request)(pb_cpu *c, uint32_t what, int32_t code); /* as pb_svc_board.request */
    uint32_t (*index)(pb_cpu *c);
    uint32_t (*n_cpus)(pb_cpu *c);
    pb_dev *(*dev)(pb_cpu *c);
    /* Instance of CPU `i` of the same machine; for shared caches and remote fences. */
    void *(*peer)(pb_cpu *c, uint32_t i);
    /* Memory shared by all CPUs of this class in this machine: allocated, zeroed, at the
     * first call, freed with the last CPU. [main] */
    void *(*shared)(pb_cpu *c, uint64_t bytes);
    /* Deterministic mode: 0 threads run freely, else instructions per ns scale: see docs. */
    uint32_t (*deterministic)(pb_cpu *c);
    /* Exclusive section: every other vCPU is outside run()'s translated code while it
     * lasts. [cpu] */
    void (*stop_others)(pb_cpu *c);
    void (*resume_others)(pb_cpu *c);
    /* can_run() may have become true by something that is no line: look again. ABI 1.1. [any] */
    void (*wake)(pb_cpu *c);
};

enum {                /* why run() returned */
    PB_EXIT_KICK,     /* kick() was called, or the budget is used up: call again */
    PB_EXIT_HALT,     /* waits for a line: call again when can_run() */
    PB_EXIT_DEBUG,    /* breakpoint, watchpoint or step */
    PB_EXIT_ERROR     /* cannot go on; the text was logged */
};

#define PB_REG_GROUP_GENERAL 1u
/* One register for debuggers and `info registers`. FROZEN. */
struct pb_cpu_reg {
    const char *name, *group; /* "a0"; "general" "float" "csr" "vector" */
    uint32_t id, bits;
    uint32_t gdb;   /* number in gdb's numbering, UINT32_MAX: not shown to it */
    uint32_t flags; /* PB_REG_GROUP_GENERAL: part of the g packet */
};
PB_FROZEN(struct pb_cpu_reg, 32);

/* Optional PB_PROVIDE of a CPU for `info jit`. */
#define PB_CPU_INFO "pb.cpu.info/1"
struct pb_cpu_info {
    uint32_t size, reserved;
    void (*text)(void *self, const char *what, void (*line)(void *user, const char *), void *user);
};

struct pb_cpu_model { /* FROZEN */
    const char *name, *doc;
};
PB_FROZEN(struct pb_cpu_model, 16);

struct pb_cpu_class {
    uint32_t size, flags;
    const char *id;   /* "riscv64": what plugboard-system-ARCH and manifests' arch= name */
    const char *doc;
    const struct pb_cpu_model *models; /* models[n_models], for -cpu help; first: default */
    uint32_t n_models, n_props;
    const struct pb_prop *props; /* -cpu rv64,zba=off; the model sets their defaults */
    const char *const *lines_in; /* as in pb_device_class */
    const struct pb_provide *provides;
    uint32_t n_provides, instance_size;
    uint32_t state_version, n_state;
    const struct pb_field *state;
    int (*realize)(void *self, pb_cpu *c, pb_dev *d, const pb_host *h, const char *model,
                   pb_err *e);                                                     /* [main] */
    void (*unrealize)(void *self);                                                 /* [main] */
    /* Power-on state, then pc and args as the boot plugin gave them (by the ISA's boot
     * convention: RISC-V a0, a1, …). pc UINT64_MAX: the model's reset vector. The CPU's
     * own index replaces args[0] when it is UINT64_MAX. Not running. AArch64: x0 to x3, then,
     * if n_args > 4, the exception level to start in (Non-secure EL1 or EL2, EL3; 0 or
     * absent: the highest). */
    void (*reset)(void *self, uint64_t pc, const uint64_t *args, uint32_t n_args);
    uint32_t (*run)(void *self);                               /* [cpu] returns PB_EXIT_* */
    void (*kick)(void *self);                                  /* [any] leave run() soon */
    uint32_t (*can_run)(void *self);                           /* [any] after PB_EXIT_HALT */
    void (*line_in)(void *self, uint32_t n, int32_t level);    /* [any]; the host wakes it */
    /* Below: only while run() is not active. */
    uint32_t (*regs)(void *self, const struct pb_cpu_reg **v);
    int (*reg_get)(void *self, uint32_t id, void *buf, uint32_t n); /* little-endian bytes */
    int (*reg_set)(void *self, uint32_t id, const void *buf, uint32_t n);
    uint64_t (*pc)(void *self);
    void (*set_pc)(void *self, uint64_t pc);
    const char *(*gdb_xml)(void *self, const char *annex); /* "target.xml", …; NULL: none */
    /* Virtual to physical as a debugger sees it. access: 0 read 1 write 2 execute. */
    int (*translate)(void *self, uint64_t va, uint32_t access, uint64_t *pa);
    int (*breakpoint)(void *self, uint32_t kind, uint64_t addr, uint64_t len, uint32_t on);
                        /* kind as in gdb's Z packets: 0 1 code, 2 write, 3 read, 4 access */
    void (*step)(void *self, uint32_t on); /* run() stops after one instruction */
    uint64_t (*stop_addr)(void *self, uint32_t *kind); /* of the watchpoint that stopped it */
    int (*disassemble)(void *self, uint64_t va, const uint8_t *b, uint32_t n, char *out,
                       uint32_t len); /* bytes used; [any] */
    /* The memory map changed in [gpa, gpa+len): forget spans. [any] before the causing
     * access retires on the caller's vCPU, at the next poll elsewhere. */
    void (*map_changed)(void *self, uint64_t gpa, uint64_t len);
    /* Bytes of a watched page were written by someone else. [any] translations of them are
     * not entered again after this returns, as far as the writer's order can be observed. */
    void (*code_written)(void *self, uint64_t gpa, uint64_t len);
    const char *(*fact)(void *self, const char *name); /* for device trees; NULL: none */
    int (*save)(void *self, pb_state *s, pb_err *e);
    int (*load)(void *self, pb_state *s, pb_err *e);
    /* Outputs, as in pb_device_class: its timers, say. ABI 1.1; NULL: none. Wired by
     * [cpu] line.NAME = SINK:INPUT+n of the manifest; pb_svc_line takes the CPU's dev. */
    const char *const *lines_out;
};

#ifdef __cplusplus
}
#endif
#endif
