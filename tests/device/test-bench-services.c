/* SPDX-License-Identifier: MIT */
/* The bench does what it says: a small device of the test's own uses each service, and the
 * bench ends a program that breaks a thread tag or forgets a state field. */
#include "suite.h"

#include <plugboard/reg.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct toy {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_mem *mem;
    const struct pb_svc_time *time;
    const struct pb_svc_thread *thread;
    const struct pb_line *irq;
    pb_timer *timer;
    pb_worker *worker;
    uint32_t ctrl, count, fired, worked, soon, forgotten, in;
};

enum { R_CTRL, R_COUNT, R_CMD };

static void toy_timer(void *self)
{
    struct toy *t = self;

    t->fired++;
    pb_line_set(t->irq, 1);
}

static void toy_soon(void *self)
{
    ((struct toy *)self)->soon++;
}

static void toy_worker(void *self)
{
    struct toy *t = self;

    t->thread->enter(t->dev);
    t->worked++;
    t->thread->leave(t->dev);
}

static void toy_cmd(struct toy *t, uint64_t v)
{
    uint32_t word = 0;

    switch (v) {
    case 1:
        t->time->arm(t->timer, t->time->now(t->h, PB_CLK_VIRTUAL) + 1000);
        break;
    case 2:
        t->time->soon(t->dev, toy_soon, t);
        t->time->soon(t->dev, toy_soon, t);
        break;
    case 3:
        t->thread->kick(t->worker);
        break;
    case 4:
        t->mem->read(t->mem->as(t->dev), 0x1000, &word, 4);
        word++;
        t->mem->write(t->mem->as(t->dev), 0x1000, &word, 4);
        break;
    case 5: /* MMIO by DMA from MMIO */
        t->count = (uint32_t)-t->mem->read(t->mem->as(t->dev), 0x8000, &word, 4);
        break;
    case 6: /* wrong tag */
        t->mem->publish(t->dev, 0, NULL, NULL);
        break;
    case 7: /* wrong tag */
        t->thread->enter(t->dev);
        break;
    case 8:
        t->forgotten = 1;
        break;
    default:
        t->h->log(t->h, t->dev, PB_LOG_GUEST, "bad command");
    }
}

static uint64_t toy_reg_read(void *self, const struct pb_reg *r, uint32_t i)
{
    (void)r, (void)i;
    return ((struct toy *)self)->count++;
}

static void toy_reg_write(void *self, const struct pb_reg *r, uint32_t i, uint64_t v)
{
    struct toy *t = self;

    (void)i;
    if (r->id == R_CMD) {
        toy_cmd(t, v);
    } else {
        t->ctrl = (uint32_t)v;
        pb_line_set(t->irq, v & 1);
    }
}

static const struct pb_reg toy_reg[] = {
    {.name = "CTRL", .off = 0, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .var = PB_REG_VAR(struct toy, ctrl), .id = R_CTRL, .flags = PB_REG_HOOK_W},
    {.name = "COUNT", .off = 4, .width = 4, .access = PB_R_RO,
     .var = PB_REG_VAR(struct toy, count), .id = R_COUNT, .flags = PB_REG_HOOK_R},
    {.name = "CMD", .off = 8, .width = 4, .access = PB_R_WO, .id = R_CMD,
     .flags = PB_REG_HOOK_W},
};
static const struct pb_regs toy_regs = {sizeof toy_regs, 3, toy_reg, "toy", toy_reg_read,
                                        toy_reg_write};

static uint64_t toy_read(void *self, uint64_t off, uint32_t bytes)
{
    struct toy *t = self;

    return pb_regs_read(&toy_regs, t, t->h, t->dev, off, bytes);
}

static void toy_write(void *self, uint64_t off, uint64_t v, uint32_t bytes)
{
    struct toy *t = self;

    pb_regs_write(&toy_regs, t, t->h, t->dev, off, v, bytes);
}

