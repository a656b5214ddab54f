/* SPDX-License-Identifier: MIT */
/* cpu.c - the class "riscv64": a RISC-V hart as a plugin.
 * The RISC-V Instruction Set Manual, volumes I and II, 20240411; plugboard/draft/cpu.h.
 *
 * Inputs are numbered as the interrupts they set in mip, so that a manifest's names, the
 * manual and the code agree. Everything else is in the files that rv.h lists.
 * Not modelled: H (and so AIA for guests), V, big-endian and 32-bit modes, triggers, counting of
 * events, NMIs.
 */
#include "rv.h"

#include "soft/soft.h"
#include "props.h"

#include <plugboard/plugin.h>

#include <stddef.h>
#include <string.h>

static const struct xl_guest guest = {
    .name = "riscv64", .state_size = sizeof(struct rv), .min_insn = 2, .max_insn = 4,
    .stack = 2 + 1, /* sp */
    .slots = rv_slots, .n_slots = RV_SLOTS, .n_helpers = RV_HELPERS, .helpers = rv_helpers,
    .fp_nan_rule = SF_NAN_RISCV, .fp_tininess = SF_TINY_AFTER,
    .mode = rv_mode, .ctxkey = rv_ctxkey, .translate = rv_translate, .walk = rv_walk,
    .fault = rv_fault, .interrupt = rv_interrupt, .disassemble = rv_disassemble,
};

static int realize(void *self, pb_cpu *cpu, pb_dev *d, const pb_host *h, const char *model,
                   pb_err *e)
{
    struct rv *c = self;
    c->dev = d;
    c->host = h;
    c->prop = h->get(h, PB_SVC_PROP);
    c->user = h->get(h, PB_SVC_USER);
    int r = rv_configure(c, model, e);
    if (r < 0)
        return r;
    const char *opts = NULL;
    c->reset_pc = 0x1000;
    if (c->prop) {
        c->counter = c->prop->get_link(d, RV_P_COUNTER, PB_COUNTER, &c->counter_self);
        c->reset_pc = (uint64_t)c->prop->get_int(d, RV_P_RESET);
        opts = c->prop->get_str(d, RV_P_ENGINE);
        c->semihost = c->prop->get_link(d, RV_P_SEMIHOST, PB_SEMIHOST, &c->semihost_self);
        for (uint32_t i = 0; i < 2; i++)
            c->imsic[i] = c->prop->get_link(d, RV_P_IMSIC_M + i, PB_RISCV_IMSIC, &c->imsic_self[i]);
    }
    if ((r = rv_timer_init(c, e)) < 0 || (r = xl_vcpu_init(&c->x, &guest, cpu, h, opts, e)) < 0)
        return r;
    c->hartid = c->x.svc->index(cpu);
    rv_facts_init(c);
    return PB_OK;
}

static void unrealize(void *self)
{
    struct rv *c = self;
    xl_vcpu_fini(&c->x);
}

static void reset(void *self, uint64_t pc, const uint64_t *args, uint32_t n_args)
{
    struct rv *c = self;
    memset(c->gpr, 0, sizeof c->gpr);
    memset(c->fpr, 0, sizeof c->fpr);
    c->priv = RV_PRIV_M;
    __atomic_store_n(&c->mip_soft, 0, __ATOMIC_SEQ_CST);
    rv_csr_reset(c);
    rv_timer_update(c);
    c->x.pc = pc == UINT64_MAX ? c->reset_pc : pc & ~1ull;
    c->x.ll_addr = ~0ull;
    c->wfi_useless = 0;
    rv_nap_over(c);
    for (uint32_t i = 0; i < n_args && i < 8; i++)
        c->gpr[10 + i] = args[i];
    if (n_args && args[0] == UINT64_MAX)
        c->gpr[10] = c->hartid;
    if (c->user)
        rv_user_reset(c);
}

XL_NEAR static uint32_t run(void *self)
{
    return xl_run(&((struct rv *)self)->x);
}

static void kick(void *self)
{
    xl_kick(&((struct rv *)self)->x);
}

static uint32_t can_run(void *self)
{
    struct rv *c = self;
    return !__atomic_load_n(&c->x.halted, __ATOMIC_SEQ_CST) ||
           (rv_woken(c) && !__atomic_load_n(&c->napping, __ATOMIC_SEQ_CST));
}

/* By the numbers of mip; what has no wire has no name that a manifest would use. */
static const char *const lines_in[] = {"n0", "ssoft", "n2", "soft", "n4", "stimer", "n6",
                                       "timer", "n8", "s-ext", "n10", "ext", NULL};

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct rv *c = self;
    if (n < 12 && (1ull << n & (MIP_M | MIP_S)))
        rv_mip_set(c, &c->mip_lines, 1ull << n, level != 0);
}

XL_NEAR static uint64_t get_pc(void *self)
{
    return ((struct rv *)self)->x.pc;
}

XL_NEAR static void set_pc(void *self, uint64_t pc)
{
    ((struct rv *)self)->x.pc = pc & ~1ull;
}

static int translate(void *self, uint64_t va, uint32_t access, uint64_t *pa)
{
    return xl_debug_translate(&((struct rv *)self)->x, va, access, pa);
}

static int breakpoint(void *self, uint32_t kind, uint64_t addr, uint64_t len, uint32_t on)
{
    return xl_breakpoint(&((struct rv *)self)->x, kind, addr, len, on);
}

static void step(void *self, uint32_t on)
{
    xl_step(&((struct rv *)self)->x, on);
}

