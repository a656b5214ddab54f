/* SPDX-License-Identifier: MIT */
/* cpu.c - the class "aarch64": an Arm CPU in AArch64 state as a plugin.
 * Arm Architecture Reference Manual for A-profile, DDI 0487; plugboard/draft/cpu.h.
 *
 * Everything is in the files that aarch64.h lists.
 * Not modelled: AArch32 at any level, SVE, SME, MTE, RAS error records, external aborts that
 * arrive late, trace, statistical profiling, branch target checks.
 */
#include "except.h"

#include "soft/soft.h"
#include "props.h"
#include "sysreg.h"

#include <plugboard/plugin.h>

#include <stddef.h>
#include <string.h>

static const struct xl_guest guest = {
    .name = "aarch64", .state_size = sizeof(struct a64), .min_insn = 4, .max_insn = 4,
    .slots = a64_slots, .n_slots = A64_SLOTS, .n_helpers = A64_HELPERS, .helpers = a64_helpers,
    .fp_nan_rule = SF_NAN_ARM, .fp_tininess = SF_TINY_BEFORE,
    .mode = a64_mode, .ctxkey = a64_ctxkey, .beside = a64_beside, .translate = a64_translate,
    .walk = a64_walk, .fault = a64_fault, .interrupt = a64_interrupt,
    .disassemble = a64_disassemble,
    .tag_bits = 8, .stack = A64_SLOT_SP + 1, .watch = a64_watch, .break_at = a64_break_at,
};

static const char *properties(struct a64 *c)
{
    c->gic = c->prop->get_link(c->dev, A64_P_GIC, PB_ARM_SYSREG, &c->gic_self);
    c->firmware = c->prop->get_link(c->dev, A64_P_FIRMWARE, PB_SMCCC, &c->firmware_self);
    c->semihost = c->prop->get_link(c->dev, A64_P_SEMIHOST, PB_SEMIHOST, &c->semihost_self);
    c->reset_pc = (uint64_t)c->prop->get_int(c->dev, A64_P_RESET);
    c->cntfrq = (uint64_t)c->prop->get_int(c->dev, A64_P_CNTFRQ);
    if (c->prop->is_set(c->dev, A64_P_BOOT_EL))
        c->boot_el = (uint32_t)c->prop->get_int(c->dev, A64_P_BOOT_EL);
    return c->prop->get_str(c->dev, A64_P_ENGINE);
}

static int realize(void *self, pb_cpu *cpu, pb_dev *d, const pb_host *h, const char *model,
                   pb_err *e)
{
    struct a64 *c = self;
    const char *opts = NULL;
    c->dev = d;
    c->host = h;
    c->prop = h->get(h, PB_SVC_PROP);
    c->user = h->get(h, PB_SVC_USER) != NULL;
    a64_sysreg_init();
    a64_crc_init();
    int r = a64_configure(c, model, e);
    if (r < 0)
        return r;
    c->cntfrq = 62500000;
    c->boot_el = a64_top_el(c);
    if (c->prop)
        opts = properties(c);
    if (c->boot_el < 1 || c->boot_el > a64_top_el(c))
        return h->fail(e, PB_EINVAL, "aarch64: boot-el: the CPU has no such exception level");
    if (c->cntfrq < 1000 || c->cntfrq > 1000000000)
        return h->fail(e, PB_EINVAL, "aarch64: cntfrq: 1 kHz to 1 GHz");
    if ((r = a64_mmu_init(c)) < 0 || (r = a64_timer_init(c, e)) < 0 ||
        (r = a64_pmu_init(c, e)) < 0 ||
        (r = xl_vcpu_init(&c->x, &guest, cpu, h, opts, e)) < 0)
        return r;
    uint32_t n = c->x.svc->index(cpu);
    uint64_t aff = c->prop && c->prop->is_set(d, A64_P_MPIDR)
                       ? (uint64_t)c->prop->get_int(d, A64_P_MPIDR) : n / 16 << 8 | n % 16;
    c->mpidr = 1ull << 31 | (aff & 0xff00ffffffull);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct a64 *c = self;
    xl_vcpu_fini(&c->x);
    a64_pmu_fini(c);
    a64_mmu_fini(c);
}

/* The levels above the one that is booted at do not get in the way. */
static void as_firmware_leaves(struct a64 *c)
{
    if (c->isa & A64_BIT(EL3)) {
        c->sr[SR_SCR_EL3] |= SCR_NS | SCR_HCE | SCR_APK | SCR_API;
        c->sr[SR_MDCR_EL3] = 0;
    }
    c->sr[SR_HCR_EL2] |= HCR_APK | HCR_API;
}

