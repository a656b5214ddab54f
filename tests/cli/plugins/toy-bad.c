/* SPDX-License-Identifier: MIT */
/* toy-bad.c - plugins that a host must refuse, each with one sentence. BAD says how.
 *
 * Not modelled: anything.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d, (void)h, (void)e;
    return PB_OK;
}

static const struct pb_device_class device = {
    .size = sizeof device, .id = BAD_ID, .category = "misc", .instance_size = 8,
    .realize = BAD == 4 ? NULL : realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &device}};
static const char *const needs[] = {"pb.nobody-has-this/1", NULL};

static int init(const pb_host *h, pb_err *e)
{
    return h->fail(e, PB_ENOTSUP, "not on Mondays");
}

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin),
                   .epoch = BAD == 1 ? PB_ABI_EPOCH + 1 : PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .id = "test." BAD_ID, .version = "1",
                   .license = "MIT", .needs = BAD == 2 ? needs : NULL, .classes = classes,
                   .n_classes = 1, .init = BAD == 3 ? init : NULL};
