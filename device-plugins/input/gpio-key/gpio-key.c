/* SPDX-License-Identifier: MIT */
/* gpio-key.c - a push button on a pin of a GPIO controller; the machine's power button.
 * Linux Documentation/devicetree/bindings/input/gpio-keys.yaml describes it to the guest.
 *
 * Pressed (by the monitor's system_powerdown) the line is high for 100 ms of guest time.
 *
 * Not modelled: bouncing contacts.
 */
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#define HELD_NS 100000000

struct gpio_key {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_time *time;
    const struct pb_line *key;
    pb_timer *timer;
};

static void release(void *self)
{
    struct gpio_key *k = self;

    pb_line_set(k->key, 0);
}

static void hold(void *self)
{
    struct gpio_key *k = self;

    pb_line_set(k->key, 1);
    k->time->arm(k->timer, k->time->now(k->h, PB_CLK_VIRTUAL) + HELD_NS);
}

static void press(void *self)
{
    struct gpio_key *k = self;

    k->time->soon(k->dev, hold, k);
}

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_line *line = h->get(h, PB_SVC_LINE);
    struct gpio_key *k = self;

    k->h = h;
    k->dev = d;
    k->time = h->get(h, PB_SVC_TIME);
    k->key = line->out(d, "key", 0);
    k->timer = k->time->timer(d, "release", PB_CLK_VIRTUAL, release, k, e);
    return k->timer ? PB_OK : PB_ENOMEM;
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct gpio_key *k = self;

    (void)kind;
    if (phase == PB_RESET_ENTER)
        k->time->disarm(k->timer);
    else if (phase == PB_RESET_HOLD)
        pb_line_set(k->key, 0);
}

static const char *const lines_out[] = {"key", NULL};
static const struct pb_power_button button = {sizeof button, 0, press};
static const struct pb_provide provides[] = {{PB_POWER_BUTTON, &button}};

static const struct pb_device_class gpio_key = {
    .size = sizeof gpio_key, .flags = PB_DEV_NO_USER, .id = "gpio-key",
    .title = "Power button on a GPIO pin", .category = "input", .spec = "gpio-keys.yaml",
    .lines_out = lines_out, .provides = provides, .n_provides = 1,
    .instance_size = sizeof(struct gpio_key), .state_version = 1, .realize = realize,
    .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &gpio_key}};
static const char *const needs[] = {PB_SVC_LINE, PB_SVC_TIME, NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.gpio-key",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Power button on a GPIO pin", .needs = needs, .classes = classes, .n_classes = 1};
