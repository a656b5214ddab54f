/* SPDX-License-Identifier: MIT */
/* trap.c - a device with a fault that a fuzzer is to find: a lock that opens for two writes. */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

struct trap {
    uint32_t open;
};

static uint64_t rd(void *self, uint64_t off, uint32_t bytes)
{
    (void)off, (void)bytes;
    return ((struct trap *)self)->open;
}

static void wr(void *self, uint64_t off, uint64_t v, uint32_t bytes)
{
    struct trap *t = self;

    (void)bytes;
    if (off == 3 && (v & 0xf0) == 0x40)
        t->open = 1;
    else if (off == 5 && (v & 0x0f) == 0x07 && t->open)
        __builtin_trap();
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {.read = rd, .write = wr, .min = 1, .max = 1,
                                             .impl_min = 1, .impl_max = 1};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    pb_region *r = mem->io(d, "regs", 16, &ops, self, e);

    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static const struct pb_field state[] = {PB_FIELD(struct trap, open, PB_S_U32)};
static const struct pb_device_class trap = {
    .size = sizeof trap, .id = "trap", .title = "a trap", .n_regions = 1,
    .instance_size = sizeof(struct trap), .state_version = 1, .state = state, .n_state = 1,
    .realize = realize};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &trap}};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .id = "org.example.trap", .version = "1", .license = "MIT",
    .classes = classes, .n_classes = 1};
