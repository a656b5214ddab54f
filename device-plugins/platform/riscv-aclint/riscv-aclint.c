/* SPDX-License-Identifier: MIT */
/* riscv-aclint.c - RISC-V software and timer interrupts, laid out as the SiFive CLINT.
 * RISC-V ACLINT specification 1.0-rc4, chapters 2 (MTIMER) and 3 (MSWI), at the offsets of
 * its section 1.2; SiFive FU540-C000 manual, chapter 9.
 *
 * MTIME is the virtual clock scaled, plus an offset that a write changes; nothing ticks.
 * Each hart has one host timer for the moment its MTIMECMP is reached. Harts come in
 * concurrently (PB_DEV_PARALLEL): registers are atomics, and a mutex keeps "compare, then
 * drive the line" in one piece.
 *
 * Not modelled: SSWI (chapter 4); a write to MTIME is not told to harts that compare
 * `time` themselves (Sstc).
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

#include <pthread.h>
#include <stdlib.h>

#define MAX_HARTS 512
#define NS 1000000000ull

enum { MSIP = 0, MTIMECMP = 0x4000, MTIME = 0xbff8 };
enum { R_MSIP, R_MTIMECMP, R_MTIME };
enum { P_HARTS, P_HZ };

struct hart {
    struct aclint *a;
    const struct pb_line *soft, *timer;
    pb_timer *alarm;
};

struct aclint {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    uint32_t n;
    uint64_t hz, tick; /* tick: ns of one count when that is whole, else 0 */
    struct hart *hart; /* hart[n] */
    pthread_mutex_t lock;
    uint64_t offset; /* added to the scaled clock, modulo 2^64 */
    uint64_t cmp[MAX_HARTS];
    uint32_t msip[MAX_HARTS];
};

static uint64_t load64(const uint64_t *p)
{
    return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static void store64(uint64_t *p, uint64_t v)
{
    __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

/* ---- Time -------------------------------------------------------------------------- */

static uint64_t counts(const struct aclint *a, uint64_t ns)
{
    return a->tick ? ns / a->tick : ns / NS * a->hz + ns % NS * a->hz / NS;
}

static uint64_t mtime(void *self)
{
    struct aclint *a = self;

    return counts(a, (uint64_t)a->time->now(a->h, PB_CLK_VIRTUAL)) + load64(&a->offset);
}

/* Virtual ns at which MTIME is `count`; the present when it has been. */
static int64_t when(void *self, uint64_t count)
{
    struct aclint *a = self;
    int64_t now = a->time->now(a->h, PB_CLK_VIRTUAL);
    uint64_t base = counts(a, (uint64_t)now), present = base + load64(&a->offset);

    if (present >= count)
        return now;
    if (count - present > INT64_MAX - base)
        return INT64_MAX;
    uint64_t c = base + (count - present); /* counts since virtual 0 */
    uint64_t s = c / a->hz, rest = c % a->hz;
    if (s >= INT64_MAX / NS)
        return INT64_MAX;
    return (int64_t)(s * NS + (rest * NS + a->hz - 1) / a->hz);
}

static uint64_t hz(void *self)
{
    return ((struct aclint *)self)->hz;
}

static const struct pb_counter counter = {sizeof counter, 0, mtime, hz, when};

/* Compare and drive the line; `lock` keeps a late timer from undoing a newer MTIMECMP. */
static void compare(struct aclint *a, uint32_t i)
{
    struct hart *t = &a->hart[i];

    pthread_mutex_lock(&a->lock);
    uint64_t cmp = load64(&a->cmp[i]);
    if (mtime(a) >= cmp) {
        a->time->disarm(t->alarm);
        pb_line_set(t->timer, 1);
    } else {
        int64_t at = when(a, cmp);
        pb_line_set(t->timer, 0);
        if (at == INT64_MAX)
            a->time->disarm(t->alarm);
        else
            a->time->arm(t->alarm, at);
    }
    pthread_mutex_unlock(&a->lock);
}

static void on_alarm(void *opaque)
{
    struct hart *t = opaque;

    compare(t->a, (uint32_t)(t - t->a->hart));
}

static void set_mtime(struct aclint *a, uint64_t v)
{
    store64(&a->offset, v - counts(a, (uint64_t)a->time->now(a->h, PB_CLK_VIRTUAL)));
    for (uint32_t i = 0; i < a->n; i++)
        compare(a, i);
}

/* ---- Registers --------------------------------------------------------------------- */

static int no_hart(struct aclint *a, const char *reg, uint32_t i)
{
    char text[80];

    if (i < a->n)
        return 0;
    if (a->h->log_on[PB_LOG_GUEST]) {
        snprintf(text, sizeof text, "riscv-aclint: %s of hart %u, there are %u", reg, i, a->n);
        a->h->log(a->h, a->dev, PB_LOG_GUEST, text);
    }
    return 1;
}

static uint64_t half(uint64_t v, uint32_t hi)
{
    return hi ? v >> 32 : v & 0xffffffff;
}

static uint64_t with_half(uint64_t v, uint32_t hi, uint64_t part)
{
    return hi ? (v & 0xffffffff) | part << 32 : (v & ~0xffffffffull) | part;
}

static uint64_t reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    struct aclint *a = self;

    if (r->id == R_MTIME)
        return half(mtime(a), i);
    if (r->id == R_MTIMECMP)
        return no_hart(a, r->name, i / 2) ? 0 : half(load64(&a->cmp[i / 2]), i & 1);
    return no_hart(a, r->name, i) ? 0 : __atomic_load_n(&a->msip[i], __ATOMIC_RELAXED);
}

static void reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct aclint *a = self;

    if (r->id == R_MTIME) {
        set_mtime(a, with_half(mtime(a), i, v));
    } else if (r->id == R_MTIMECMP) {
        if (no_hart(a, r->name, i / 2))
            return;
        store64(&a->cmp[i / 2], with_half(load64(&a->cmp[i / 2]), i & 1, v));
        compare(a, i / 2);
    } else if (!no_hart(a, r->name, i)) {
        /* Stores before the interrupt are seen by whoever takes it. */
        uint32_t was = __atomic_exchange_n(&a->msip[i], (uint32_t)v & 1, __ATOMIC_ACQ_REL);
        if (was & v) /* asked for again: a hart that waits without taking it shall notice */
            pb_line_set(a->hart[i].soft, 0);
        pb_line_set(a->hart[i].soft, v & 1);
    }
}

