/* SPDX-License-Identifier: MIT */
/* toy-board.c - parts of a board that does nothing: every kind of property, line, bus and
 * link, for tests of manifests and of the command line.
 *
 * Not modelled: anything a guest could use.
 */
#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

struct toy { pb_dev *d; const pb_host *h; };

static uint64_t toy_read(void *o, uint64_t off, uint32_t bytes)
{
    (void)o, (void)off, (void)bytes;
    return 0;
}

static void toy_write(void *o, uint64_t off, uint64_t v, uint32_t bytes)
{
    (void)o, (void)off, (void)v, (void)bytes;
}

static const struct pb_region_ops ops = {.read = toy_read, .write = toy_write, .min = 1, .max = 4,
                                         .impl_min = 1, .impl_max = 4};

static int region(pb_dev *d, const pb_host *h, uint32_t i, uint64_t len, pb_err *e)
{
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    pb_region *r = mem->io(d, "regs", len, &ops, d, e);

    return r ? mem->publish(d, i, r, e) : PB_ENOMEM;
}

static int plain_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static int one_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self;
    return region(d, h, 0, 0x100, e);
}

static int two_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    int r = one_realize(self, d, h, e);

    return r < 0 ? r : region(d, h, 1, 0x1000, e);
}

static int broken_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d;
    return h->fail(e, PB_EIO, "the toy is broken");
}

static void no_line(void *self, uint32_t n, int32_t level)
{
    (void)self, (void)n, (void)level;
}

/* toy-boot takes every boot option and does nothing with it. */
static int boot(void *self, pb_err *e)
{
    static const char *const names[] = {"kernel", "initrd", "append", "bios", "dtb"};
    struct toy *t = self;
    const struct pb_svc_board *b = t->h->get(t->h, PB_SVC_BOARD);

    (void)e;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (b->option(t->d, names[i]))
            b->used(t->d, names[i]);
    return PB_OK;
}

static int boot_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct toy *t = self;

    (void)e;
    t->d = d;
    t->h = h;
    return PB_OK;
}

static uint64_t count_read(void *self)
{
    (void)self;
    return 0;
}

static int64_t count_when(void *self, uint64_t count)
{
    (void)self, (void)count;
    return INT64_MAX;
}

static const struct pb_counter counter = {.size = sizeof counter, .read = count_read,
                                          .hz = count_read, .when = count_when};
static const struct pb_boot boot_table = {.size = sizeof boot_table, .boot = boot};
static const struct pb_provide counter_provides[] = {{PB_COUNTER, &counter}};
static const struct pb_provide boot_provides[] = {{PB_BOOT, &boot_table}};

static const char *const irq[] = {"irq", NULL}, *const outs[] = {"out[]", NULL},
                  *const ins[] = {"in[8]", "nmi", NULL}, *const buses[] = {"toy-bus[4]", NULL},
                  *const uart_alias[] = {"toy-serial", NULL},
                  *const is_char[] = {PB_IF_CHAR, NULL}, *const is_block[] = {PB_IF_BLOCK, NULL},
                  *const is_net[] = {PB_IF_NET, NULL}, *const is_counter[] = {PB_COUNTER, NULL},
                  *const modes[] = {"fast", "slow", NULL};

static const struct pb_prop uart_props[] = {
    {.name = "chardev", .doc = "Character backend", .type = PB_T_LINK, .choices = is_char},
    {.name = "depth", .doc = "Bytes of the FIFO", .def = "16", .type = PB_T_UINT, .min = 1,
     .max = 64},
    {.name = "mode", .doc = "How it works", .def = "fast", .type = PB_T_ENUM, .choices = modes},
    {.name = "loop", .def = "off", .type = PB_T_BOOL},
    {.name = "rate", .doc = "Symbols", .def = "115200", .type = PB_T_FREQ, .unit = "Hz"},
    {.name = "buffer", .doc = "Bytes kept", .def = "64K", .type = PB_T_SIZE},
    {.name = "offset", .doc = "Signed", .def = "-1", .type = PB_T_INT, .min = -8, .max = 7},
    {.name = "label", .doc = "Text", .type = PB_T_STR},
    {.name = "timer", .doc = "Counter", .type = PB_T_LINK, .choices = is_counter},
};
static const struct pb_prop card_props[] = {
    {.name = "drive", .doc = "Block backend", .type = PB_T_LINK, .choices = is_block,
     .flags = PB_P_REQUIRED},
};
static const struct pb_prop nic_props[] = {
    {.name = "netdev", .doc = "Network backend", .type = PB_T_LINK, .choices = is_net},
    {.name = "mac", .doc = "Address", .type = PB_T_MAC},
};

#define TOY(id_, ...) {.size = sizeof(struct pb_device_class), .id = id_, \
                       .instance_size = sizeof(struct toy), __VA_ARGS__}
static const struct pb_device_class devices[] = {
    TOY("toy-uart", .title = "Toy UART", .category = "input", .props = uart_props, .n_props = 9,
        .n_regions = 1, .lines_out = irq, .aliases = uart_alias, .flags = PB_DEV_NO_USER,
        .realize = one_realize),
    TOY("toy-intc", .n_regions = 2, .lines_in = ins, .lines_out = outs, .line_in = no_line,
        .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .realize = two_realize),
    TOY("toy-timer", .n_regions = 1, .provides = counter_provides, .n_provides = 1,
        .flags = PB_DEV_NO_USER, .realize = one_realize),
    TOY("toy-bridge", .title = "Toy bridge", .category = "controller", .n_regions = 1,
        .buses_out = buses, .realize = one_realize),
    TOY("toy-disk", .title = "Toy disk", .category = "storage", .bus = "toy-bus",
        .props = card_props, .n_props = 1, .realize = plain_realize),
    TOY("toy-nic", .category = "network", .bus = "toy-bus", .props = nic_props, .n_props = 2,
        .realize = plain_realize),
    TOY("Toy-hot", .title = "Comes and goes", .category = "misc", .bus = "toy-bus",
        .flags = PB_DEV_HOTPLUG, .realize = plain_realize),
    TOY("toy-orphan", .title = "Has no bus anywhere", .bus = "no-such-bus",
        .realize = plain_realize),
    TOY("toy-broken", .category = "misc", .realize = broken_realize),
    TOY("toy-boot", .flags = PB_DEV_NO_USER, .provides = boot_provides, .n_provides = 1,
        .realize = boot_realize),
};
#define REF(i) {PB_CLASS_DEVICE, &devices[i]}
static const struct pb_class_ref classes[] = {REF(0), REF(1), REF(2), REF(3), REF(4),
                                              REF(5), REF(6), REF(7), REF(8), REF(9)};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_PROP, NULL};
PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = "test.toy-board", .version = "1",
                   .license = "MIT", .needs = needs, .classes = classes,
                   .n_classes = sizeof classes / sizeof *classes};
