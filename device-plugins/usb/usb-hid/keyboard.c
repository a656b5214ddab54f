/* SPDX-License-Identifier: MIT */
/* keyboard.c - the boot keyboard: modifiers, six keys, five lights. HID 1.11, B.1 (report), C
 * (rollover); HID Usage Tables 1.12, section 10.
 */
#include "usb-hid.h"

#include <string.h>

static const uint8_t report[] = {
    0x05, 0x01, 0x09, 0x06, 0xa1, 0x01,                         /* a keyboard: */
    0x05, 0x07, 0x19, 0xe0, 0x29, 0xe7, 0x15, 0x00, 0x25, 0x01, /* eight modifiers */
    0x75, 0x01, 0x95, 0x08, 0x81, 0x02,                         /* of a bit each */
    0x95, 0x01, 0x75, 0x08, 0x81, 0x01,                         /* a reserved byte */
    0x95, 0x05, 0x75, 0x01, 0x05, 0x08, 0x19, 0x01, 0x29, 0x05, 0x91, 0x02, /* five lights */
    0x95, 0x01, 0x75, 0x03, 0x91, 0x01,                         /* and padding, from the host */
    0x95, 0x06, 0x75, 0x08, 0x15, 0x00, 0x26, 0xff, 0x00,       /* six keys */
    0x05, 0x07, 0x19, 0x00, 0x2a, 0xff, 0x00, 0x81, 0x00, 0xc0,
};

/* Usage of each KEY_ number. */
static const uint8_t usage[128] = {
    [1] = 0x29, [2] = 0x1e, [3] = 0x1f, [4] = 0x20, [5] = 0x21, [6] = 0x22, [7] = 0x23,
    [8] = 0x24, [9] = 0x25, [10] = 0x26, [11] = 0x27, [12] = 0x2d, [13] = 0x2e, [14] = 0x2a,
    [15] = 0x2b, [16] = 0x14, [17] = 0x1a, [18] = 0x08, [19] = 0x15, [20] = 0x17, [21] = 0x1c,
    [22] = 0x18, [23] = 0x0c, [24] = 0x12, [25] = 0x13, [26] = 0x2f, [27] = 0x30, [28] = 0x28,
    [29] = 0xe0, [30] = 0x04, [31] = 0x16, [32] = 0x07, [33] = 0x09, [34] = 0x0a, [35] = 0x0b,
    [36] = 0x0d, [37] = 0x0e, [38] = 0x0f, [39] = 0x33, [40] = 0x34, [41] = 0x35, [42] = 0xe1,
    [43] = 0x31, [44] = 0x1d, [45] = 0x1b, [46] = 0x06, [47] = 0x19, [48] = 0x05, [49] = 0x11,
    [50] = 0x10, [51] = 0x36, [52] = 0x37, [53] = 0x38, [54] = 0xe5, [55] = 0x55, [56] = 0xe2,
    [57] = 0x2c, [58] = 0x39, [59] = 0x3a, [60] = 0x3b, [61] = 0x3c, [62] = 0x3d, [63] = 0x3e,
    [64] = 0x3f, [65] = 0x40, [66] = 0x41, [67] = 0x42, [68] = 0x43, [69] = 0x53, [70] = 0x47,
    [71] = 0x5f, [72] = 0x60, [73] = 0x61, [74] = 0x56, [75] = 0x5c, [76] = 0x5d, [77] = 0x5e,
    [78] = 0x57, [79] = 0x59, [80] = 0x5a, [81] = 0x5b, [82] = 0x62, [83] = 0x63, [85] = 0x94,
    [86] = 0x64, [87] = 0x44, [88] = 0x45, [89] = 0x87, [96] = 0x58, [97] = 0xe4, [98] = 0x54,
    [99] = 0x46, [100] = 0xe6, [102] = 0x4a, [103] = 0x52, [104] = 0x4b, [105] = 0x50,
    [106] = 0x4f, [107] = 0x4d, [108] = 0x51, [109] = 0x4e, [110] = 0x49, [111] = 0x4c,
    [116] = 0x66, [117] = 0x67, [119] = 0x48, [125] = 0xe3, [126] = 0xe7, [127] = 0x65,
};

static void take(struct hid *d, const struct pb_input_event *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (v[i].type != PB_INPUT_KEY || v[i].code >= sizeof usage || !usage[v[i].code])
            continue;
        struct happening *q = hid_put(d);
        if (!q)
            return;
        q->key = usage[v[i].code];
        q->down = v[i].value != 0;
    }
}

static void step(struct hid *d)
{
    const struct happening *q = &d->queue[d->first];
    uint32_t i = 0, bit = 1u << (q->key & 7);

    if (q->key >= 0xe0) {
        d->modifiers = (uint8_t)(q->down ? d->modifiers | bit : d->modifiers & ~bit);
        return;
    }
    while (i < 6 && d->keys[i] && d->keys[i] != q->key)
        i++;
    if (i == 6) { /* not among those that are kept */
        d->rolled += q->down ? 1u : d->rolled ? UINT32_MAX : 0;
    } else if (q->down) {
        d->keys[i] = (uint8_t)q->key;
    } else if (d->keys[i]) {
        memmove(d->keys + i, d->keys + i + 1, 5 - i);
        d->keys[5] = 0;
    }
}

static uint32_t make(const struct hid *d, uint8_t *r)
{
    r[0] = d->modifiers;
    r[1] = 0;
    if (d->rolled)
        memset(r + 2, 1, 6); /* ErrorRollOver, C */
    else
        memcpy(r + 2, d->keys, 6);
    return 8;
}

const struct hid_kind kind_keyboard = {report, sizeof report, 1, take, step, make};
