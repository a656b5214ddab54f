/* SPDX-License-Identifier: MIT */
/* A device that shares its terminal with a monitor keeps its turn at the input while its plugin is
 * exchanged, and gets what was typed before and meanwhile. */
#include "core-fixture.h"

#include "backend/backend.h"

static GString *heard[2]; /* by the device, by the monitor */
static uint32_t space;

static uint32_t room(void *self)
{
    (void)self;
    return space;
}

static int data(void *self, const uint8_t *buf, uint32_t n)
{
    g_string_append_len(self, (const char *)buf, n);
    return (int)n;
}

static const struct pb_char_ops ops = {.size = sizeof ops, .room = room, .data = data};

static int open_it(void *self, pb_dev *n, const pb_host *h, pb_err *e)
{
    (void)self, (void)n, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_backend_class cls = {
    .size = sizeof cls, .id = "tty", .instance_size = 8, .ops = &ops, .open = open_it};
static const struct pb_class_ref classes[] = {{PB_CLASS_CHAR, &cls}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .id = "test.tty", .classes = classes,
    .n_classes = 1};

static void type(pb_dev *node, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);

    CU_ASSERT(pb_char_service.device_room(node) >= n);
    CU_ASSERT_EQUAL(pb_char_service.deliver(node, (const uint8_t *)text, n), (int)n);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    pb_registry_add_static(&entry);
    struct fx_dev *f = fx_make(m, "fx-serial", "uart");
    pb_dev *node = pb_dev_new(m, pb_class_find(PB_KIND_CHAR, "tty"), "c0", NULL, &e);
    CU_ASSERT_PTR_NOT_NULL_FATAL(node);
    CU_ASSERT_EQUAL_FATAL(pb_dev_realize(node, &e), 0);
    pb_char_set_mux(node);
    pb_char *end = pb_backend_attach(f->d, node, &e), *monitor = pb_backend_attach(NULL, node, &e);
    CU_ASSERT_FATAL(end && monitor);
    for (int i = 0; i < 2; i++)
        heard[i] = g_string_new(NULL);
    pb_char_service.attach(end, &ops, heard[0]);
    pb_char_service.attach(monitor, &ops, heard[1]);
    type(node, "one "); /* the guest does not listen yet */
    space = 64;
    pb_char_hold(m, TRUE);
    f->d->reloading = TRUE;
    pb_backend_detach(node, end);
    type(node, "two ");
    CU_ASSERT_PTR_EQUAL(pb_backend_attach(f->d, node, &e), end);
    type(node, "three ");
    pb_char_service.attach(end, &ops, heard[0]);
    f->d->reloading = FALSE;
    CU_ASSERT_STRING_EQUAL(heard[0]->str, "");
    pb_char_hold(m, FALSE);
    type(node, "four");
    CU_ASSERT_STRING_EQUAL(heard[0]->str, "one two three four");
    CU_ASSERT_STRING_EQUAL(heard[1]->str, "");
    pb_backend_detach(node, end); /* for good: the turn goes on */
    type(node, "five");
    CU_ASSERT_STRING_EQUAL(heard[1]->str, "five");
    for (int i = 0; i < 2; i++)
        g_string_free(heard[i], TRUE);
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a shared terminal stays with an exchanged device", test);
}
