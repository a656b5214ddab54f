/* SPDX-License-Identifier: MIT */
/* plugin.c - the plugin of the PCI bus: host bridge, root port, bridge. */
#include "pci-bus.h"

#include <plugboard/plugin.h>

static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &gpex_class},
                                              {PB_CLASS_DEVICE, &port_class},
                                              {PB_CLASS_DEVICE, &bridge_class}};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BUS, PB_SVC_LINE, PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_STATE, PB_SVC_MINOR_1, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.pci",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "PCI and PCI Express buses",
    .needs = needs,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
};
