/* SPDX-License-Identifier: MIT */
/* toy-dock.c - a bus that gives out ports in the order in which devices come, in plugins of which
 * each can be exchanged. PART is 1: toy-dock, the controller, which makes a toy-plug in its own
 * realize() and shows its ports as `info dock`; 2: toy-plug; 3: toy-peg, the same. With chain=on
 * it makes a toy-plug for the first free port before one of these takes the next, as USB does with
 * a hub. With FAIL, the controller makes a plug more and then cannot be made.
 *
 * Not modelled: anything else.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <stdio.h>
#include <stdlib.h>

#define DOCK "test.dock/1"

struct dock_ops {
    uint32_t size, reserved;
    /* The port that `d` gets: `want`, or the first free one; 0: none. */
    uint32_t (*take)(void *self, const char *want, uint32_t chain);
};

#if PART == 1
#define NAME "toy-dock"
#define PORTS 16u

struct dock {
    const struct pb_svc_bus *bus;
    pb_dev *d;
    uint32_t next; /* port of the one that comes */
    pb_dev *at[PORTS + 1];
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct dock *k = self;

    k->bus = h->get(h, PB_SVC_BUS);
    k->d = d;
    for (int i = 0; i < 1 + FAIL; i++)
        if (!k->bus->create_child(d, 0, "toy-plug", e))
            return PB_EINVAL;
    return FAIL ? h->fail(e, PB_EIO, "no luck today") : PB_OK;
}

static uint32_t take(void *self, const char *want, uint32_t chain)
{
    struct dock *k = self;
    uint32_t p = want ? (uint32_t)atoi(want) : 1;

    if (!want && chain && !k->bus->create_child(k->d, 0, "toy-plug", NULL))
        return 0;
    while (!want && p < PORTS && k->at[p])
        p++;
    k->next = p <= PORTS && !k->at[p] ? p : 0;
    return k->next;
}

static int attach(void *self, uint32_t bus, pb_dev *child, pb_err *e)
{
    struct dock *k = self;

    (void)bus, (void)e;
    k->at[k->next] = child;
    return PB_OK;
}

static void detach(void *self, uint32_t bus, pb_dev *child)
{
    struct dock *k = self;

    (void)bus;
    for (uint32_t i = 1; i <= PORTS; i++)
        k->at[i] = k->at[i] == child ? NULL : k->at[i];
}

static uint32_t text(void *self, char *buf, uint32_t n)
{
    struct dock *k = self;
    uint32_t at = (uint32_t)snprintf(buf, n, "ports:");

    for (uint32_t i = 1; i <= PORTS; i++)
        if (k->at[i])
            at += (uint32_t)snprintf(at < n ? buf + at : NULL, at < n ? n - at : 0, " %u %s", i,
                                     k->bus->name(k->at[i]));
    at += (uint32_t)snprintf(at < n ? buf + at : NULL, at < n ? n - at : 0, "\n");
    return at;
}

static const struct dock_ops ops = {.size = sizeof ops, .take = take};
static const struct pb_bus_parent parent = {.size = sizeof parent, .attach = attach,
                                            .detach = detach};
static const struct pb_info info = {.size = sizeof info, .name = "dock", .doc = "ports",
                                    .text = text};
static const struct pb_provide provides[] = {
    {DOCK, &ops}, {PB_BUS_PARENT, &parent}, {PB_INFO, &info}};
static const char *const buses[] = {"dock-bus", NULL};
static const struct pb_device_class device = {
    .size = sizeof device, .id = NAME, .category = "misc", .provides = provides,
    .n_provides = 3, .buses_out = buses, .instance_size = sizeof(struct dock),
    .state_version = 1, .realize = realize};

#else
#if PART == 2
#define NAME "toy-plug"
#else
#define NAME "toy-peg"
#endif

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const char *want = prop->get_str(d, 0);
    void *dock;
    const struct dock_ops *o = bus->parent(d, DOCK, &dock);
    uint32_t port = o->take(dock, want, (uint32_t)prop->get_int(d, 1));
    char text[12];

    (void)self;
    if (!port)
        return h->fail(e, PB_EBUSY, "no port is free");
    snprintf(text, sizeof text, "%u", port);
    return want ? PB_OK : prop->settle(d, 0, text);
}

static const struct pb_prop props[] = {
    {.name = "port", .doc = "where", .type = PB_T_STR},
    {.name = "chain", .doc = "a plug before it", .type = PB_T_BOOL, .def = "off"}};
static const struct pb_device_class device = {
    .size = sizeof device, .flags = PB_DEV_HOTPLUG, .id = NAME, .category = "misc",
    .bus = "dock-bus", .props = props, .n_props = 2, .instance_size = 8, .state_version = 1,
    .realize = realize};
#endif

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &device}};
PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
                   .id = "test." NAME, .version = "1", .license = "MIT", .classes = classes,
                   .n_classes = 1};
