/* SPDX-License-Identifier: MIT */
/* A state is loaded at another time of the host: what a device plans in load() by the host's clock
 * comes, what was planned before does not, and the timers of backends are their own affair. */
#include "core-fixture.h"

static pb_timer *planned, *left, *other;

static void never(void *opaque)
{
    (void)opaque;
}

static int64_t later(void)
{
    return pb_clock_now(PB_CLK_REAL) + 1000000000000;
}

static void load(struct fx_dev *f)
{
    (void)f;
    pb_timer_arm(planned, later());
}

static int open_it(void *self, pb_dev *n, const pb_host *h, pb_err *e)
{
    (void)self, (void)h;
    other = pb_timer_new(n, "other", PB_CLK_REAL, never, NULL, e);
    return PB_OK;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    (void)self, (void)buf;
    return (int)n;
}

static const struct pb_char_ops ops = {.size = sizeof ops, .data = data};
static const struct pb_backend_class cls = {
    .size = sizeof cls, .id = "clock", .instance_size = 8, .ops = &ops, .open = open_it};
static const struct pb_class_ref classes[] = {{PB_CLASS_CHAR, &cls}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .id = "test.clock", .classes = classes,
    .n_classes = 1};

static void test(void)
{
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    pb_err e = {0};

    pb_registry_add_static(&entry);
    fx_load = load;
    fx_make_cpu(m);
    struct fx_dev *f = fx_make(m, "fx-loader", "f");
    planned = pb_timer_new(f->d, "planned", PB_CLK_REAL, never, NULL, &e);
    left = pb_timer_new(f->d, "left", PB_CLK_REAL, never, NULL, &e);
    pb_dev *node = pb_dev_new(m, pb_class_find(PB_KIND_CHAR, "clock"), "c0", NULL, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node);
    CU_ASSERT_EQUAL_FATAL(pb_dev_realize(node, &e), 0);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    pb_timer_arm(left, later());
    pb_timer_arm(other, later());
    CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
    CU_ASSERT(pb_timer_deadline(planned) > 0);
    CU_ASSERT_EQUAL(pb_timer_deadline(left), -1);
    CU_ASSERT(pb_timer_deadline(other) > 0);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a loaded state leaves the host's time alone", test);
}