static int toy_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {toy_read, toy_write, .min = 1, .max = 8,
        .impl_min = 4, .impl_max = 4};
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct toy *t = self;

    t->h = h;
    t->dev = d;
    t->mem = h->get(h, PB_SVC_MEM);
    t->time = h->get(h, PB_SVC_TIME);
    t->thread = h->get(h, PB_SVC_THREAD);
    if (prop->get_int(d, 0) == 13)
        return h->fail(e, PB_EINVAL, "13 is unlucky");
    t->irq = line->out(d, "irq", 0);
    t->timer = t->time->timer(d, "tick", PB_CLK_VIRTUAL, toy_timer, t, e);
    t->worker = t->thread->worker(d, "w", toy_worker, t, e);
    pb_region *r = t->mem->io(d, "regs", 0x100, &ops, t, e);
    return r ? t->mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static void toy_reset(void *self, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_ENTER)
        pb_regs_reset(&toy_regs, self);
}

static void toy_line_in(void *self, uint32_t n, int32_t level)
{
    ((struct toy *)self)->in = n << 8 | (uint32_t)level;
}

static const struct pb_prop toy_props[] = {
    {.name = "n", .doc = "A number", .def = "7", .min = 1, .max = 20, .type = PB_T_UINT},
};
static const struct pb_field toy_state[] = {
    PB_FIELD(struct toy, ctrl, PB_S_U32), PB_FIELD(struct toy, count, PB_S_U32),
};
static const char *const toy_out[] = {"irq", NULL}, *const toy_in[] = {"a", "b[3]", NULL};
static const char *const toy_buses[] = {"toy-bus", NULL};

static int toy_save(void *self, pb_state *s, pb_err *e)
{
    struct toy *t = self;
    const struct pb_svc_state *st = t->h->get(t->h, PB_SVC_STATE);

    (void)e;
    return st->put(s, "forgotten", PB_S_U32, &t->forgotten, 1); /* and never loaded */
}

static const struct pb_device_class toy = {
    .size = sizeof toy, .id = "toy", .title = "Toy", .props = toy_props, .n_props = 1,
    .n_regions = 1, .lines_out = toy_out, .lines_in = toy_in, .buses_out = toy_buses,
    .instance_size = sizeof(struct toy), .state_version = 1, .state = toy_state, .n_state = 2,
    .regs = &toy_regs, .realize = toy_realize, .reset = toy_reset, .line_in = toy_line_in,
    .save = toy_save,
};

static pbt *bench(pb_dev **d)
{
    pbt *b = pbt_new();

    pbt_class(b, PB_CLASS_DEVICE, &toy);
    *d = pbt_add(b, "toy", "t0", NULL);
    return b;
}

static void test_registers_split_and_count(void)
{
    pb_dev *d;
    pbt *b = bench(&d);

    CU_ASSERT_EQUAL(pbt_read(d, 0, 4, 4), 0);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 8), 1ull << 32); /* CTRL, then COUNT */
    pbt_write(d, 0, 0, 0x12345671, 4);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 1, 1), 0x56);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_rises(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 2, 4), 0); /* unaligned: bus error */
    CU_ASSERT_EQUAL(pbt_faults(b), 1);
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 0);
    pbt_read(d, 0, 8, 4); /* write-only */
    CU_ASSERT_EQUAL(pbt_guest_errors(b), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(pbt_last_log(b), "CMD"));
    pbt_free(b);
}

static void test_time_and_jobs(void)
{
    pb_dev *d;
    pbt *b = bench(&d);
    struct toy *t = pbt_self(d);

    pbt_write(d, 0, 8, 1, 4);
    pbt_run_ns(b, 999);
    CU_ASSERT_EQUAL(t->fired, 0);
    pbt_run_ns(b, 1);
    CU_ASSERT_EQUAL(t->fired, 1);
    CU_ASSERT_EQUAL(pbt_now(b), 1000);
    pbt_write(d, 0, 8, 2, 4);
    CU_ASSERT_EQUAL(t->soon, 1); /* merged */
    pbt_write(d, 0, 8, 3, 4);
    CU_ASSERT_EQUAL(t->worked, 0);
    pbt_settle(b);
    CU_ASSERT_EQUAL(t->worked, 1);
    pbt_free(b);
}

