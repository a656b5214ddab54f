/* SPDX-License-Identifier: MIT */
/* sifive-test.c - the test finisher: one register that ends or resets the machine.
 * Linux Documentation/devicetree/bindings/ ("sifive,test0", "syscon-poweroff", and
 * "syscon-reboot") and the FINISHER values of OpenSBI's platform description.
 *
 * 0x5555 powers off with status 0, 0x3333 | code << 16 with status `code`, 0x7777 resets.
 *
 * Not modelled: nothing is known to be missing.
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/reg.h>

enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };
enum { REQUEST_RESET, REQUEST_POWER_OFF };

struct sifive_test {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_board *board;
};

static void finish(void *self, const struct pb_reg *r, uint32_t i, uint64_t val)
{
    struct sifive_test *t = self;

    (void)r, (void)i;
    switch (val & 0xffff) {
    case FINISHER_PASS:
        t->board->request(t->dev, REQUEST_POWER_OFF, 0);
        break;
    case FINISHER_FAIL:
        t->board->request(t->dev, REQUEST_POWER_OFF, (int32_t)(val >> 16 & 0xffff));
        break;
    case FINISHER_RESET:
        t->board->request(t->dev, REQUEST_RESET, 0);
        break;
    default:
        if (t->h->log_on[PB_LOG_GUEST])
            t->h->log(t->h, t->dev, PB_LOG_GUEST,
                      "sifive-test: FINISHER takes 0x5555, 0x3333 | code << 16 or 0x7777");
    }
}

static const struct pb_reg regs[] = {
    {.name = "FINISHER", .off = 0, .width = 4, .access = PB_R_RW, .mask = 0xffffffff,
     .flags = PB_REG_HOOK_W, .doc = "ends or resets the machine; reads 0"},
};
static const struct pb_regs table = {sizeof table, 1, regs, "sifive-test", NULL, finish};

static uint64_t mmio_read(void *self, uint64_t off, uint32_t bytes)
{
    struct sifive_test *t = self;

    return pb_regs_read(&table, t, t->h, t->dev, off, bytes == 2 ? 4 : bytes);
}

static void mmio_write(void *self, uint64_t off, uint64_t val, uint32_t bytes)
{
    struct sifive_test *t = self;

    /* A halfword store carries no code, but names the action just as well. */
    pb_regs_write(&table, t, t->h, t->dev, off, val, bytes == 2 ? 4 : bytes);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    static const struct pb_region_ops ops = {mmio_read, mmio_write, .min = 2, .max = 4,
        .impl_min = 2, .impl_max = 4};
    const struct pb_svc_mem *mem = h->get(h, PB_SVC_MEM);
    struct sifive_test *t = self;

    t->h = h;
    t->dev = d;
    t->board = h->get(h, PB_SVC_BOARD);
    pb_region *r = mem->io(d, "regs", 0x1000, &ops, t, e);
    return r ? mem->publish(d, 0, r, e) : PB_ENOMEM;
}

static const struct pb_device_class sifive_test = {
    .size = sizeof sifive_test, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "sifive-test",
    .title = "SiFive test finisher", .category = "misc", .spec = "sifive,test0", .n_regions = 1,
    .instance_size = sizeof(struct sifive_test), .state_version = 1, .regs = &table,
    .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &sifive_test}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BOARD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.sifive-test", .version = "1.0", .license = "MIT",
    .vendor = "Plugboard", .doc = "SiFive test finisher", .needs = needs, .classes = classes,
    .n_classes = 1};
