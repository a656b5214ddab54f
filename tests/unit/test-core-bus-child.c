/* SPDX-License-Identifier: MIT */
/* What a bus is to its children: names, the domain, a gate before memory, plug and unplug;
 * and a class that carries another. */
#include "core-fixture.h"

struct tray {
    pb_dev *d;
    pb_as *gate;
    uint32_t hotplug;
    int unplug_rc;
};
struct card {
    pb_dev *d;
    int64_t size;
};
static uint32_t live, realized_inner;

static int tray_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)h, (void)e;
    ((struct tray *)self)->d = d;
    ((struct tray *)self)->hotplug = 1;
    return 0;
}

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct tray *t = self;

    (void)bus;
    t->gate = pb_mem_service.gate(child, pb_mem_service.as(t->d), e);
    return t->gate ? 0 : PB_EINVAL;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus, (void)child;
    ((struct tray *)self)->gate = NULL;
}

static pb_as *tray_as(void *self, uint32_t bus, pb_dev *child)
{
    (void)bus, (void)child;
    return ((struct tray *)self)->gate;
}

static uint32_t tray_hotplug(void *self, uint32_t bus)
{
    (void)bus;
    return ((struct tray *)self)->hotplug;
}

static int tray_unplug(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    (void)bus, (void)child, (void)e;
    return ((struct tray *)self)->unplug_rc;
}

static const struct pb_bus_parent parent = {
    .size = sizeof parent, .attach = attach, .detach = detach, .as = tray_as,
    .hotplug = tray_hotplug, .unplug = tray_unplug};
static const struct pb_provide provides[] = {{PB_BUS_PARENT, &parent}};
static const char *const tray_buses[] = {"rack=card-bus", "@=card-bus", NULL};
static const struct pb_device_class tray = {
    .size = sizeof tray, .flags = PB_DEV_OWN_DOMAIN, .id = "tray", .buses_out = tray_buses,
    .provides = provides, .n_provides = 1, .instance_size = sizeof(struct tray),
    .realize = tray_realize};

static int outer_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)h, (void)e;
    ((struct card *)self)->d = d;
    live++;
    return 0;
}

static void outer_unrealize(void *self)
{
    (void)self;
    live--;
}

static int inner_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct card *c = self;

    c->d = d;
    c->size = pb_prop_service.get_int(d, 0);
    if (c->size == 13)
        return h->fail(e, PB_EINVAL, "13 brings bad luck");
    realized_inner++;
    return 0;
}

static void inner_unrealize(void *self)
{
    (void)self;
    realized_inner--;
}

static const struct pb_prop outer_props[] = {{.name = "colour", .type = PB_T_STR}};
static const struct pb_prop inner_props[] = {
    {.name = "size", .type = PB_T_UINT, .flags = PB_P_REQUIRED}};
static const char *const outer_buses[] = {"chip-bus[1]", NULL};
static const struct pb_device_class outer = {
    .size = sizeof outer, .flags = PB_DEV_HOTPLUG, .id = "outer", .bus = "card-bus",
    .props = outer_props, .n_props = 1, .buses_out = outer_buses,
    .instance_size = sizeof(struct card), .realize = outer_realize,
    .unrealize = outer_unrealize, .carries = "inner"};
static const struct pb_device_class inner = {
    .size = sizeof inner, .id = "inner", .bus = "chip-bus", .props = inner_props, .n_props = 1,
    .instance_size = sizeof(struct card), .realize = inner_realize,
    .unrealize = inner_unrealize};
static const struct pb_class_ref classes[] = {
    {PB_CLASS_DEVICE, &tray}, {PB_CLASS_DEVICE, &outer}, {PB_CLASS_DEVICE, &inner}};
static const struct pb_plugin plugin = {
    .size = sizeof plugin, .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.test", .version = "1", .license = "MIT", .classes = classes,
    .n_classes = 3};

static int plug(struct pb_machine *m, const char *id, const char *size)
{
    pb_err e = {0};
    pb_dev *d = fx_add(m, "outer", id);
    int rc = size ? pb_dev_set(d, "size", size, NULL, &e) : 0;

    rc = rc < 0 ? rc : pb_dev_plug(d, &e);
    if (rc < 0)
        pb_dev_free(d);
    pb_err_clear(&e);
    return rc;
}