#define HOOKS (PB_REG_HOOK_R | PB_REG_HOOK_W)
static const struct pb_reg regs[] = {
    {.name = "MSIP", .off = MSIP, .width = 4, .access = PB_R_RW, .mask = 1, .id = R_MSIP,
     .count = MAX_HARTS, .stride = 4, .flags = HOOKS, .section = "3.2",
     .doc = "bit 0: software interrupt of hart n"},
    {.name = "MTIMECMP", .off = MTIMECMP, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_MTIMECMP, .count = 2 * MAX_HARTS, .stride = 4, .flags = HOOKS, .section = "2.3",
     .doc = "low and high halves of hart n's; 8-byte accesses reach both"},
    {.name = "MTIME", .off = MTIME, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .id = R_MTIME, .count = 2, .stride = 4, .flags = HOOKS, .section = "2.2",
     .doc = "low and high half; 8-byte accesses reach both"},
};
static const struct pb_regs table = {sizeof table, sizeof regs / sizeof *regs, regs,
                                     "riscv-aclint", reg_read, reg_write};

/* Is this the 8-byte form of MTIMECMP or MTIME? *hart: UINT32_MAX for MTIME. */
static int whole(const struct aclint *a, uint64_t off, uint32_t *hart)
{
    *hart = UINT32_MAX;
    if (off == MTIME)
        return 1;
    if (off < MTIMECMP || (off - MTIMECMP) / 8 >= a->n)
        return 0;
    *hart = (uint32_t)(off - MTIMECMP) / 8;
    return 1;
}

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct aclint *a = self;
    uint32_t i;

    if (bytes == 8 && whole(a, off, &i))
        return i == UINT32_MAX ? mtime(a) : load64(&a->cmp[i]);
    return pb_regs_read(&table, a, a->h, a->dev, off, bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct aclint *a = self;
    uint32_t i;

    if (bytes == 8 && whole(a, off, &i)) {
        if (i == UINT32_MAX) {
            set_mtime(a, val);
        } else {
            store64(&a->cmp[i], val);
            compare(a, i);
        }
        return;
    }
    pb_regs_write(&table, a, a->h, a->dev, off, val, bytes);
}

/* ---- Life -------------------------------------------------------------------------- */

