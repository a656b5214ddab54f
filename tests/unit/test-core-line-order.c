/* SPDX-License-Identifier: MIT */
/* Lines: repeats are dropped, shared inputs are OR'ed, a line into a busy domain arrives at
 * unlock with its edges, loops do not re-enter, concurrent drivers end in the right level. */
#include "core-fixture.h"

static struct fx_dev *sink, *src, *own;
static _Atomic uint32_t held, go;

static void *hold(void *arg)
{
    pb_dev *d = arg;

    pb_thread_service.enter(d);
    atomic_store(&held, 1);
    while (!atomic_load(&go))
        g_usleep(100);
    pb_thread_service.leave(d);
    return NULL;
}

static void *toggle(void *arg)
{
    const struct pb_line *l = arg;

    for (int i = 0; i < 20000; i++)
        pb_line_set(l, i & 1);
    return NULL;
}

/* A loop: the sink answers in[0] by driving its own in[5]. */
static void loop(struct fx_dev *f, uint32_t n, int32_t level)
{
    if (n == 0)
        pb_line_set(fx_out(f, 5), level);
}

static void clear(struct fx_dev *f)
{
    f->lines[0] = 0;
    atomic_store(&f->n_lines, 0);
}

static void basics(void)
{
    pb_line_set(fx_out(src, 0), 1);
    pb_line_set(fx_out(src, 0), 1); /* repeat */
    pb_line_set(fx_out(src, 0), 5); /* still high */
    pb_line_set(fx_out(src, 0), 0);
    CU_ASSERT_STRING_EQUAL(sink->lines, "0=1 0=0 ");
    clear(sink);
    pb_line_set(fx_out(src, 1), 1); /* in[1] is driven by two */
    pb_line_set(fx_out(own, 1), 1);
    pb_line_set(fx_out(src, 1), 0);
    CU_ASSERT_EQUAL(pb_line_service.level(sink->d, 1), 1);
    pb_line_set(fx_out(own, 1), 0);
    CU_ASSERT_STRING_EQUAL(sink->lines, "1=1 1=0 ");
    clear(sink);
    pb_line_set(pb_line_service.out(src->d, "irq", 0), 1); /* nobody hears it */
}

static void inbox(void)
{
    pthread_t t;

    atomic_store(&held, 0);
    atomic_store(&go, 0);
    pthread_create(&t, NULL, hold, sink->d);
    while (!atomic_load(&held))
        g_usleep(100);
    pb_line_set(fx_out(own, 2), 1); /* a pulse while the sink's domain is busy */
    pb_line_set(fx_out(own, 2), 0);
    pb_line_set(fx_out(own, 3), 1); /* a level */
    CU_ASSERT_STRING_EQUAL(sink->lines, "");
    atomic_store(&go, 1);
    pthread_join(t, NULL);
    CU_ASSERT_STRING_EQUAL(sink->lines, "2=1 2=0 3=1 ");
    pb_line_set(fx_out(own, 3), 0);
    clear(sink);
}

static void concurrent(void)
{
    for (int round = 0; round < 5; round++) {
        pthread_t a, b;
        pthread_create(&a, NULL, toggle, (void *)fx_out(src, 1));
        pthread_create(&b, NULL, toggle, (void *)fx_out(own, 1));
        pthread_join(a, NULL);
        pthread_join(b, NULL);
        CU_ASSERT_EQUAL(pb_line_service.level(sink->d, 1), 1); /* both ended high */
        pb_thread_service.enter(sink->d); /* whoever delivers has left */
        pb_thread_service.leave(sink->d);
        CU_ASSERT_EQUAL(sink->level[1], 1);
        pb_line_set(fx_out(src, 1), 0);
        pb_line_set(fx_out(own, 1), 0);
        CU_ASSERT_EQUAL(sink->level[1], 0);
        clear(sink);
    }
    CU_ASSERT_EQUAL(atomic_load(&sink->overlaps), 0);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};
    pb_dev *s = fx_add(m, "fx-serial", "src"), *o = fx_add(m, "fx-own", "own");
    pb_dev *k = fx_add(m, "fx-serial", "sink");

    CU_ASSERT_EQUAL(pb_dev_wire(s, "out", 0, k, 0, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(s, "out", 1, k, 1, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "out", 1, k, 1, FALSE, &e), PB_EBUSY); /* doubly driven */
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "out", 1, k, 1, TRUE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "out", 2, k, 2, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "out", 3, k, 3, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(k, "out", 5, k, 5, FALSE, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "nope", 0, k, 4, FALSE, &e), PB_ENOENT);
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_dev_wire(o, "out", 9, k, 8, FALSE, &e), PB_ENOENT);
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_class_input(k->cls, "in", 7), 7);
    CU_ASSERT(pb_class_input(k->cls, "in", 8) < 0);
    pb_dev_realize(s, &e);
    pb_dev_realize(o, &e);
    pb_dev_realize(k, &e);
    src = s->self;
    own = o->self;
    sink = k->self;
    CU_ASSERT_EQUAL(pb_line_service.count(o, "out"), 4);
    basics();
    inbox();
    fx_line = loop;
    pb_line_set(fx_out(src, 0), 1);
    CU_ASSERT_STRING_EQUAL(sink->lines, "0=1 5=1 ");
    CU_ASSERT_EQUAL(atomic_load(&sink->overlaps), 0);
    pb_line_set(fx_out(src, 0), 0);
    fx_line = NULL;
    clear(sink);
    concurrent();
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "lines keep levels, edges and order", test);
}
