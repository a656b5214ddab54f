/* SPDX-License-Identifier: MIT */
/* core-fixture.c - test devices, test CPUs, and a main() for one claim. */
#include "core-fixture.h"

#include <unistd.h>

uint64_t (*fx_read)(struct fx_dev *f, uint64_t off, uint32_t bytes);
void (*fx_write)(struct fx_dev *f, uint64_t off, uint64_t val, uint32_t bytes);
void (*fx_line)(struct fx_dev *f, uint32_t n, int32_t level);
void (*fx_reset)(struct fx_dev *f, uint32_t kind, uint32_t phase);
void (*fx_load)(struct fx_dev *f);
void (*fx_timer)(struct fx_dev *f, uint32_t i);
uint32_t (*fx_cpu_run)(struct fx_cpu *c);

/* ---- Devices ---------------------------------------------------------------------------- */

static void in(struct fx_dev *f)
{
    if (atomic_fetch_add(&f->inside, 1))
        atomic_fetch_add(&f->overlaps, 1);
}

static void out(struct fx_dev *f)
{
    atomic_fetch_sub(&f->inside, 1);
}

static uint64_t dev_read(void *opaque, uint64_t off, uint32_t bytes)
{
    struct fx_dev *f = opaque;

    in(f);
    uint64_t v = fx_read ? fx_read(f, off, bytes) : f->reg[off / 4 % 16];
    out(f);
    return v;
}

static void dev_write(void *opaque, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct fx_dev *f = opaque;

    in(f);
    if (fx_write)
        fx_write(f, off, val, bytes);
    else
        f->reg[off / 4 % 16] = (uint32_t)val;
    out(f);
}

static const struct pb_region_ops ops = {.read = dev_read, .write = dev_write, .min = 1,
                                         .max = 8, .impl_min = 1, .impl_max = 8};

static int dev_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct fx_dev *f = self;

    f->d = d;
    f->io = mem->io(d, "io", 64, &ops, f, e);
    return f->io ? mem->publish(d, 0, f->io, e) : PB_ENOMEM;
}

static void dev_line(void *self, uint32_t n, int32_t level)
{
    struct fx_dev *f = self;

    in(f);
    uint32_t k = atomic_fetch_add(&f->n_lines, 1);
    f->level[n % 8] = level;
    if (k < 512)
        snprintf(f->lines + strlen(f->lines), 8, "%u=%d ", n % 10, level);
    if (fx_line)
        fx_line(f, n, level);
    out(f);
}

static int dev_load(void *self, pb_state *s, pb_err *e)
{
    (void)s, (void)e;
    if (fx_load)
        fx_load(self);
    return PB_OK;
}

static void dev_reset(void *self, uint32_t kind, uint32_t phase)
{
    if (fx_reset)
        fx_reset(self, kind, phase);
}

static const char *const dev_in[] = {"in[8]", NULL};
static const char *const dev_out[] = {"out[]", "irq", NULL};
static const char *const dev_bus[] = {"fx-bus[2]", NULL};
static const char *const choices[] = {"red", "green", "blue", NULL};
static const char *const link_if[] = {"fx.id/1", NULL};
static const struct pb_prop props[] = {
    {.name = "on", .type = PB_T_BOOL, .def = "off"},
    {.name = "count", .type = PB_T_UINT, .def = "4", .min = 1, .max = 100},
    {.name = "size", .type = PB_T_SIZE, .def = "64K"},
    {.name = "hz", .type = PB_T_FREQ, .def = "10M"},
    {.name = "mac", .type = PB_T_MAC},
    {.name = "colour", .type = PB_T_ENUM, .def = "green", .choices = choices},
    {.name = "peer", .type = PB_T_LINK, .choices = link_if},
    {.name = "temp", .type = PB_T_INT, .min = -40, .max = 125},
};
static const struct { uint32_t size; } fx_table = {4};
static const struct pb_provide provides[] = {{"fx.id/1", &fx_table}};
static const struct pb_field fields[] = {
    PB_FIELD_ARRAY(struct fx_dev, reg, PB_S_U32, 16),
    PB_FIELD(struct fx_dev, big, PB_S_U64),
    PB_FIELD_ARRAY(struct fx_dev, bytes, PB_S_BYTES, 5),
};

#define CLASS(ID, FLAGS, ...)                                                               \
    {                                                                                       \
        .size = sizeof(struct pb_device_class), .flags = FLAGS, .id = ID, .title = ID,      \
        .props = props, .n_props = G_N_ELEMENTS(props), .n_regions = 1, .lines_in = dev_in, \
        .lines_out = dev_out, .buses_out = dev_bus, .provides = provides, .n_provides = 1,  \
        .instance_size = sizeof(struct fx_dev), .state_version = 1, .n_state = 3,           \
        .state = fields, .realize = dev_realize, .reset = dev_reset, .line_in = dev_line,   \
        __VA_ARGS__                                                                         \
    }
static const struct pb_device_class serial = CLASS("fx-serial", PB_DEV_HOTPLUG, );
static const struct pb_device_class own = CLASS("fx-own", PB_DEV_OWN_DOMAIN, );
static const struct pb_device_class parallel = CLASS("fx-parallel", PB_DEV_PARALLEL, );
static const struct pb_device_class loader = CLASS("fx-loader", 0, .load = dev_load);

static int child_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    void *peer;

    ((struct fx_dev *)self)->d = d;
    return bus->parent(d, "fx.id/1", &peer) ? 0 : h->fail(e, PB_EINVAL, "no parent");
}

static const struct pb_device_class child = {
    .size = sizeof child, .id = "fx-child", .title = "child", .bus = "fx-bus",
    .instance_size = sizeof(struct fx_dev), .realize = child_realize, .reset = dev_reset,
};

