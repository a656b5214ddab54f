/* SPDX-License-Identifier: MIT */
/* memory.c - what [memory NAME] becomes: a device of the host's own with one region of RAM
 * or ROM. It is written like any plugin, so that memory is saved and shown like a device's.
 *
 * Not modelled: anything but plain memory.
 */
#include "memory.h"

#include "../plugin/registry.h"

#include <string.h>

struct memory { uint8_t *host; };

static const struct pb_prop props[] = {
    {.name = "size", .doc = "Bytes", .type = PB_T_SIZE, .flags = PB_P_REQUIRED},
    {.name = "rom", .doc = "The guest may only read it", .type = PB_T_BOOL, .def = "off"},
};

static int memory_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    const struct pb_svc_bus *bus = h->get(h, PB_SVC_BUS);
    struct memory *m = self;

    if (!mem || !prop || !bus)
        return h->fail(e, PB_EVERSION, "memory needs pb.mem/1, pb.prop/1 and pb.bus/1");
    pb_region *r = mem->ram(d, bus->name(d), (uint64_t)prop->get_int(d, 0),
                            prop->get_int(d, 1) ? PB_RAM_ROM : 0, &m->host, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static const struct pb_device_class memory = {
    .size = sizeof memory, .flags = PB_DEV_NO_USER, .id = PB_MEMORY_CLASS,
    .title = "Memory of a board", .props = props, .n_props = 2, .n_regions = 1,
    .instance_size = sizeof(struct memory), .realize = memory_realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &memory}};
static const struct pb_plugin entry = {
    .size = sizeof entry, .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR, .id = "pb.memory",
    .version = "1", .license = "MIT", .classes = classes, .n_classes = 1,
};

void pb_memory_register(void)
{
    static gboolean done;

    if (!done)
        pb_registry_add_static(&entry);
    done = TRUE;
}
