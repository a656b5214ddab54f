/* SPDX-License-Identifier: MIT */
/* plugin.c - the plugin of the BCM2835 family's own blocks. */
#include "mbox.h"
#include "soc.h"

#include <plugboard/backend.h>
#include <plugboard/board.h>
#include <plugboard/plugin.h>

static const struct pb_class_ref classes[] = {
    {PB_CLASS_DEVICE, &bcm2836_local_class},
    {PB_CLASS_DEVICE, &bcm2835_intc_class},
    {PB_CLASS_DEVICE, &bcm2835_systimer_class},
    {PB_CLASS_DEVICE, &bcm2835_armtimer_class},
    {PB_CLASS_DEVICE, &bcm2835_aux_class},
    {PB_CLASS_DEVICE, &bcm2835_mbox_class},
    {PB_CLASS_DEVICE, &bcm2835_gpio_class},
    {PB_CLASS_DEVICE, &bcm2835_cprman_class},
    {PB_CLASS_DEVICE, &bcm2835_pm_class},
    {PB_CLASS_DEVICE, &bcm2835_asb_class},
    {PB_CLASS_DEVICE, &bcm2835_rng_class},
    {PB_CLASS_DEVICE, &bcm2835_thermal_class},
    {PB_CLASS_DEVICE, &bcm2835_dma_class},
    {PB_CLASS_DEVICE, &bcm2835_sdhost_class},
    {PB_CLASS_DEVICE, &bcm2835_i2c_class},
    {PB_CLASS_DEVICE, &bcm2835_spi_class},
    {PB_CLASS_DEVICE, &bcm2835_unmodelled_class},
};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_LINE, PB_SVC_TIME, PB_SVC_PROP, PB_SVC_BUS,
                                    NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.bcm2835",
    .version = "1.0",
    .license = "MIT",
    .vendor = "Plugboard",
    .doc = "Blocks of the BCM2835 family (Raspberry Pi)",
    .needs = needs,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
};
