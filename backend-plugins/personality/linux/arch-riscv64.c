/* SPDX-License-Identifier: MIT */
/* arch-riscv64.c - Linux on RISC-V: registers, signal frames, calls of its own.
 * RISC-V ELF psABI 1.0 (calling convention); Linux arch/riscv/include/uapi/asm/{ucontext,
 * sigcontext,ptrace,hwprobe}.h: layouts.
 *
 * Not modelled: vector state in frames.
 */
#include "linux.h"

#include <errno.h>
#include <string.h>

enum { X_RA = 1, X_SP = 2, X_A0 = 10, X_A1, X_A2, X_A7 = 17 };

/* ---- Frames ------------------------------------------------------------------------------- */

struct rv_ucontext {
    uint64_t uc_flags, uc_link;
    stack_t uc_stack;
    uint64_t uc_sigmask;
    uint8_t unused[120];
    uint8_t pad[8]; /* sigcontext is aligned to 16 */
    uint64_t pc, x[31];
    uint64_t fpr[32];
    uint32_t fcsr;
    uint8_t rest[528 - 260]; /* of the union: zero, no extension follows */
};

struct rv_frame {
    siginfo_t info;
    struct rv_ucontext uc;
};
_Static_assert(offsetof(struct rv_ucontext, pc) == 176, "as in the kernel");
_Static_assert(sizeof(struct rv_ucontext) == 176 + 256 + 528, "as in the kernel");

static void frame_put(struct lx_thread *t, uint8_t *frame, const siginfo_t *si, uint64_t mask,
                      uint64_t fault_addr)
{
    struct rv_frame *f = (void *)frame;

    (void)fault_addr;
    memset(f, 0, sizeof *f);
    f->info = *si;
    f->uc.uc_stack = t->alt;
    f->uc.uc_sigmask = mask;
    f->uc.pc = L.cpu->pc(t->self);
    memcpy(f->uc.x, t->gpr + 1, sizeof f->uc.x);
    uint8_t fp[33 * 8];
    L.user->fp_get(t->self, fp);
    memcpy(f->uc.fpr, fp, 256);
    memcpy(&f->uc.fcsr, fp + 256, 4);
}

static int frame_get(struct lx_thread *t, const uint8_t *frame, uint64_t *mask, stack_t *alt)
{
    const struct rv_frame *f = (const void *)frame;
    uint8_t fp[33 * 8] = {0};

    *mask = f->uc.uc_sigmask;
    *alt = f->uc.uc_stack;
    memcpy(t->gpr + 1, f->uc.x, sizeof f->uc.x);
    memcpy(fp, f->uc.fpr, 256);
    memcpy(fp + 256, &f->uc.fcsr, 4);
    L.user->fp_set(t->self, fp);
    L.cpu->set_pc(t->self, f->uc.pc);
    return 0;
}

/* ---- Calls --------------------------------------------------------------------------------- */

#define NR_HWPROBE 258
#define NR_FLUSH_ICACHE 259

/* riscv_hwprobe(2): what the model has is in the ISA string. */
static int has(const char *isa, const char *ext)
{
    const char *p = isa;
    size_t n = strlen(ext);

    while ((p = strstr(p, ext))) {
        if (p[-1] == '_' && (!p[n] || p[n] == '_'))
            return 1;
        p += n;
    }
    return 0;
}

static uint64_t extensions(struct lx_thread *t)
{
    static const struct { const char *name; uint64_t bit; } ext[] = {
        {"zba", 8}, {"zbb", 16}, {"zbs", 32}, {"zicboz", 64}, {"zbc", 128}, {"zicond", 1ull << 35}};
    const char *isa = L.cpu->fact(t->self, "riscv,isa");
    uint64_t letters = L.user->features(t->self, 0), v = 0;

    v |= (letters & 0x28) == 0x28 ? 1 : 0; /* F and D */
    v |= letters & 4 ? 2 : 0;
    for (size_t i = 0; isa && i < sizeof ext / sizeof *ext; i++)
        v |= has(isa, ext[i].name) ? ext[i].bit : 0;
    return v;
}

static int64_t hwprobe(struct lx_thread *t, const uint64_t *a)
{
    struct { int64_t key; uint64_t value; } pair;

    if (a[4])
        return -EINVAL;
    for (uint64_t i = 0; i < a[1]; i++) {
        uint64_t at = a[0] + i * sizeof pair;

        if (lx_get(&pair, at, sizeof pair) < 0)
            return -EFAULT;
        switch (pair.key) {
        case 0: case 1: case 2: pair.value = 0; break; /* vendor, architecture, implementation */
        case 3: pair.value = 1; break;                 /* I, M, A and what user space needs */
        case 4: pair.value = extensions(t); break;
        case 5: pair.value = 3; break;                 /* misaligned accesses are fast */
        case 6: pair.value = 64; break;                /* cbo.zero's block */
        default:
            pair.key = -1;
            pair.value = 0;
            break;
        }
        if (lx_put(at, &pair, sizeof pair) < 0)
            return -EFAULT;
    }
    return 0;
}

static int64_t call(struct lx_thread *t, uint64_t nr, const uint64_t *a)
{
    if (nr == NR_HWPROBE)
        return hwprobe(t, a);
    if (nr != NR_FLUSH_ICACHE)
        return -ENOSYS;
    if (a[2] & ~(uint64_t)1)
        return -EINVAL;
    if (a[1] > a[0])
        L.user->code_check(t->self, a[0], a[1] - a[0]);
    else
        L.user->code_check(t->self, 0, UINT64_MAX);
    return 0;
}

#define AT(member) (uint32_t)offsetof(struct rv_frame, uc.member)
static const struct lx_vdso vdso = {
    .prefix = "__vdso_", .version = "LINUX_4.15", .set_nr = 0x893 /* li a7, */, .nr_shift = 20,
    .call = 0x73, .ret = 0x8067, .nop = 0x13, .pc_column = 64, .sp_at = AT(x) + 8 * (X_SP - 1),
    .rule = {{1, 31, 8, AT(x)}, {64, 1, 8, AT(pc)}, {32, 32, 8, AT(fpr)}},
};

const struct lx_arch lx_riscv64 = {
    .id = "riscv64", .machine = "riscv64", .elf = 243, .call_bytes = 4,
    .r_nr = X_A7, .r_args = X_A0, .r_result = X_A0, .r_sp = X_SP, .r_link = X_RA,
    .frame_bytes = sizeof(struct rv_frame), .frame_align = 16,
    .vdso = &vdso,
    .frame_put = frame_put, .frame_get = frame_get,
    .frame_info = offsetof(struct rv_frame, info), .frame_uc = offsetof(struct rv_frame, uc),
    .stat_put = lx_generic_stat, .stat_bytes = 128, .call = call,
};