/* args: X0 to X3, then the exception level; 0: boot-el. */
static void reset(void *self, uint64_t pc, const uint64_t *args, uint32_t n_args)
{
    struct a64 *c = self;
    memset(c->gpr, 0, sizeof c->gpr);
    memset(c->v, 0, sizeof c->v);
    memset(c->pmevcntr, 0, sizeof c->pmevcntr);
    memset(c->pmevtyper, 0, sizeof c->pmevtyper);
    a64_sysreg_reset(c);
    uint32_t el = pc == UINT64_MAX ? a64_top_el(c) : c->boot_el;
    if (n_args > 4 && args[4] >= 1 && args[4] <= a64_top_el(c))
        el = (uint32_t)args[4];
    c->pstate = PS_DAIF | el << 2 | PS_SP;
    if (PS_EL(c->pstate) < a64_top_el(c))
        as_firmware_leaves(c);
    a64_set_nzcv(c, 0);
    a64_set_fpcr(c, 0);
    a64_set_fpsr(c, 0);
    c->x.pc = pc == UINT64_MAX ? c->reset_pc : pc;
    c->x.ll_addr = ~0ull;
    __atomic_store_n(&c->event, 0, __ATOMIC_SEQ_CST);
    a64_flush(c);
    a64_moved(c);
    a64_timer_update(c);
    a64_pmu_update(c, 0);
    a64_debug_update(c);
    a64_irq_update(c);
    __atomic_store_n(&c->x.halted, 0, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < n_args && i < 4; i++)
        c->gpr[i] = args[i];
    if (n_args && args[0] == UINT64_MAX)
        c->gpr[0] = c->x.svc->index(c->x.cpu);
    if (c->user)
        a64_user_reset(c);
}

XL_NEAR static uint32_t run(void *self)
{
    return xl_run(&((struct a64 *)self)->x);
}

static void kick(void *self)
{
    xl_kick(&((struct a64 *)self)->x);
}

static uint32_t can_run(void *self)
{
    struct a64 *c = self;
    uint32_t halted = __atomic_load_n(&c->x.halted, __ATOMIC_SEQ_CST);
    return !halted || a64_woken(c) ||
           (halted == A64_WFE && __atomic_load_n(&c->event, __ATOMIC_SEQ_CST));
}

static const char *const lines_out[] = {"phys-timer", "virt-timer", "hyp-timer", "hyp-virt-timer",
                                        "sec-timer", "pmu", NULL};
static const char *const lines_in[] = {"irq", "fiq", "virq", "vfiq", NULL};

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct a64 *c = self;
    if (n < A64_LINES)
        a64_line_in(c, n, level != 0);
}

XL_NEAR static uint64_t get_pc(void *self)
{
    return ((struct a64 *)self)->x.pc;
}

XL_NEAR static void set_pc(void *self, uint64_t pc)
{
    ((struct a64 *)self)->x.pc = pc;
}

static int translate(void *self, uint64_t va, uint32_t access, uint64_t *pa)
{
    return xl_debug_translate(&((struct a64 *)self)->x, va, access, pa);
}

static int breakpoint(void *self, uint32_t kind, uint64_t addr, uint64_t len, uint32_t on)
{
    return xl_breakpoint(&((struct a64 *)self)->x, kind, addr, len, on);
}

static void step(void *self, uint32_t on)
{
    xl_step(&((struct a64 *)self)->x, on);
}

static uint64_t stop_addr(void *self, uint32_t *kind)
{
    return xl_stop_addr(&((struct a64 *)self)->x, kind);
}

static int disassemble(void *self, uint64_t va, const uint8_t *b, uint32_t n, char *out,
                       uint32_t len)
{
    (void)self;
    return a64_disassemble(va, b, n, out, len);
}

static void map_changed(void *self, uint64_t gpa, uint64_t len)
{
    xl_map_changed(&((struct a64 *)self)->x, gpa, len);
}

static void code_written(void *self, uint64_t gpa, uint64_t len)
{
    xl_code_written(&((struct a64 *)self)->x, gpa, len);
}

static void info(void *self, const char *what, void (*line)(void *user, const char *), void *user)
{
    if (!strcmp(what, "jit"))
        xl_info(&((struct a64 *)self)->x, line, user);
}

/* ---- Saved state: registers by their names, so that new ones may come ----------------------- */

static int save(void *self, pb_state *s, pb_err *e)
{
    struct a64 *c = self;
    const struct pb_svc_state *st = c->host->get(c->host, PB_SVC_STATE);
    uint32_t fpsr = (uint32_t)a64_fpsr(c);
    int r;
    if (!st)
        return c->host->fail(e, PB_ENOTSUP, "aarch64: the host has no " PB_SVC_STATE);
    for (uint32_t i = 0; i < SR_COUNT; i++)
        if (!(a64_sysregs[i].flags & (F_RO | F_ALIAS)) &&
            (r = st->put(s, a64_sysregs[i].name, PB_S_U64, &c->sr[i], 1)) < 0)
            return r;
    r = st->put(s, "OSLSR_EL1", PB_S_U64, &c->sr[SR_OSLSR_EL1], 1); /* what OSLAR_EL1 writes */
    return r < 0 ? r : st->put(s, "fpsr", PB_S_U32, &fpsr, 1);
}

