/* SPDX-License-Identifier: MIT */
/* plugboard/state.h - saved state, described once.
 *
 * Reset, snapshot, migration, hot reload, replay and the bench use the same field table.
 * RAM, timers, line levels and properties are the host's and are not listed. Devices are loaded
 * one by one, in no promised order: load() asks no other device, whose state may come later.
 */
#ifndef PLUGBOARD_STATE_H
#define PLUGBOARD_STATE_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PB_S_U8 = 1, PB_S_U16, PB_S_U32, PB_S_U64, PB_S_I64, PB_S_BYTES };

/* Fields travel by name and type. An unknown name is skipped and reported; a missing one
 * keeps its reset value if `since` > the saved version, else loading fails. FROZEN. */
struct pb_field {
    const char *name; /* stable for ever */
    uint32_t type;    /* PB_S_* */
    uint32_t offset;  /* in the instance */
    uint32_t count;   /* elements; 1 for a scalar */
    uint32_t since;   /* state_version that added it; first version is 1 */
};
PB_FROZEN(struct pb_field, 24);
/* { PB_FIELD(struct uart, ier, PB_S_U8), … } */
#define PB_FIELD(T, m, type) {#m, type, (uint32_t)offsetof(T, m), 1, 1}
#define PB_FIELD_ARRAY(T, m, type, n) {#m, type, (uint32_t)offsetof(T, m), n, 1}

#define PB_SVC_STATE "pb.state/1"
struct pb_svc_state { /* for what a flat list cannot say; [main], inside save() and load() */
    uint32_t size, reserved;
    int (*put)(pb_state *s, const char *name, uint32_t type, const void *v, uint32_t n);
    int (*get)(pb_state *s, const char *name, uint32_t type, void *v, uint32_t n); /* elements;
                                                  PB_ENOENT, PB_EINVAL when type or n differ */
    uint32_t (*version)(pb_state *s);
};

#ifdef __cplusplus
}
#endif
#endif
