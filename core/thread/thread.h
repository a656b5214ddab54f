/* SPDX-License-Identifier: MIT */
/* thread.h - own threads of devices, the I/O pool, calls on the main loop. */
#ifndef PB_CORE_THREAD_H
#define PB_CORE_THREAD_H

#include "domain.h"

#include <plugboard/time.h>

void pb_workers_stop(pb_dev *d); /* they may still be kicked: nothing happens. [main] */
/* Wait until no worker has anything to do; FALSE: none had. [main] */
gboolean pb_workers_settle(void);
/* Stop and free the workers of `d`, remove its watches, forget its main_soon calls, wait
 * for its pool jobs. [main] */
void pb_thread_release(pb_dev *d);
/* Wait until the pool has no job of `d` (NULL: no job at all). [main] */
void pb_pool_drain(pb_dev *d);
/* fn(opaque) on the main loop. `d` may be NULL. [any] */
void pb_main_soon(pb_dev *d, void (*fn)(void *), void *opaque);
/* The same for what changes the machine: not while the main loop is nested. [any] */
void pb_main_turn(pb_dev *d, void (*fn)(void *), void *opaque);
/* Around a main loop that something runs to wait for requests in the middle of its work. [main] */
void pb_main_nest(gboolean on);
gboolean pb_main_nested(void);
void pb_pool_run(pb_dev *d, void (*fn)(void *), void (*done)(void *), void *opaque);
extern const struct pb_svc_thread pb_thread_service;

#endif