static void test_dma_dirties(void)
{
    pb_dev *d;
    pbt *b = bench(&d);
    uint8_t *ram = pbt_ram(b, 0x1000, 0x2000);

    ram[0] = 41;
    pbt_write(d, 0, 8, 4, 4);
    CU_ASSERT_EQUAL(ram[0], 42);
    CU_ASSERT_TRUE(pbt_dirty(b, 0x1000, 4));
    CU_ASSERT_FALSE(pbt_dirty(b, 0x2000, 4));
    pbt_map(d, 0, 0x8000);
    pbt_write(d, 0, 8, 5, 4);
    CU_ASSERT_EQUAL(pbt_read_at(b, 0x8004, 4), (uint64_t)-PB_EREENTRY);
    pbt_free(b);
}

static void test_lines_in(void)
{
    pb_dev *d;
    pbt *b = bench(&d);
    struct toy *t = pbt_self(d);

    pbt_line(d, 3, 1);
    CU_ASSERT_EQUAL(t->in, 0x301);
    t->in = 0;
    pbt_line(d, 3, 1); /* a repeat is dropped */
    CU_ASSERT_EQUAL(t->in, 0);
    pbt_enter(d); /* busy: the pulse waits, and is not lost */
    pbt_line(d, 1, 1);
    pbt_line(d, 1, 0);
    CU_ASSERT_EQUAL(t->in, 0);
    pbt_leave(d);
    CU_ASSERT_EQUAL(t->in, 0x100);
    pbt_free(b);
}

static void test_properties(void)
{
    pbt *b = pbt_new();

    pbt_class(b, PB_CLASS_DEVICE, &toy);
    CU_ASSERT_PTR_NULL(pbt_create(b, NULL, 0, "toy", "x", "n=21"));
    CU_ASSERT_PTR_NULL(pbt_create(b, NULL, 0, "toy", "x", "m=1"));
    CU_ASSERT_PTR_NULL(pbt_create(b, NULL, 0, "tory", "x", NULL));
    pb_dev *d = pbt_create(b, NULL, 0, "toy", "x", "n=13");
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_EQUAL(pbt_realize(d), PB_EINVAL);
    CU_ASSERT_STRING_EQUAL(pbt_error(b), "13 is unlucky");
    pbt_free(b);
}

static int dies(void (*fn)(pb_dev *d))
{
    int status = 0;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        pb_dev *d;
        bench(&d);
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        fn(d);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid)
        return 0;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void main_only_in_mmio(pb_dev *d)
{
    pbt_write(d, 0, 8, 6, 4);
}

static void enter_in_mmio(pb_dev *d)
{
    pbt_write(d, 0, 8, 7, 4);
}

static void forgotten_field(pb_dev *d)
{
    pbt_write(d, 0, 8, 8, 4);
    pbt_reload(((struct toy *)pbt_self(d))->dev ? (pbt *)((struct toy *)pbt_self(d))->h : NULL);
}

static void nothing(pb_dev *d)
{
    pbt_reload((pbt *)((struct toy *)pbt_self(d))->h);
}

static void test_mistakes_end_the_program(void)
{
    CU_ASSERT_TRUE(dies(main_only_in_mmio));
    CU_ASSERT_TRUE(dies(enter_in_mmio));
    CU_ASSERT_TRUE(dies(forgotten_field));
    CU_ASSERT_FALSE(dies(nothing));
}

static void test_reload_keeps_timers_and_lines(void)
{
    pb_dev *d;
    pbt *b = bench(&d);
    struct toy *t = pbt_self(d);

    pbt_write(d, 0, 0, 0x71, 4);
    pbt_write(d, 0, 8, 1, 4);
    pbt_reload(b);
    CU_ASSERT_EQUAL(pbt_level(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_rises(d, "irq", 0), 1);
    CU_ASSERT_EQUAL(pbt_read(d, 0, 0, 4), 0x71);
    pbt_run_ns(b, 1000);
    CU_ASSERT_EQUAL(t->fired, 1);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"registers split and count", test_registers_split_and_count},
        {"time and jobs", test_time_and_jobs},
        {"DMA marks pages dirty", test_dma_dirties},
        {"lines in, with an inbox", test_lines_in},
        {"properties", test_properties},
        {"mistakes end the program", test_mistakes_end_the_program},
        {"reload keeps timers and lines", test_reload_keeps_timers_and_lines},
    };

    return SUITE_RUN("bench", tests);
}
