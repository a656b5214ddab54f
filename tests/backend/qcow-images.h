/* SPDX-License-Identifier: MIT */
/* qcow-images.h - images made by QEMU's own tools, for the tests of the qcow reader. */
#ifndef QCOW_IMAGES_H
#define QCOW_IMAGES_H

#include "host.h"

gboolean qi_tools(void); /* are qemu-img and qemu-io there? */
/* n random writes (one in eight of zeros) by qemu-io. */
void qi_write(const char *image, uint64_t bytes, int n, uint64_t *seed);
/* How many random reads of the image differ from the raw file; <0: it could not be tried. */
int qi_compare(const char *image, const char *raw, const char *props);

#endif
