/* SPDX-License-Identifier: MIT */
/* arch-aarch64.c - Linux on AArch64: registers, signal frames, layouts.
 * AAPCS64; Linux arch/arm64/include/uapi/asm/{ucontext,sigcontext,fcntl}.h,
 * include/uapi/asm-generic/stat.h.
 *
 * A frame is followed by the frame record (x29, x30) that unwinders look for.
 * Not modelled: SVE and SME state in frames, ESR contexts.
 */
#include "linux.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define FPSIMD_MAGIC 0x46508001u

struct a64_fpsimd {
    uint32_t magic, size, fpsr, fpcr;
    uint8_t v[32 * 16];
};

struct a64_ucontext {
    uint64_t uc_flags, uc_link;
    stack_t uc_stack;
    uint64_t uc_sigmask;
    uint8_t unused[120];
    uint8_t pad[8]; /* sigcontext is aligned to 16 */
    uint64_t fault_address, regs[31], sp, pc, pstate;
    uint8_t pad2[8];
    uint8_t reserved[4096];
};

struct a64_frame {
    siginfo_t info;
    struct a64_ucontext uc;
    uint64_t fp, lr;
};
_Static_assert(offsetof(struct a64_ucontext, fault_address) == 176, "as in the kernel");
_Static_assert(offsetof(struct a64_ucontext, reserved) == 176 + 288, "as in the kernel");

static void frame_put(struct lx_thread *t, uint8_t *frame, const siginfo_t *si, uint64_t mask,
                      uint64_t fault_addr)
{
    struct a64_frame *f = (void *)frame;
    struct a64_fpsimd *s = (void *)f->uc.reserved;
    uint8_t fp[32 * 16 + 8];

    memset(f, 0, sizeof *f);
    f->info = *si;
    f->uc.uc_stack = t->alt;
    f->uc.uc_sigmask = mask;
    f->uc.fault_address = fault_addr;
    memcpy(f->uc.regs, t->gpr, sizeof f->uc.regs);
    f->uc.sp = t->gpr[31];
    f->uc.pc = L.cpu->pc(t->self);
    f->uc.pstate = L.user->get(t->self, PB_UREG_FLAGS);
    L.user->fp_get(t->self, fp);
    s->magic = FPSIMD_MAGIC;
    s->size = sizeof *s;
    memcpy(s->v, fp, sizeof s->v);
    memcpy(&s->fpsr, fp + sizeof s->v, 8);
    f->fp = t->gpr[29];
    f->lr = t->gpr[30];
}

static int frame_get(struct lx_thread *t, const uint8_t *frame, uint64_t *mask, stack_t *alt)
{
    const struct a64_frame *f = (const void *)frame;
    const struct a64_fpsimd *s = (const void *)f->uc.reserved;
    uint8_t fp[32 * 16 + 8];

    if (s->magic != FPSIMD_MAGIC || s->size != sizeof *s)
        return -EFAULT;
    *mask = f->uc.uc_sigmask;
    *alt = f->uc.uc_stack;
    memcpy(t->gpr, f->uc.regs, sizeof f->uc.regs);
    t->gpr[31] = f->uc.sp;
    memcpy(fp, s->v, sizeof s->v);
    memcpy(fp + sizeof s->v, &s->fpsr, 8);
    L.user->fp_set(t->self, fp);
    L.user->set(t->self, PB_UREG_FLAGS, f->uc.pstate);
    L.cpu->set_pc(t->self, f->uc.pc);
    return 0;
}

static int64_t call(struct lx_thread *t, uint64_t nr, const uint64_t *a)
{
    (void)t, (void)nr, (void)a;
    return -ENOSYS;
}

#define AT(member) (uint32_t)offsetof(struct a64_frame, uc.member)
static const struct lx_vdso vdso = {
    .prefix = "__kernel_", .version = "LINUX_2.6.39", .set_nr = 0xd2800008 /* mov x8, # */,
    .nr_shift = 5, .call = 0xd4000001, .ret = 0xd65f03c0, .nop = 0xd503201f, .pc_column = 96,
    .sp_at = AT(sp),
    .rule = {{0, 31, 8, AT(regs)}, {96, 1, 8, AT(pc)},
             {64 + 8, 8, 16, AT(reserved) + 16 + 8 * 16}}, /* v8 to v15, which are kept */
};

const struct lx_arch lx_aarch64 = {
    .id = "aarch64", .machine = "aarch64", .platform = "aarch64", .elf = 183, .call_bytes = 4,
    .r_nr = 8, .r_args = 0, .r_result = 0, .r_sp = 31, .r_link = 30, .arm_open = 1,
    .frame_bytes = sizeof(struct a64_frame), .frame_align = 16,
    .vdso = &vdso,
    .frame_put = frame_put, .frame_get = frame_get,
    .frame_info = offsetof(struct a64_frame, info), .frame_uc = offsetof(struct a64_frame, uc),
    .frame_record = offsetof(struct a64_frame, fp),
    .stat_put = lx_generic_stat, .stat_bytes = 128, .call = call,
};
