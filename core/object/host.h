/* SPDX-License-Identifier: MIT */
/* host.h - what main and monitor set of the root table: logs and trace points. */
#ifndef PB_CORE_HOST_H
#define PB_CORE_HOST_H

#include "dev.h"

#include <plugboard/host.h>

void pb_host_init(void);                        /* register the core's services; once */
void pb_log_enable(uint32_t level, gboolean on); /* -d guest_errors, unimp */
int pb_log_open(const char *path, pb_err *e);   /* -D: NULL: stderr */
int pb_log_to(int fd);                     /* the same to an open file, which stays open */
uint64_t pb_log_count(uint32_t level);          /* lines so far, hidden ones included */
/* Trace points by shell pattern; those that come later are matched too. */
void pb_trace_enable(const char *pattern, gboolean on);
void pb_trace_list(void (*line)(void *user, const char *), void *user);

#endif
