/* SPDX-License-Identifier: MIT */
/* plugboard/input.h - what a person's hand does: keys, pointers, buttons.
 *
 * A keyboard, mouse or tablet provides PB_INPUT. The host gives it what the monitor's sendkey
 * and mouse_move ask for; of several devices that take an event the one that came last gets it,
 * unless the user chose another (mouse_set).
 */
#ifndef PLUGBOARD_INPUT_H
#define PLUGBOARD_INPUT_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PB_INPUT_KEY = 1, /* code: a KEY_ or BTN_ number of Linux's input-event-codes.h; value 1:
                         down, 0: up */
    PB_INPUT_MOVE,    /* code: PB_AXIS_*; value: units moved, right, down and away positive */
    PB_INPUT_PLACE    /* code: PB_AXIS_X or _Y; value: 0 to 32767 */
};
enum { PB_AXIS_X, PB_AXIS_Y, PB_AXIS_WHEEL };
#define PB_INPUT_AXIS_MAX 32767

/* FROZEN. */
struct pb_input_event {
    uint32_t type, code; /* PB_INPUT_* */
    int32_t value;
    uint32_t reserved;
};
PB_FROZEN(struct pb_input_event, 16);

/* pb_input.takes */
#define PB_INPUT_KEYS 1u
#define PB_INPUT_POINTER 2u  /* moves and buttons */
#define PB_INPUT_ABSOLUTE 4u /* places instead of moves */

#define PB_INPUT "pb.input/1"
struct pb_input {
    uint32_t size;
    uint32_t takes;     /* PB_INPUT_KEYS and so on */
    const char *title;  /* as `info mice` shows it */
    /* v[n] happened at once. What the device does not know it ignores. [main] */
    void (*events)(void *self, const struct pb_input_event *v, uint32_t n);
};

#ifdef __cplusplus
}
#endif
#endif
