/* SPDX-License-Identifier: MIT */
/* plugboard/display.h - what a display shows, for screen dumps. ABI 1.1. */
#ifndef PLUGBOARD_DISPLAY_H
#define PLUGBOARD_DISPLAY_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_DISPLAY "pb.display/1" /* offered by a device with a picture */
struct pb_display {
    uint32_t size, reserved;
    /* Width and height in pixels; PB_ENOENT: nothing is shown. [main], the CPUs stand still */
    int (*extent)(void *self, uint32_t *width, uint32_t *height);
    /* Line `y` as 3 * width bytes, red, green, blue. [main], the CPUs stand still */
    void (*line)(void *self, uint32_t y, uint8_t *rgb);
};

#ifdef __cplusplus
}
#endif
#endif
