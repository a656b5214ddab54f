/* SPDX-License-Identifier: MIT */
/* toy-cpu.c - a CPU without instructions: it halts. For tests of the command line.
 *
 * Not modelled: instructions.
 */
#define PB_USE_DRAFT 1
#include <plugboard/draft/cpu.h>
#include <plugboard/plugin.h>

#include <string.h>

struct toy { uint64_t pc, r0; };

static const struct pb_prop props[] = {
    {.name = "turbo", .doc = "Runs faster, or so they say", .def = "off", .type = PB_T_BOOL},
    {.name = "level", .doc = "Privilege levels", .def = "2", .type = PB_T_UINT, .min = 1,
     .max = 3},
};
static const struct pb_cpu_model models[] = {{"t1000", "the first"}, {"t2000", "the second"}};
static const char *const lines_in[] = {"irq[4]", "nmi", NULL};
static const char *const lines_out[] = {"tick", NULL};

static int realize(void *self, pb_cpu *c, pb_dev *d, const pb_host *h, const char *model,
                   pb_err *e)
{
    (void)self, (void)c, (void)d, (void)h, (void)model, (void)e;
    return PB_OK;
}

static void unrealize(void *self)
{
    (void)self;
}

static void reset(void *self, uint64_t pc, const uint64_t *args, uint32_t n_args)
{
    struct toy *t = self;

    t->pc = pc == UINT64_MAX ? 0 : pc;
    t->r0 = n_args ? args[0] : 0;
}

static uint32_t run(void *self)
{
    (void)self;
    return PB_EXIT_HALT;
}

static void kick(void *self)
{
    (void)self;
}

static uint32_t can_run(void *self)
{
    (void)self;
    return 0;
}

static void line_in(void *self, uint32_t n, int32_t level)
{
    (void)self, (void)n, (void)level;
}

static uint32_t regs(void *self, const struct pb_cpu_reg **v)
{
    static const struct pb_cpu_reg r[] = {{"r0", "general", 0, 64, 0, 1},
                                          {"pc", "general", 1, 64, 1, 1}};
    (void)self;
    *v = r;
    return 2;
}

static int reg_get(void *self, uint32_t id, void *buf, uint32_t n)
{
    struct toy *t = self;
    uint64_t v = id ? t->pc : t->r0;

    memcpy(buf, &v, n < 8 ? n : 8);
    return PB_OK;
}

static const struct pb_cpu_class toy = {
    .size = sizeof toy, .id = "toy", .doc = "A CPU for tests", .models = models, .n_models = 2,
    .props = props, .n_props = 2, .lines_in = lines_in, .instance_size = sizeof(struct toy),
    .realize = realize, .unrealize = unrealize, .reset = reset, .run = run, .kick = kick,
    .can_run = can_run, .line_in = line_in, .regs = regs, .reg_get = reg_get,
    .lines_out = lines_out,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_CPU, &toy}};
PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = "test.toy-cpu", .version = "1",
                   .license = "MIT", .classes = classes, .n_classes = 1};
