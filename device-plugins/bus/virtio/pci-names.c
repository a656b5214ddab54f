/* SPDX-License-Identifier: MIT */
/* pci-names.c - the names by which users know virtio devices on PCI: each carries the device
 * of the same stem. NAME-pci decides by where it sits whether a legacy driver may come;
 * -transitional and -non-transitional say so.
 */
#include "vpci.h"

#include <plugboard/plugin.h>

static const char *const autos[] = {"auto", "on", "off", NULL};
static const char *const on_only[] = {"on", NULL}, *const off_only[] = {"off", NULL};

/* What is so anyway, for command lines that say so. */
#define ONE(n, d, only, text)                                                                  \
    {.name = n, .doc = text, .def = d, .choices = only, .type = PB_T_ENUM, .qemu_type = "bool"}
#define COMMON                                                                                 \
    {.name = "disable-modern", .doc = "leave out the modern layout", .def = "off",             \
     .type = PB_T_BOOL},                                                                       \
    {.name = "vectors", .doc = "MSI-X vectors; one a queue and one more when not given",       \
     .type = PB_T_UINT, .max = 2048, .qemu_type = "uint32"},                                   \
    {.name = "iommu_platform", .doc = "offer VIRTIO_F_ACCESS_PLATFORM and insist on it",       \
     .def = "off", .type = PB_T_BOOL},                                                         \
    {.name = "packed", .doc = "offer packed rings", .def = "off", .type = PB_T_BOOL},          \
    {.name = "event_idx", .doc = "offer the event index", .def = "on", .type = PB_T_BOOL},     \
    {.name = "indirect_desc", .doc = "offer indirect descriptors", .def = "on",                \
     .type = PB_T_BOOL},                                                                       \
    ONE("ioeventfd", "on", on_only, "doorbells do not wait for the device"),                   \
    ONE("any_layout", "on", on_only, "any layout of buffers is taken"),                        \
    ONE("ats", "off", off_only, "there is no address translation service"),                    \
    ONE("aer", "off", off_only, "there is no advanced error reporting"),                       \
    ONE("page-per-vq", "off", off_only, "doorbells are four bytes apart"),                     \
    ONE("modern-pio-notify", "off", off_only, "doorbells are in memory"),                      \
    ONE("queue_reset", "off", off_only, "there is no reset of single queues")
#define LEGACY(d)                                                                              \
    {.name = "disable-legacy", .doc = "leave out the legacy layout", .def = d,                 \
     .choices = autos, .type = PB_T_ENUM, .qemu_type = "OnOffAuto"}

static const struct pb_prop any_props[] = {PB_PCI_PROPS, LEGACY("auto"), COMMON};
static const struct pb_prop both_props[] = {PB_PCI_PROPS, LEGACY("off"), COMMON};
static const struct pb_prop modern_props[] = {PB_PCI_PROPS, LEGACY("on"), COMMON};

static const struct pb_field state[] = {
    PB_FIELD(struct vpci, dfselect, PB_S_U32),
    PB_FIELD(struct vpci, gfselect, PB_S_U32),
    PB_FIELD(struct vpci, qselect, PB_S_U16),
    PB_FIELD(struct vpci, config_vector, PB_S_U16),
    PB_FIELD_ARRAY(struct vpci, queue_vector, PB_S_U16, VQ_MAX_QUEUES),
    PB_FIELD(struct vpci, isr, PB_S_U32),
};
static const struct pb_provide provides[] = {{PB_VIRTIO, &transport_service},
                                             {PB_BUS_PARENT, &vpci_parent}};
static const char *const buses_out[] = {PB_VIRTIO_BUS "[1]", NULL};

#define CLASS(var, name, cat, inner, names, p)                                                 \
    static const struct pb_device_class var = {                                                \
        .size = sizeof var,                                                                    \
        .flags = PB_DEV_OWN_DOMAIN | PB_DEV_HOTPLUG,                                           \
        .id = name,                                                                            \
        .aliases = names,                                                                      \
        .category = cat,                                                                       \
        .spec = "VIRTIO 1.2, 4.1",                                                             \
        .bus = PB_PCI_BUS,                                                                     \
        .props = p,                                                                            \
        .n_props = sizeof p / sizeof *p,                                                       \
        .buses_out = buses_out,                                                                \
        .provides = provides,                                                                  \
        .n_provides = sizeof provides / sizeof *provides,                                      \
        .instance_size = sizeof(struct vpci),                                                  \
        .state_version = 1,                                                                    \
        .n_state = sizeof state / sizeof *state,                                               \
        .state = state,                                                                        \
        .regs = &common_regs,                                                                  \
        .realize = vpci_realize,                                                               \
        .unrealize = vpci_unrealize,                                                           \
        .reset = vpci_reset,                                                                   \
        .save = vpci_save,                                                                     \
        .load = vpci_load,                                                                     \
        .carries = inner,                                                                      \
    };
#define DEVICE(var, stem, cat, ...)                                                            \
    static const char *const var##_names[] = {__VA_ARGS__, NULL};                              \
    CLASS(var##_any, stem "-pci", cat, stem "-device", var##_names, any_props)                 \
    CLASS(var##_both, stem "-pci-transitional", cat, stem "-device", NULL, both_props)         \
    CLASS(var##_modern, stem "-pci-non-transitional", cat, stem "-device", NULL, modern_props)

DEVICE(blk, "virtio-blk", "storage", "virtio-blk")
DEVICE(net, "virtio-net", "network", "virtio-net")
DEVICE(p9, "virtio-9p", "storage", "virtio-9p")
DEVICE(rng, "virtio-rng", "misc", "virtio-rng")
DEVICE(scsi, "virtio-scsi", "storage", "virtio-scsi")
DEVICE(console, "virtio-console", "input", "virtio-serial-pci", "virtio-serial")

#define REFS(var)                                                                              \
    {PB_CLASS_DEVICE, &var##_any}, {PB_CLASS_DEVICE, &var##_both}, {PB_CLASS_DEVICE, &var##_modern}
static const struct pb_class_ref classes[] = {REFS(blk), REFS(net), REFS(p9), REFS(rng),
                                              REFS(scsi), REFS(console)};
static const char *const needs[] = {PB_SVC_MEM, PB_SVC_BUS, PB_SVC_THREAD, PB_SVC_PROP,
                                    PB_SVC_TIME, PB_SVC_STATE, PB_SVC_MINOR_1, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.virtio-pci",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "virtio PCI transport",
    .needs = needs,
    .classes = classes,
    .n_classes = sizeof classes / sizeof *classes,
};
