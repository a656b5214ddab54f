/* SPDX-License-Identifier: MIT */
/* plugboard/spi.h - targets on an SPI bus. ABI 1.1.
 *
 * A target is the child of a controller that offers a bus of kind "spi-bus". Each is wired to a
 * chip select of its own; what it hears while that is active is one command of its protocol. Calls
 * are [dev] in the controller's domain. Clock modes and speeds are not told: both sides agree.
 */
#ifndef PLUGBOARD_SPI_H
#define PLUGBOARD_SPI_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_SPI_TARGET "pb.spi-target/1"
struct pb_spi_target {
    uint32_t size, reserved;
    uint32_t (*chip_select)(void *self); /* its number; the same from realize() on. [main] */
    void (*select)(void *self, uint32_t on); /* only changes are told; off after a reset */
    /* n bytes each way, only while it is selected. `out` is the controller's, `in` the answer;
     * they do not overlap. */
    void (*exchange)(void *self, const uint8_t *out, uint8_t *in, uint32_t n);
};

#ifdef __cplusplus
}
#endif
#endif