/* The OS lock; version 2 did not have it, and what runs takes it off when it starts. */
static int load_lock(struct a64 *c, const struct pb_svc_state *st, pb_state *s)
{
    uint64_t v = 0;
    int r = st->version(s) < 3 ? PB_OK : st->get(s, "OSLSR_EL1", PB_S_U64, &v, 1);
    c->sr[SR_OSLSR_EL1] = (c->sr[SR_OSLSR_EL1] & ~2ull) | (v & 2);
    return r;
}

/* A saved file may say anything: what decides how the emulator works is made whole again. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct a64 *c = self;
    const struct pb_svc_state *st = c->host->get(c->host, PB_SVC_STATE);
    uint32_t fpsr = 0;
    int r;
    if (!st)
        return c->host->fail(e, PB_ENOTSUP, "aarch64: the host has no " PB_SVC_STATE);
    for (uint32_t i = 0; i < SR_COUNT; i++)
        if (!(a64_sysregs[i].flags & (F_RO | F_ALIAS)) &&
            (r = st->get(s, a64_sysregs[i].name, PB_S_U64, &c->sr[i], 1)) < 0)
            return r;
    if ((r = st->get(s, "fpsr", PB_S_U32, &fpsr, 1)) < 0 ||
        (r = load_lock(c, st, s)) < 0)
        return r;
    if (a64_el(c) > a64_top_el(c) || c->pstate & (PS_AARCH32 | 2))
        return c->host->fail(e, PB_EINVAL, "aarch64: the saved state has a level that this CPU "
                             "has not; load it with the -cpu it was saved with");
    c->sr[SR_HCR_EL2] |= HCR_RW;
    a64_set_fpcr(c, c->fpcr);
    a64_set_fpsr(c, fpsr);
    c->x.ll_addr = ~0ull;
    a64_flush(c);
    a64_moved(c);
    a64_timer_update(c);
    a64_pmu_update(c, st->version(s) < 2);
    a64_debug_update(c);
    a64_irq_update(c);
    return PB_OK;
}

#define U64(m) PB_FIELD(struct a64, m, PB_S_U64)
static const struct pb_field state[] = {
    {"pc", PB_S_U64, (uint32_t)offsetof(struct a64, x.pc), 1, 1},
    {"halted", PB_S_U32, (uint32_t)offsetof(struct a64, x.halted), 1, 1},
    PB_FIELD_ARRAY(struct a64, gpr, PB_S_U64, 32),
    {"v", PB_S_U64, (uint32_t)offsetof(struct a64, v), 64, 1},
    U64(cc), U64(cca), U64(ccb), U64(ccc), U64(pstate), U64(fpcr), U64(sp_el3),
    PB_FIELD_ARRAY(struct a64, pmevcntr, PB_S_U64, A64_PMU_COUNTERS),
    PB_FIELD_ARRAY(struct a64, pmevtyper, PB_S_U64, A64_PMU_COUNTERS),
    PB_FIELD_ARRAY(struct a64, pm_base, PB_S_U64, A64_PMU_COUNTERS + 1),
    PB_FIELD(struct a64, lines, PB_S_U32), PB_FIELD(struct a64, event, PB_S_U32),
};

static const struct pb_cpu_info info_table = {.size = sizeof info_table, .text = info};
static const struct pb_provide provides[] = {{PB_CPU_INFO, &info_table},
                                              {PB_CPU_USER, &a64_user}};

static const struct pb_cpu_class aarch64 = {
    .size = sizeof aarch64, .id = "aarch64", .doc = "64-bit Arm CPU",
    .models = a64_models, .n_models = A64_MODELS, .props = a64_props, .n_props = A64_P_COUNT,
    .lines_in = lines_in, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct a64), .state_version = 3, .state = state,
    .n_state = sizeof state / sizeof *state, .lines_out = lines_out,
    .realize = realize, .unrealize = unrealize, .reset = reset, .run = run, .kick = kick,
    .can_run = can_run, .line_in = line_in, .regs = a64_regs,
    .reg_get = a64_reg_get, .reg_set = a64_reg_set, .gdb_xml = a64_gdb_xml,
    .pc = get_pc, .set_pc = set_pc,
    .translate = translate, .breakpoint = breakpoint, .step = step, .stop_addr = stop_addr,
    .disassemble = disassemble, .map_changed = map_changed, .code_written = code_written,
    .fact = a64_fact, .save = save, .load = load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_CPU, &aarch64}};
static const char *const needs[] = {PB_SVC_CPU, PB_SVC_TIME, PB_SVC_PROP, PB_SVC_MINOR_1, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.cpu.aarch64", .version = "0.1.0", .license = "MIT",
    .doc = "AArch64 CPU", .needs = needs, .classes = classes, .n_classes = 1,
};
