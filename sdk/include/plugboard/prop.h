/* SPDX-License-Identifier: MIT */
/* plugboard/prop.h - properties: everything a user can set, as data.
 *
 * The host parses, range-checks and stores values; `-device X,help`, manifests, errors,
 * JSON and the manual come from this table. A plugin reads them in realize().
 */
#ifndef PLUGBOARD_PROP_H
#define PLUGBOARD_PROP_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PB_T_BOOL = 1, /* on off yes no true false */
    PB_T_INT,      /* signed, C spelling */
    PB_T_UINT,     /* unsigned, C spelling, '_' between digits allowed */
    PB_T_SIZE,     /* bytes; K M G T suffixes */
    PB_T_STR,
    PB_T_ENUM, /* one of choices; get_int() gives its index */
    PB_T_MAC,  /* aa:bb:cc:dd:ee:ff; get_int() gives it big-endian in the low 48 bits */
    PB_T_FREQ, /* Hz; K M G suffixes, decimal */
    PB_T_LINK  /* id of a device or backend node; choices: interface ids it must offer */
};

#define PB_P_REQUIRED 1u
#define PB_P_RUNTIME 2u /* may change while running: prop_changed() is called */
#define PB_P_OPEN 4u    /* backends: get_str() on unlisted "a.b" keys is allowed too */

/* FROZEN. */
struct pb_prop {
    const char *name, *doc;     /* "chardev", "Character backend" */
    const char *def;            /* default as the user would type it, or NULL */
    const char *const *choices; /* NULL-ended, see PB_T_ENUM and PB_T_LINK */
    int64_t min, max;           /* inclusive, checked when min < max */
    const char *unit;           /* "Hz", "ns", "bytes" or NULL */
    uint32_t type, flags;       /* PB_T_*, PB_P_* */
    const char *qemu_type;      /* the type as `-device X,help` prints it ("uint32"), or NULL
                                   to derive it from `type` */
    void *reserved;
};
PB_FROZEN(struct pb_prop, 80);

#define PB_SVC_PROP "pb.prop/1"
struct pb_svc_prop { /* `i` indexes the class's props; [any] after realize began */
    uint32_t size, reserved;
    int64_t (*get_int)(pb_dev *d, uint32_t i); /* BOOL: 0/1 */
    const char *(*get_str)(pb_dev *d, uint32_t i); /* NULL when unset; lives with the device */
    uint32_t (*is_set)(pb_dev *d, uint32_t i);     /* 0: left at its default */
    /* Table of interface `iface` of what a LINK names, and its instance; NULL when unset. */
    const void *(*get_link)(pb_dev *d, uint32_t i, const char *iface, void **self);
    /* Backend ends for LINK properties to backends; NULL when unset. The consumer owns
     * the attachment until unrealize. */
    pb_block *(*get_block)(pb_dev *d, uint32_t i);
    pb_net *(*get_net)(pb_dev *d, uint32_t i);
    pb_char *(*get_char)(pb_dev *d, uint32_t i);
    pb_fs *(*get_fs)(pb_dev *d, uint32_t i);
    /* The n-th key=value pair the user gave this node, in order, repeated keys included;
     * for backends whose keys accumulate (hostfwd). 0 when n is past the end. */
    uint32_t (*pair)(pb_dev *d, uint32_t n, const char **key, const char **value);
    /* What was left open is `value` from now on, as when a bus chose the port of a device: its
     * text has none yet (STR or INT without default; is_set() stays 0). A device that is made anew
     * under the running machine finds it. PB_EBUSY: it has one. Within realize. [main] Since ABI
     * 1.1. */
    int (*settle)(pb_dev *d, uint32_t i, const char *value);
};
/* Interface ids a PB_T_LINK's choices use for backends. */
#define PB_IF_BLOCK "pb.block/1"
#define PB_IF_NET "pb.net/1"
#define PB_IF_CHAR "pb.char/1"
#define PB_IF_FS "pb.fs/1"

#ifdef __cplusplus
}
#endif
#endif
