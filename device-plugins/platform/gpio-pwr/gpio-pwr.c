/* SPDX-License-Identifier: MIT */
/* gpio-pwr.c - pins of a GPIO controller that reset the machine and switch it off.
 * Linux Documentation/devicetree/bindings/power/reset/gpio-restart.yaml and gpio-poweroff.yaml
 * describe them to the guest.
 *
 * Not modelled: pins that are active low.
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

struct gpio_pwr {
    pb_dev *dev;
    const struct pb_svc_board *board;
};

enum { LINE_RESET, LINE_SHUTDOWN };
enum { ASK_RESET, ASK_POWEROFF }; /* pb_svc_board.request */

static void line_in(void *self, uint32_t n, int32_t level)
{
    struct gpio_pwr *p = self;

    if (level)
        p->board->request(p->dev, n == LINE_RESET ? ASK_RESET : ASK_POWEROFF, 0);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct gpio_pwr *p = self;

    (void)e;
    p->dev = d;
    p->board = h->get(h, PB_SVC_BOARD);
    return PB_OK;
}

static const char *const lines_in[] = {"reset", "shutdown", NULL};

static const struct pb_device_class gpio_pwr = {
    .size = sizeof gpio_pwr, .flags = PB_DEV_NO_USER, .id = "gpio-pwr",
    .title = "GPIO pins that switch the machine", .category = "misc",
    .spec = "gpio-restart.yaml, gpio-poweroff.yaml", .lines_in = lines_in,
    .instance_size = sizeof(struct gpio_pwr), .state_version = 1, .realize = realize,
    .line_in = line_in,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &gpio_pwr}};
static const char *const needs[] = {PB_SVC_BOARD, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.gpio-pwr",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "GPIO pins that switch the machine", .needs = needs, .classes = classes,
    .n_classes = 1};
