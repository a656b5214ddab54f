/* SPDX-License-Identifier: MIT */
/* plugboard/line.h - one-bit wires: interrupts, GPIO, resets.
 *
 * The manifest wires outputs to inputs. The host keeps the level, drops repeats and orders
 * changes, so a line costs the plugin no state and is not saved by it.
 */
#ifndef PLUGBOARD_LINE_H
#define PLUGBOARD_LINE_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An output, resolved before realize(). FROZEN. */
struct pb_line {
    void (*set)(void *sink, uint32_t n, int32_t level); /* [any] */
    void *sink;
    uint32_t n, reserved;
};
PB_FROZEN(struct pb_line, 24);

/* Drive an output. Repeats of a level are dropped. [any] */
static inline void pb_line_set(const struct pb_line *l, int32_t level)
{
    l->set(l->sink, l->n, level);
}

#define PB_SVC_LINE "pb.line/1"
struct pb_svc_line {
    uint32_t size, reserved;
    /* Element `i` of output `name` (0 for a plain one). Never NULL: an unwired output is a
     * line that nobody hears. Lives as long as the device. [main] */
    const struct pb_line *(*out)(pb_dev *d, const char *name, uint32_t i);
    /* Elements that the manifest wired of array output `name`. [main] */
    uint32_t (*count)(pb_dev *d, const char *name);
    /* Level that input `n` (see device.h, lines_in) has now. [dev] */
    int32_t (*level)(pb_dev *d, uint32_t n);
};

#ifdef __cplusplus
}
#endif
#endif
