/* SPDX-License-Identifier: MIT */
/* plugboard/plugin.h - the one symbol that a plugin exports.
 *
 * It is constant data, so a host reads and refuses it before it calls any code of the
 * plugin; the text sidecar beside the library says the same before it is even opened.
 *
 *     static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &counter}};
 *     PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
 *         .abi_minor = PB_ABI_MINOR, .id = "org.example.counter", .version = "1.0",
 *         .license = "MIT", .needs = needs, .classes = classes, .n_classes = 1};
 */
#ifndef PLUGBOARD_PLUGIN_H
#define PLUGBOARD_PLUGIN_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of class, by the id of their table. */
#define PB_CLASS_DEVICE "pb.class.device/1" /* struct pb_device_class, device.h */
#define PB_CLASS_CPU "pb.class.cpu/1"       /* struct pb_cpu_class, draft/cpu.h */
#define PB_CLASS_BLOCK "pb.class.block/1"   /* struct pb_backend_class, backend.h */
#define PB_CLASS_NET "pb.class.net/1"       /* the same */
#define PB_CLASS_CHAR "pb.class.char/1"     /* the same */
#define PB_CLASS_FS "pb.class.fs/1"         /* the same */

/* One class that the plugin offers. FROZEN. */
struct pb_class_ref {
    const char *kind; /* PB_CLASS_* */
    const void *cls;  /* the table of that kind; begins with `size` */
};
PB_FROZEN(struct pb_class_ref, 16);

#define PB_PLUGIN_UNLOADABLE 1u /* no threads, TLS or atexit of its own: may be closed */

struct pb_plugin {
    uint32_t size;      /* sizeof(struct pb_plugin) */
    uint32_t epoch;     /* PB_ABI_EPOCH it was compiled against; another is refused */
    uint32_t abi_minor; /* PB_ABI_MINOR it was compiled against */
    uint32_t flags;     /* PB_PLUGIN_* */
    const char *id;     /* reverse DNS: "org.example.npu" */
    const char *version; /* the plugin's own: "1.4.2" */
    const char *license; /* SPDX expression */
    const char *vendor, *url, *doc; /* optional */
    const char *const *needs; /* NULL-ended service ids it cannot do without, or NULL */
    const struct pb_class_ref *classes; /* classes[n_classes] */
    uint32_t n_classes, reserved;
    int (*init)(const pb_host *h, pb_err *err); /* [main] optional; <0 refuses the load */
    void (*fini)(void);                         /* [main] optional */
};

/* What a plugin lists in `needs` that cannot do without an addition of ABI 1.1, so that an older
 * host refuses it by its sidecar, in one sentence. Who can, asks PB_HAS(). Since ABI 1.1. */
#define PB_SVC_MINOR_1 "pb.minor-1/1"
struct pb_svc_minor {
    uint32_t size;
    uint32_t minor; /* PB_ABI_MINOR of the host */
};

#define PB_EXPORT __attribute__((visibility("default")))
#ifdef __cplusplus
#define PB_PLUGIN_ENTRY extern "C" PB_EXPORT const struct pb_plugin pb_plugin_v0
#else
#define PB_PLUGIN_ENTRY PB_EXPORT extern const struct pb_plugin pb_plugin_v0; \
    const struct pb_plugin pb_plugin_v0
#endif

#ifdef __cplusplus
}
#endif
#endif
