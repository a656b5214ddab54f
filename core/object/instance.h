/* SPDX-License-Identifier: MIT */
#ifndef PB_INSTANCE_H
#define PB_INSTANCE_H

#include <stddef.h>

/* `size` zero bytes, aligned for any type and to a cache line; NULL: no memory. [main] */
void *pb_instance_new(size_t size);
void pb_instance_free(void *p, size_t size); /* the size it was made with; p may be NULL */

#endif