static void carried(struct pb_machine *m)
{
    pb_err e = {0};

    CU_ASSERT(plug(m, "a", NULL) < 0); /* the inner one's is required */
    CU_ASSERT(plug(m, "a", "13") < 0);
    CU_ASSERT_EQUAL(live, 0); /* undone */
    pb_dev *d = fx_add(m, "outer", "a");
    CU_ASSERT(pb_dev_set(d, "siz", "1", NULL, &e) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(e.hint ? e.hint : "", "size"));
    pb_err_clear(&e);
    pb_dev_free(d);
    CU_ASSERT_EQUAL(plug(m, "a", "7"), 0);
    d = pb_dev_find(m, "a");
    CU_ASSERT_EQUAL_FATAL(realized_inner, 1);
    CU_ASSERT_EQUAL(((struct card *)d->inner->self)->size, 7);
    g_autofree char *text = pb_dev_get_text(d, "size");
    CU_ASSERT_STRING_EQUAL(text, "7");
}

static void gated(struct pb_machine *m, struct tray *t)
{
    pb_dev *d = pb_dev_find(m, "a");
    pb_as *as = pb_mem_service.as(d->inner); /* through both buses */
    struct pb_window w;
    uint32_t v = 1;

    CU_ASSERT_PTR_EQUAL(as, t->gate);
    CU_ASSERT_PTR_EQUAL(d->domain, t->d->domain); /* device.h: the controller's */
    CU_ASSERT_PTR_EQUAL(d->inner->domain, t->d->domain);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x80000000, &v, 4), PB_EFAULT);
    pb_mem_service.gate_open(as, 1);
    CU_ASSERT_EQUAL(pb_dma_write(as, 0x80000000, &v, 4), PB_OK);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x80000000, 4096, 1, &w), PB_OK);
    CU_ASSERT_EQUAL(*w.gen, w.seen);
    fx_make(m, "fx-serial", "later"); /* its region changes the map */
    pb_err e = {0};
    CU_ASSERT_EQUAL(pb_dev_place(pb_dev_find(m, "later"), 0, 0x5000, &e), 0);
    CU_ASSERT_NOT_EQUAL(*w.gen, w.seen);
    CU_ASSERT_EQUAL(pb_dma_map(as, 0x80000000, 4096, 1, &w), PB_OK);
    pb_mem_service.gate_open(as, 0);
    CU_ASSERT_NOT_EQUAL(*w.gen, w.seen);
    CU_ASSERT(pb_dma_map(as, 0x80000000, 4096, 1, &w) < 0);
}

static void unplugged(struct pb_machine *m, struct tray *t)
{
    pb_err e = {0};
    pb_dev *d = pb_dev_find(m, "a");

    m->ready = TRUE;
    t->unplug_rc = PB_EAGAIN;
    CU_ASSERT_EQUAL(pb_dev_unplug(d, &e), 0);
    CU_ASSERT_PTR_NOT_NULL(pb_dev_find(m, "a"));
    pb_bus_service.unplugged(d);
    fx_loop(50);
    CU_ASSERT_PTR_NULL(pb_dev_find(m, "a"));
    CU_ASSERT_EQUAL(live + realized_inner, 0);
    CU_ASSERT_EQUAL(plug(m, "a", "8"), 0);
    t->unplug_rc = PB_OK;
    CU_ASSERT_EQUAL(pb_dev_unplug(pb_dev_find(m, "a"), &e), 0);
    CU_ASSERT_PTR_NULL(pb_dev_find(m, "a"));
    t->hotplug = 0;
    CU_ASSERT_EQUAL(plug(m, "a", "8"), PB_ENOTSUP);
    CU_ASSERT_EQUAL(live + realized_inner, 0);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    pb_registry_add_static(&plugin);
    pb_region *ram = pb_region_ram(m, NULL, "ram", 1 << 20, 0, &e);
    CU_ASSERT_EQUAL(pb_region_place(m->system, ram, 0x80000000, 0, &e), 0);
    pb_dev *d = fx_add(m, "tray", "t");
    CU_ASSERT_EQUAL(pb_dev_realize(d, &e), 0);
    CU_ASSERT_PTR_NOT_NULL(pb_bus_find(m, NULL, "t.0"));
    CU_ASSERT_PTR_NOT_NULL(pb_bus_find(m, NULL, "t"));
    fx_add(m, "tray", "u");
    CU_ASSERT_PTR_NOT_NULL(pb_bus_find(m, NULL, "u.0"));
    carried(m);
    gated(m, d->self);
    unplugged(m, d->self);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "a bus and its children", test);
}
