/* SPDX-License-Identifier: MIT */
/* clock.h - clocks, timers, deferred calls, randomness of a machine. */
#ifndef PB_CORE_CLOCK_H
#define PB_CORE_CLOCK_H

#include "../machine/machine.h"
#include "../thread/domain.h"

#include <plugboard/time.h>

struct pb_timer {
    pb_dev *d;
    char *name;
    uint32_t clock;
    void (*fn)(void *opaque);
    void *opaque;
    int64_t when;    /* ns of its clock; -1: not armed */
    uint64_t number; /* creation order */
    uint32_t slot;   /* in its clock's heap, from 1; 0: not there */
    gboolean dead;   /* its device is going away: never armed again */
};

int64_t pb_clock_now(uint32_t clock); /* ns; [any] */
/* One machine at a time has the process's clocks. */
void pb_clock_init(struct pb_machine *m);
void pb_clock_fini(struct pb_machine *m);
void pb_clock_run(gboolean on);         /* the virtual clock goes or stands; [main] */
void pb_clock_set_virtual(int64_t ns);  /* loading a state; it stands; [main] */
/* -rtc base=: what PB_CLK_HOST shows now, ns since 1970; and does it follow the virtual
 * clock (clock=vm) instead of the host's? [main] */
void pb_clock_set_host(int64_t ns, gboolean virtual_);
void pb_clock_reset(void);
gboolean pb_clock_running(void);
void pb_time_poke(void); /* clocks changed: the timer thread looks again */
/* The virtual clock rests: wait until none of its timers is between its time and the end of its
 * callback, and the helper has no domain. [main], no domain held */
void pb_time_settle(void);
void pb_random_seed(uint64_t seed);
uint64_t pb_random(void);
void pb_random_bytes(struct pb_machine *m, void *buf, uint32_t n);

pb_timer *pb_timer_new(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *),
                       void *opaque, pb_err *e);
void pb_timer_arm(pb_timer *t, int64_t when);
void pb_timer_disarm(pb_timer *t);
int64_t pb_timer_deadline(pb_timer *t);
/* Disarm for good and wait for callbacks in progress; then free. [main] */
void pb_timers_stop(pb_dev *d);
void pb_timers_free(pb_dev *d);
/* Timers of `d` in creation order: for saved state. [main] */
GPtrArray *pb_timers_of(pb_dev *d);
void pb_soon(pb_dev *d, void (*fn)(void *), void *opaque);
void pb_soon_forget(pb_dev *d); /* drop its deferred calls; [main] */
extern const struct pb_svc_time pb_time_service;

#endif
