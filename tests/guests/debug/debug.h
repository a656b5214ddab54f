/* SPDX-License-Identifier: MIT */
/* debug.h - what the files of the guest that debugs and profiles share. */
#ifndef DEBUG_H
#define DEBUG_H

#define _GNU_SOURCE
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>

/* The counter's descriptor, or -1 and errno; for thread `pid`, 0: the caller. */
int perf_open(struct perf_event_attr *attr, int pid, int group);

void test_counters(void); /* counters.c: the performance monitors */
void test_points(void);   /* points.c: breakpoints, watchpoints, single steps */

#endif
