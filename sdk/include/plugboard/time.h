/* SPDX-License-Identifier: MIT */
/* plugboard/time.h - clocks, timers, deferred calls, own threads, seeded randomness.
 *
 * Time, randomness and input reach a plugin through the host only, so that one switch
 * makes a run deterministic.
 */
#ifndef PLUGBOARD_TIME_H
#define PLUGBOARD_TIME_H

#include <plugboard/abi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PB_CLK_VIRTUAL, /* guest time: stops with the machine; ns since its start */
    PB_CLK_HOST,    /* wall clock as -rtc says; ns since 1970 */
    PB_CLK_REAL     /* never stops; ns since an arbitrary start */
};

#define PB_SVC_TIME "pb.time/1"
struct pb_svc_time {
    uint32_t size, reserved;
    int64_t (*now)(const pb_host *h, uint32_t clock); /* ns; [any] */
    /* A named one-shot timer of `d`, saved and restored by the host. `fn` runs as [dev]. */
    pb_timer *(*timer)(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *opaque),
                       void *opaque, pb_err *e); /* [main] */
    void (*arm)(pb_timer *t, int64_t when); /* absolute ns of its clock; [any] */
    void (*disarm)(pb_timer *t);            /* [any] fn may just be running */
    int64_t (*deadline)(pb_timer *t);       /* -1 when not armed; [any] */
    /* Run `fn(opaque)` once, soon, as [dev], outside the current callback. Calls with the
     * same (fn, opaque) that have not yet run are merged. [any] */
    void (*soon)(pb_dev *d, void (*fn)(void *opaque), void *opaque);
    uint64_t (*clock_hz)(pb_dev *d, uint32_t input); /* clock input from the manifest; 0: none */
    uint64_t (*random)(pb_dev *d);                   /* from the machine's seed; [any] */
    void (*random_bytes)(pb_dev *d, void *buf, uint32_t n); /* host entropy unless
                                                               deterministic; [any] */
};

#define PB_SVC_THREAD "pb.thread/1"
struct pb_svc_thread {
    uint32_t size, reserved;
    /* Enter and leave the domain of `d` from [io] code. Never while another domain is
     * held. Not needed inside [dev] callbacks. */
    void (*enter)(pb_dev *d);
    void (*leave)(pb_dev *d);
    /* An own thread of `d`: each kick() leads to at least one later call of fn, as [io].
     * It is stopped before unrealize. NULL and `e` on failure. [main] */
    pb_worker *(*worker)(pb_dev *d, const char *name, void (*fn)(void *opaque), void *opaque,
                         pb_err *e);
    void (*kick)(pb_worker *w); /* [any] */
    /* Backends: watch a descriptor on the main loop. events: 1 readable, 2 writable, both
     * level-triggered; fn is [main]. events 0 removes it. One watch per fd. [main] */
    int (*watch_fd)(pb_dev *node, int32_t fd, uint32_t events,
                    void (*fn)(void *opaque, uint32_t events), void *opaque);
    /* Run blocking `fn` on the I/O pool, then `done` on [io]. [any] */
    void (*pool)(pb_dev *node, void (*fn)(void *opaque), void (*done)(void *opaque), void *opaque);
    /* Run `fn` on the main thread soon. [any] */
    void (*main_soon)(pb_dev *node, void (*fn)(void *opaque), void *opaque);
};

#ifdef __cplusplus
}
#endif
#endif
