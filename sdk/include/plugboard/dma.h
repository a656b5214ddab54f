/* SPDX-License-Identifier: MIT */
/* plugboard/dma.h - request lines between a DMA controller and a peripheral. ABI 1.1.
 *
 * The peripheral raises an output that is wired to the controller's request input when it wants
 * or has data. The controller, which has a link to the peripheral's port, then moves bytes
 * through it until the port takes or gives fewer than asked: many transfers of one data register
 * in one call. Both share a domain; all calls are [dev] with it held.
 */
#ifndef PLUGBOARD_DMA_H
#define PLUGBOARD_DMA_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_DMA_PORT "pb.dma-port/1"
struct pb_dma_port {
    uint32_t size, reserved;
    uint32_t (*take)(void *self, void *buf, uint32_t n);       /* peripheral to memory */
    uint32_t (*give)(void *self, const void *buf, uint32_t n); /* memory to peripheral */
    /* Does the port stand for the register at this address, as the controller has it? Others of
     * the peripheral are accessed as memory is. NULL: for any. */
    uint32_t (*serves)(void *self, uint32_t address);
};

#ifdef __cplusplus
}
#endif
#endif
