/* SPDX-License-Identifier: MIT */
/* plugboard/i2c.h - targets on an I2C bus. ABI 1.1.
 *
 * A target is the child of a controller that offers a bus of kind "i2c-bus"; the controller asks
 * all its children, as the wires do. Calls are [dev] in the controller's domain, and answered at
 * once: nobody stretches the clock.
 */
#ifndef PLUGBOARD_I2C_H
#define PLUGBOARD_I2C_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_I2C_TARGET "pb.i2c-target/1"
struct pb_i2c_target {
    uint32_t size, reserved;
    /* START, or a repeated one, and the address byte: seven bits and the direction. 1: it is
     * acknowledged, and what follows until stop() is this target's. */
    uint32_t (*start)(void *self, uint32_t address, uint32_t read);
    uint32_t (*write)(void *self, uint8_t byte); /* 1: acknowledged */
    uint8_t (*read)(void *self);                 /* the next byte */
    void (*stop)(void *self); /* STOP, or another target's START */
};

#ifdef __cplusplus
}
#endif
#endif