/* ---- CPUs --------------------------------------------------------------------------------- */

static int cpu_realize(void *self, pb_cpu *c, pb_dev *d, const pb_host *h, const char *model,
                       pb_err *e)
{
    struct fx_cpu *f = self;

    (void)d, (void)h, (void)model, (void)e;
    f->c = c;
    f->index = c->index;
    return 0;
}

static void cpu_reset(void *self, uint64_t pc, const uint64_t *args, uint32_t n)
{
    struct fx_cpu *f = self;

    f->reset_pc = pc;
    f->reset_arg0 = n ? args[0] : 0;
    atomic_store(&f->pending, 0);
}

static uint32_t cpu_run(void *self)
{
    struct fx_cpu *f = self;

    atomic_fetch_add(&f->runs, 1);
    if (fx_cpu_run)
        return fx_cpu_run(f);
    atomic_store(&f->kicked, 0);
    return atomic_load(&f->pending) ? PB_EXIT_KICK : PB_EXIT_HALT;
}

static void cpu_kick(void *self)
{
    atomic_store(&((struct fx_cpu *)self)->kicked, 1);
}

static uint32_t cpu_can_run(void *self)
{
    return atomic_load(&((struct fx_cpu *)self)->pending) != 0;
}

static void cpu_line(void *self, uint32_t n, int32_t level)
{
    struct fx_cpu *f = self;

    if (level)
        atomic_fetch_or(&f->pending, 1u << n);
    else
        atomic_fetch_and(&f->pending, ~(1u << n));
}

static void cpu_map(void *self, uint64_t gpa, uint64_t len)
{
    struct fx_cpu *f = self;

    atomic_store(&f->map_gpa, gpa);
    atomic_store(&f->map_len, len);
    atomic_fetch_add(&f->map_changes, 1);
}

static void cpu_code(void *self, uint64_t gpa, uint64_t len)
{
    struct fx_cpu *f = self;

    atomic_store(&f->code_gpa, gpa);
    atomic_store(&f->code_len, len);
    atomic_fetch_add(&f->code_writes, 1);
}

static const char *const cpu_in[] = {"irq[8]", NULL};
static const char *const cpu_out[] = {"tick", NULL};
static const struct pb_cpu_model models[] = {{"fx1", "first"}, {"fx2", "second"}};
static const struct pb_field cpu_fields[] = {PB_FIELD(struct fx_cpu, saved, PB_S_U64)};
static const struct pb_cpu_class cpu = {
    .size = sizeof cpu, .id = "fx-cpu", .doc = "test", .models = models, .n_models = 2,
    .lines_in = cpu_in, .instance_size = sizeof(struct fx_cpu), .realize = cpu_realize,
    .reset = cpu_reset, .run = cpu_run, .kick = cpu_kick, .can_run = cpu_can_run,
    .line_in = cpu_line, .map_changed = cpu_map, .code_written = cpu_code,
    .state_version = 1, .n_state = 1, .state = cpu_fields, .lines_out = cpu_out,
};

/* ---- Machine ------------------------------------------------------------------------------ */

static const struct pb_class_ref classes[] = {
    {PB_CLASS_DEVICE, &serial}, {PB_CLASS_DEVICE, &own}, {PB_CLASS_DEVICE, &parallel},
    {PB_CLASS_DEVICE, &loader},
    {PB_CLASS_DEVICE, &child}, {PB_CLASS_CPU, &cpu}};
static const struct pb_plugin plugin = {
    .size = sizeof plugin, .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.fixture", .version = "1", .license = "MIT", .classes = classes,
    .n_classes = G_N_ELEMENTS(classes)};

struct pb_machine *fx_machine(void)
{
    static gboolean registered;
    pb_err e = {0};

    if (!registered)
        pb_registry_add_static(&plugin);
    registered = TRUE;
    struct pb_machine *m = pb_machine_new("fx", "fx-cpu", &e);
    pb_err_report(&e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    return m;
}

pb_dev *fx_add(struct pb_machine *m, const char *cls, const char *id)
{
    pb_err e = {0};
    pb_dev *d = pb_dev_new(m, pb_class_find(PB_KIND_DEVICE, cls), id, NULL, &e);

    pb_err_report(&e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    return d;
}

struct fx_dev *fx_make(struct pb_machine *m, const char *cls, const char *id)
{
    pb_err e = {0};
    pb_dev *d = fx_add(m, cls, id);

    int rc = pb_dev_realize(d, &e);
    pb_err_report(&e);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    return d->self;
}

struct fx_cpu *fx_make_cpu(struct pb_machine *m)
{
    pb_err e = {0};
    pb_dev *d = pb_machine_add_cpu(m, pb_class_find(PB_KIND_CPU, "fx-cpu"), NULL, m->cpus->len,
                                   &e);
    int rc = d ? pb_dev_realize(d, &e) : -1;

    pb_err_report(&e);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    return d->self;
}

const struct pb_line *fx_out(struct fx_dev *f, uint32_t i)
{
    return pb_line_service.out(f->d, "out", i);
}

gboolean fx_wait(_Atomic uint32_t *flag, uint32_t value, int ms)
{
    for (int i = 0; i < ms * 10; i++) {
        if (atomic_load(flag) == value)
            return TRUE;
        while (g_main_context_iteration(NULL, FALSE))
            ;
        g_usleep(100);
    }
    return FALSE;
}

void fx_loop(int ms)
{
    _Atomic uint32_t never = 0;

    fx_wait(&never, 1, ms);
}

uint64_t fx_rand(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

int fx_run(const char *suite, const char *claim, void (*test)(void))
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite(suite, NULL, NULL);
    CU_add_test(s, claim, test);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    int failed = (int)CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