static uint64_t stop_addr(void *self, uint32_t *kind)
{
    return xl_stop_addr(&((struct rv *)self)->x, kind);
}

static int disassemble(void *self, uint64_t va, const uint8_t *b, uint32_t n, char *out,
                       uint32_t len)
{
    (void)self;
    return rv_disassemble(va, b, n, out, len);
}

static void map_changed(void *self, uint64_t gpa, uint64_t len)
{
    xl_map_changed(&((struct rv *)self)->x, gpa, len);
}

static void code_written(void *self, uint64_t gpa, uint64_t len)
{
    xl_code_written(&((struct rv *)self)->x, gpa, len);
}

static void info(void *self, const char *what, void (*line)(void *user, const char *), void *user)
{
    if (!strcmp(what, "jit"))
        xl_info(&((struct rv *)self)->x, line, user);
}

static int save(void *self, pb_state *s, pb_err *e)
{
    struct rv *c = self;
    const struct pb_svc_state *st = c->host->get(c->host, PB_SVC_STATE);
    uint32_t flags = xl_fp_flags(&c->x);
    if (!st)
        return c->host->fail(e, PB_ENOTSUP, "riscv64: the host has no " PB_SVC_STATE);
    return st->put(s, "fflags", PB_S_U32, &flags, 1);
}

/* What follows from the fields is worked out again; nobody else may be asked, whose state may come
 * later: STIP is a field, and the host gives back the timer's deadline. */
static int load(void *self, pb_state *s, pb_err *e)
{
    struct rv *c = self;
    const struct pb_svc_state *st = c->host->get(c->host, PB_SVC_STATE);
    uint32_t flags = 0;
    if (!st)
        return c->host->fail(e, PB_ENOTSUP, "riscv64: the host has no " PB_SVC_STATE);
    int r = st->get(s, "fflags", PB_S_U32, &flags, 1);
    if (r < 0)
        return r;
    c->priv = c->priv == 2 ? RV_PRIV_M : c->priv & 3;
    c->frm &= 7;
    c->mvien &= MVIEN_MASK;
    xl_fp_set_flags(&c->x, flags & 31);
    xl_fp_set_rm(&c->x, c->frm <= SF_RMM ? (uint32_t)c->frm : SF_RNE);
    c->x.ll_addr = ~0ull;
    rv_pmp_update(c);
    rv_irq_update(c);
    return PB_OK;
}

#define U64(m) PB_FIELD(struct rv, m, PB_S_U64)
#define SINCE2(m) {#m, PB_S_U64, (uint32_t)offsetof(struct rv, m), 1, 2}
static const struct pb_field state[] = {
    {"pc", PB_S_U64, (uint32_t)offsetof(struct rv, x.pc), 1, 1},
    {"halted", PB_S_U32, (uint32_t)offsetof(struct rv, x.halted), 1, 1},
    PB_FIELD_ARRAY(struct rv, gpr, PB_S_U64, 32), PB_FIELD_ARRAY(struct rv, fpr, PB_S_U64, 32),
    U64(sscratch), U64(sepc), U64(scause), U64(stval), U64(mscratch), U64(mepc), U64(mcause),
    U64(mtval), U64(priv), U64(mstatus), U64(frm), U64(medeleg), U64(mideleg), U64(mie),
    U64(mtvec), U64(stvec), U64(mcounteren), U64(scounteren), U64(mcountinhibit), U64(menvcfg),
    U64(senvcfg), U64(satp), U64(mip_lines), U64(mip_soft), U64(stimecmp), U64(cycle_base),
    U64(instret_base), PB_FIELD_ARRAY(struct rv, count_from, PB_S_U64, 2),
    PB_FIELD_ARRAY(struct rv, pmpaddr, PB_S_U64, RV_PMP_ENTRIES),
    PB_FIELD_ARRAY(struct rv, pmpcfg, PB_S_U8, RV_PMP_ENTRIES),
    SINCE2(mvien), SINCE2(mvip), SINCE2(sie_virtual), SINCE2(miselect), SINCE2(siselect),
};

static const struct pb_cpu_info info_table = {.size = sizeof info_table, .text = info};
static const struct pb_provide provides[] = {{PB_CPU_INFO, &info_table},
                                              {PB_CPU_USER, &rv_user}};

static const struct pb_cpu_class riscv64 = {
    .size = sizeof riscv64, .id = "riscv64", .doc = "64-bit RISC-V hart",
    .models = rv_models, .n_models = 4, .props = rv_props, .n_props = RV_P_COUNT,
    .lines_in = lines_in, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct rv), .state_version = 2, .state = state,
    .n_state = sizeof state / sizeof *state,
    .realize = realize, .unrealize = unrealize, .reset = reset, .run = run, .kick = kick,
    .can_run = can_run, .line_in = line_in, .regs = rv_regs, .reg_get = rv_reg_get,
    .reg_set = rv_reg_set, .pc = get_pc, .set_pc = set_pc, .gdb_xml = rv_gdb_xml,
    .translate = translate, .breakpoint = breakpoint, .step = step, .stop_addr = stop_addr,
    .disassemble = disassemble, .map_changed = map_changed, .code_written = code_written,
    .fact = rv_fact, .save = save, .load = load,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_CPU, &riscv64}};
static const char *const needs[] = {PB_SVC_CPU, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.cpu.riscv64", .version = "0.1.0", .license = "MIT",
    .doc = "RISC-V RV64 CPU", .needs = needs, .classes = classes, .n_classes = 1,
};
