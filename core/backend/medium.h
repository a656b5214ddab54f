/* SPDX-License-Identifier: MIT */
/* medium.h - drives whose medium comes and goes while the machine runs: -drive media=cdrom,if=none,
 * or without file=; the monitor's change and eject. */
#ifndef PB_CORE_MEDIUM_H
#define PB_CORE_MEDIUM_H

#include "backend.h"

/* The class of such a drive's node; it is known from the first call on. [main] */
const char *pb_medium_class(void);
gboolean pb_medium_drive(const pb_dev *d);
pb_dev *pb_medium_of(const pb_dev *d); /* NULL: none */
/* The medium of drive `d` is node `node` from now on, NULL: none. The one before, and what it lay
 * on, goes; what is in flight is waited for, and the device hears of it. [main] */
int pb_medium_put(pb_dev *d, pb_dev *node, pb_err *e);

/* ---- For block.c ---- */
/* The medium's end, which stays until it is released; NULL: there is none. [any] */
pb_block *pb_medium_hold(pb_block *b);
void pb_medium_release(pb_block *m);
/* Whose requests `b` has: its consumer, or that of the drive it is in. */
const pb_dev *pb_medium_user(const pb_block *b);
void pb_medium_closes(pb_block *b); /* the node goes: it leaves its drive, or its medium */

#endif
