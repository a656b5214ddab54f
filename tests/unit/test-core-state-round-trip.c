/* SPDX-License-Identifier: MIT */
/* What is saved comes back: memory, fields, CPU, lines, timers, the clock; saving again
 * gives the same bytes. A missing or mistyped field, another machine, a newer version are
 * refused before anything is touched. */
#include "core-fixture.h"

static struct fx_dev *a, *b;
static struct fx_cpu *cpu;
static pb_timer *timer;
static _Atomic uint32_t fired;

static void on_timer(void *opaque)
{
    (void)opaque;
    atomic_fetch_add(&fired, 1);
}

static struct pb_machine *build(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    pb_machine_add_ram(m, "ram", 0x80000000, 0x200000, &e);
    cpu = fx_make_cpu(m);
    pb_dev *da = fx_add(m, "fx-serial", "a");
    b = fx_make(m, "fx-own", "b");
    pb_dev_wire(da, "out", 0, b->d, 3, FALSE, &e);
    pb_dev_realize(da, &e);
    a = da->self;
    timer = pb_timer_new(da, "tick", PB_CLK_VIRTUAL, on_timer, NULL, &e);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    return m;
}

static void spoil(struct pb_machine *m, GByteArray *good)
{
    pb_err e = {0};
    GByteArray *bad = g_byte_array_new();

    g_byte_array_append(bad, good->data, good->len);
    uint8_t *name = memmem(bad->data, bad->len, "\3\0reg", 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(name);
    name[2] = 'x'; /* "xeg": the field is missing */
    a->reg[0] = 77;
    CU_ASSERT_EQUAL(pb_machine_load(m, bad->data, bad->len, &e), PB_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(e.text ? strstr(e.text, "field 'reg' of 'a' is missing") : NULL);
    CU_ASSERT_EQUAL(a->reg[0], 77); /* untouched */
    pb_err_clear(&e);
    name[2] = 'r';
    name[5] = PB_S_U64;
    CU_ASSERT_EQUAL(pb_machine_load(m, bad->data, bad->len, &e), PB_EINVAL);
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_machine_load(m, good->data, good->len - 1, &e), PB_EINVAL);
    pb_err_clear(&e);
    bad->data[8] = 2;
    CU_ASSERT_EQUAL(pb_machine_load(m, bad->data, bad->len, &e), PB_EVERSION);
    pb_err_clear(&e);
    g_byte_array_unref(bad);
}

static void test(void)
{
    struct pb_machine *m = build();
    GByteArray *one = g_byte_array_new(), *two = g_byte_array_new();
    pb_err e = {0};
    uint32_t v = 0x600d;

    pb_machine_start(m);
    g_usleep(3000);
    CU_ASSERT_EQUAL(pb_machine_save(m, one, &e), PB_EBUSY);
    pb_err_clear(&e);
    pb_machine_stop(m, PB_RUN_PAUSED);
    pb_dma_write(&pb_mem(m)->system, 0x80012344, &v, 4);
    for (int i = 0; i < 16; i++)
        a->reg[i] = (uint32_t)i * 0x01010101u;
    a->big = 0x0123456789abcdef;
    memcpy(b->bytes, "hello", 5);
    cpu->saved = 42;
    pb_line_set(fx_out(a, 0), 1);
    int64_t now = pb_clock_now(PB_CLK_VIRTUAL);
    pb_timer_arm(timer, now + 2000000);
    CU_ASSERT_EQUAL(pb_machine_save(m, one, &e), 0);
    CU_ASSERT(one->len < 3 * 4096); /* empty pages cost nothing */
    spoil(m, one);
    pb_machine_free(m);

    m = build();
    CU_ASSERT_EQUAL(pb_machine_load(m, one->data, one->len, &e), 0);
    pb_err_report(&e);
    v = 0;
    pb_dma_read(&pb_mem(m)->system, 0x80012344, &v, 4);
    CU_ASSERT_EQUAL(v, 0x600d);
    CU_ASSERT_EQUAL(a->reg[15], 0x0f0f0f0f);
    CU_ASSERT_EQUAL(a->big, 0x0123456789abcdef);
    CU_ASSERT_EQUAL(memcmp(b->bytes, "hello", 5), 0);
    CU_ASSERT_EQUAL(cpu->saved, 42);
    CU_ASSERT_EQUAL(pb_line_service.level(b->d, 3), 1);
    CU_ASSERT_EQUAL(atomic_load(&b->n_lines), 0); /* restored, not driven */
    CU_ASSERT_EQUAL(pb_clock_now(PB_CLK_VIRTUAL), now);
    CU_ASSERT_EQUAL(pb_timer_deadline(timer), now + 2000000);
    CU_ASSERT_EQUAL(pb_machine_save(m, two, &e), 0);
    CU_ASSERT(one->len == two->len && memcmp(one->data, two->data, one->len) == 0);
    pb_line_set(fx_out(a, 0), 0);
    CU_ASSERT_STRING_EQUAL(b->lines, "3=0 ");
    pb_machine_start(m);
    CU_ASSERT(fx_wait(&fired, 1, 2000));
    pb_machine_free(m);
    g_byte_array_unref(one);
    g_byte_array_unref(two);
}

int main(void)
{
    return fx_run("core", "saved state comes back", test);
}
