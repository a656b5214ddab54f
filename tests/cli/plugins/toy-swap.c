/* SPDX-License-Identifier: MIT */
/* toy-swap.c - a device whose plugin is exchanged while it runs. It counts how often `info swap`
 * was asked; SWAP says how the object differs from the first:
 *   2 has another answer and one field more     5 cannot be made
 *   3 does not know the count any more          6 says that it cannot be unloaded
 *   4 has another output
 *
 * Not modelled: anything.
 */
#include <plugboard/device.h>
#include <plugboard/plugin.h>
#include <plugboard/state.h>

#include <stdio.h>

struct swap {
    uint32_t count, more;
};

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    (void)self, (void)d;
    return SWAP == 5 ? h->fail(e, PB_EIO, "no luck today") : PB_OK;
}

static uint32_t text(void *self, char *buf, uint32_t n)
{
    struct swap *s = self;

    return (uint32_t)snprintf(buf, n, "object %d, asked %u\n", SWAP, ++s->count);
}

static const struct pb_info info = {.size = sizeof info, .name = "swap", .doc = "counts",
                                    .text = text};
static const struct pb_provide provides[] = {{PB_INFO, &info}};
static const struct pb_field state[] = {
#if SWAP != 3
    PB_FIELD(struct swap, count, PB_S_U32),
#endif
    {"more", PB_S_U32, offsetof(struct swap, more), 1, 2},
};
static const char *const lines_out[] = {"irq", SWAP == 4 ? "drq" : NULL, NULL};

static const struct pb_device_class device = {
    .size = sizeof device, .id = "toy-swap", .category = "misc", .provides = provides,
    .n_provides = 1, .instance_size = sizeof(struct swap), .lines_out = lines_out,
    .state_version = SWAP == 1 ? 1 : 2, .state = state,
    .n_state = SWAP == 1 ? 1 : sizeof state / sizeof *state, .realize = realize,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &device}};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
                   .abi_minor = PB_ABI_MINOR, .flags = SWAP == 6 ? 0 : PB_PLUGIN_UNLOADABLE,
                   .id = "test.toy-swap", .version = "1", .license = "MIT", .classes = classes,
                   .n_classes = 1};
