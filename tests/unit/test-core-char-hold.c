/* SPDX-License-Identifier: MIT */
/* Characters, ends of breaks and room for output that come from a backend's thread while a state is
 * taken and given back reach the device after it, once and in order; and what a device would send
 * meanwhile is not sent. */
#include "core-fixture.h"

#include "backend/backend.h"

#include <pthread.h>

static struct fx_dev *uart;
static pb_dev *node;
static pb_char *end;
static _Atomic uint32_t next_in, accepts, breaks, drains, quit;
static uint32_t wrote, took_while_held;

/* ---- The device: what it got is its state ------------------------------------------------ */

static uint32_t room(void *self)
{
    (void)self;
    return 1;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    struct fx_dev *f = self;

    (void)n;
    pb_thread_service.enter(f->d);
    CU_ASSERT_EQUAL(buf[0], f->reg[0] & 0xff);
    f->reg[0]++;
    pb_thread_service.leave(f->d);
    return 1;
}

static void event(void *self, uint32_t ev)
{
    (void)self;
    if (ev == PB_CHR_BREAK)
        atomic_fetch_add(&breaks, 1);
}

static void drained(void *self)
{
    (void)self;
    atomic_fetch_add(&drains, 1);
}

static const struct pb_char_ops device = {sizeof device, 0, room, data, event};

static void load(struct fx_dev *f)
{
    (void)f;
    if (pb_char_service.write(end, (const uint8_t *)"x", 1) > 0)
        took_while_held++;
    pb_char_service.send_event(node, PB_CHR_BREAK);
    pb_char_service.drained(node);
}

/* ---- The backend: counts up, as fast as it goes -------------------------------------------- */

static void *typist(void *unused)
{
    while (!atomic_load(&quit)) {
        uint8_t byte = (uint8_t)atomic_load(&next_in);
        if (pb_char_service.deliver(node, &byte, 1) == 1)
            atomic_fetch_add(&next_in, 1);
    }
    return unused;
}

static int out(void *self, const uint8_t *buf, uint32_t n)
{
    (void)self, (void)buf;
    wrote += n;
    return (int)n;
}

static void on_accept(void *self)
{
    (void)self;
    atomic_fetch_add(&accepts, 1);
}

static int open_it(void *self, pb_dev *n, const pb_host *h, pb_err *e)
{
    (void)self, (void)h, (void)e;
    pb_char_service.on_accept(n, on_accept, NULL);
    return PB_OK;
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = room, .data = out};
static const struct pb_backend_class cls = {
    .size = sizeof cls, .id = "typist", .instance_size = 8, .ops = &ops, .open = open_it};
static const struct pb_class_ref classes[] = {{PB_CLASS_CHAR, &cls}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .id = "test.typist", .classes = classes,
    .n_classes = 1};

static void listen(struct fx_dev *f)
{
    pb_char_service.attach(end, &device, f);
    pb_char_service.on_drained(end, drained, NULL);
}

/* ---- The claim ------------------------------------------------------------------------------ */

static void exchange(struct pb_machine *m, GByteArray *state)
{
    pb_err e = {0};

    g_byte_array_set_size(state, 0);
    pb_char_hold(m, TRUE);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    uart->d->reloading = TRUE; /* as if its plugin were exchanged */
    pb_backend_detach(node, end);
    g_usleep(200);
    CU_ASSERT_PTR_EQUAL(pb_backend_attach(uart->d, node, &e), end);
    listen(uart);
    uart->d->reloading = FALSE;
    CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
    CU_ASSERT_EQUAL(atomic_load(&breaks), 0);
    CU_ASSERT_EQUAL(atomic_load(&drains), 0);
    pb_char_hold(m, FALSE);
    CU_ASSERT_TRUE(fx_wait(&breaks, 1, 5000));
    CU_ASSERT_EQUAL(atomic_load(&drains), 1);
    atomic_store(&breaks, 0);
    atomic_store(&drains, 0);
    pb_err_clear(&e);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    pthread_t thread;
    pb_err e = {0};

    pb_registry_add_static(&entry);
    fx_load = load;
    fx_make_cpu(m);
    uart = fx_make(m, "fx-loader", "uart");
    node = pb_dev_new(m, pb_class_find(PB_KIND_CHAR, "typist"), "c0", NULL, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node);
    CU_ASSERT_EQUAL_FATAL(pb_dev_realize(node, &e), 0);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    end = pb_backend_attach(uart->d, node, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    listen(uart);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, typist, NULL), 0);
    for (int i = 0; i < 100; i++) {
        uint32_t before = atomic_load(&accepts);
        exchange(m, state);
        CU_ASSERT(atomic_load(&accepts) > before);
    }
    atomic_store(&quit, 1);
    pthread_join(thread, NULL);
    CU_ASSERT_EQUAL(uart->reg[0], atomic_load(&next_in));
    CU_ASSERT_EQUAL(took_while_held, 0);
    CU_ASSERT_EQUAL(wrote, 0);
    CU_ASSERT_EQUAL(pb_char_service.write(end, (const uint8_t *)"x", 1), 1);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "an exchange of states loses no character", test);
}