static int make_harts(struct aclint *a, pb_err *e)
{
    const struct pb_svc_line *line = a->h->get(a->h, PB_SVC_LINE);

    a->hart = calloc(a->n, sizeof *a->hart);
    if (!a->hart)
        return a->h->fail(e, PB_ENOMEM, "riscv-aclint: no memory for the harts");
    for (uint32_t i = 0; i < a->n; i++) {
        char name[24];
        snprintf(name, sizeof name, "mtimecmp%u", i);
        a->hart[i].a = a;
        a->hart[i].soft = line->out(a->dev, "soft", i);
        a->hart[i].timer = line->out(a->dev, "timer", i);
        a->hart[i].alarm = a->time->timer(a->dev, name, PB_CLK_VIRTUAL, on_alarm, &a->hart[i], e);
        if (!a->hart[i].alarm)
            return PB_ENOMEM;
    }
    return PB_OK;
}

static void unrealize(void *self)
{
    struct aclint *a = self;

    free(a->hart);
    pthread_mutex_destroy(&a->lock);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 4, .max = 8,
        .impl_min = 4, .impl_max = 8};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct aclint *a = self;

    a->h = h;
    a->dev = d;
    a->time = h->get(h, PB_SVC_TIME);
    a->n = (uint32_t)prop->get_int(d, P_HARTS);
    if (!a->n)
        a->n = line->count(d, "soft");
    if (a->n < line->count(d, "timer"))
        a->n = line->count(d, "timer");
    if (a->n == 0 || a->n > MAX_HARTS)
        return h->fail(e, PB_EINVAL, "riscv-aclint: between 1 and 512 harts must be wired to "
                                     "soft[] and timer[]");
    a->hz = (uint64_t)prop->get_int(d, P_HZ);
    a->tick = NS % a->hz == 0 ? NS / a->hz : 0;
    pthread_mutex_init(&a->lock, NULL);
    pb_region *r = make_harts(a, e) < 0 ? NULL : mem->io(d, "regs", 0x10000, &ops, a, e);
    if (!r || mem->publish(d, 0, r, e) < 0) {
        unrealize(a);
        return PB_ENOMEM;
    }
    return PB_OK;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct aclint *a = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        store64(&a->offset, 0 - counts(a, (uint64_t)a->time->now(a->h, PB_CLK_VIRTUAL)));
    for (uint32_t i = 0; i < a->n; i++) {
        if (phase == PB_RESET_ENTER) {
            /* 2.3 leaves MTIMECMP unknown; the largest value is the quiet one */
            store64(&a->cmp[i], UINT64_MAX);
            __atomic_store_n(&a->msip[i], 0, __ATOMIC_RELAXED);
            a->time->disarm(a->hart[i].alarm);
        } else if (phase == PB_RESET_HOLD) {
            pb_line_set(a->hart[i].soft, 0);
            pb_line_set(a->hart[i].timer, 0);
        }
    }
}

static const struct pb_field state[] = {
    PB_FIELD(struct aclint, offset, PB_S_U64),
    PB_FIELD_ARRAY(struct aclint, cmp, PB_S_U64, MAX_HARTS),
    PB_FIELD_ARRAY(struct aclint, msip, PB_S_U32, MAX_HARTS),
};
static const struct pb_prop props[] = {
    {.name = "harts", .doc = "Harts served; 0: as many as are wired", .def = "0", .min = 0,
     .max = MAX_HARTS, .type = PB_T_UINT, .qemu_type = "uint32"},
    {.name = "timebase-hz", .doc = "Counts of MTIME in a second", .def = "10000000", .min = 1,
     .max = 1000000000, .unit = "Hz", .type = PB_T_FREQ, .qemu_type = "uint32"},
};
static const char *const lines_out[] = {"soft[]", "timer[]", NULL};
static const struct pb_provide provides[] = {{PB_COUNTER, &counter}};

static const struct pb_device_class riscv_aclint = {
    .size = sizeof riscv_aclint, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "riscv-aclint",
    .title = "RISC-V ACLINT (CLINT layout)", .category = "misc", .spec = "RISC-V ACLINT 1.0-rc4",
    .props = props, .n_props = sizeof props / sizeof *props, .n_regions = 1,
    .lines_out = lines_out, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct aclint), .state_version = 1,
    .n_state = sizeof state / sizeof *state, .state = state, .regs = &table,
    .realize = realize, .unrealize = unrealize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &riscv_aclint}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.riscv-aclint", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "RISC-V software and timer interrupts", .needs = needs,
    .classes = classes, .n_classes = 1};
