/* SPDX-License-Identifier: MIT */
/* plugboard/abi.h - what every other ABI header stands on.
 *
 * THE RULES (each has a test under tests/abi/)
 *  R1  A plugin exports ONE symbol, `pb_plugin_v0`, and needs none from the host.
 *      Everything else is a function table found by a string id, "pb.mem/1".
 *  R2  Tables and parameter structs start with `uint32_t size`, set by whoever fills
 *      them. They grow at the end only; PB_HAS() guards late fields. A change that is
 *      not an append is a new id, "pb.mem/2"; hosts keep /1 beside it.
 *  R3  Structs marked FROZEN never change within an epoch. Only these are embedded by
 *      value, put in arrays or laid over guest memory.
 *  R4  Fixed-width integers only: no bool, enum fields, long, bit-fields, va_list, FILE,
 *      errno or GLib types. In flag words, unknown bits are 0 and ignored.
 *  R5  Who allocates, frees. `const char *` arguments live for the call; a class, its
 *      arrays and its strings live until the plugin is unloaded.
 *  R6  0 or a positive count is success, PB_E* < 0 is failure; text goes to `err`.
 *      No C++ exception, longjmp or panic crosses the boundary.
 *  R7  Every callback names its thread:
 *        [main]  the control thread; vCPUs may be running; may block and allocate
 *        [dev]   any thread, holding the lock of the device's domain; must not block
 *        [cpu]   that vCPU's own thread
 *        [io]    a worker or backend thread, without the domain lock; must not block
 *        [any]   any thread, concurrently, with or without locks; must not block
 *      A class with PB_DEV_PARALLEL takes its [dev] callbacks as [any] instead.
 *      In deterministic mode all of them are one thread, in a repeatable order.
 *  R8  What a guest, image or peer controls is never trusted and never logged unlimited.
 */
#ifndef PLUGBOARD_ABI_H
#define PLUGBOARD_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_ABI_EPOCH 1u /* until 1.0, raised by every deliberate break */
#define PB_ABI_MINOR 1u /* raised by every addition; 0 again with a new epoch */

/* True when table `p` of type `T` was built with member `m` and sets it. */
#define PB_HAS(T, p, m) ((p) && (p)->size >= offsetof(T, m) + sizeof((p)->m) && (p)->m)

#if defined(__cplusplus)
#define PB_STATIC_ASSERT(c, text) static_assert(c, text)
#else
#define PB_STATIC_ASSERT(c, text) _Static_assert(c, text)
#endif
/* Layout guard of a FROZEN struct on LP64. */
#define PB_FROZEN(T, n) PB_STATIC_ASSERT(sizeof(T) == (n), #T " is frozen")

/* Opaque handles. All belong to the host and are borrowed by the plugin. */
typedef struct pb_host pb_host;     /* see host.h; the only one with visible members */
typedef struct pb_dev pb_dev;       /* a device, CPU or backend node in the object tree */
typedef struct pb_err pb_err;       /* where a failure is recorded */
typedef struct pb_region pb_region; /* a stretch of an address space */
typedef struct pb_as pb_as;         /* an address space as a bus master sees it */
typedef struct pb_timer pb_timer;
typedef struct pb_worker pb_worker; /* an own thread of a device */
typedef struct pb_bus pb_bus;       /* a bus that a device offers to children */
typedef struct pb_state pb_state;   /* a saved-state stream */
typedef struct pb_block pb_block;   /* consumer's end of a block node */
typedef struct pb_net pb_net;       /* consumer's end of a network backend */
typedef struct pb_char pb_char;     /* consumer's end of a character backend */
typedef struct pb_fs pb_fs;         /* consumer's end of a file share */
typedef struct pb_vq pb_vq;         /* a virtqueue, see virtio.h */

/* Status codes; the values are frozen. */
enum {
    PB_OK = 0,
    PB_EINVAL = -1,
    PB_ENOMEM = -2,
    PB_EIO = -3,
    PB_ENOTSUP = -4,
    PB_EBUSY = -5,
    PB_ENOENT = -6,
    PB_EFAULT = -7,
    PB_ENOSPC = -8,
    PB_EAGAIN = -9,
    PB_EVERSION = -10,
    PB_EREENTRY = -11,
    PB_EROFS = -12,
    PB_EACCES = -13
};

/* A run of host memory. FROZEN. */
struct pb_iov {
    void *base;
    size_t len; /* bytes */
};
PB_FROZEN(struct pb_iov, 16);

#ifdef __cplusplus
}
#endif
#endif
