/* SPDX-License-Identifier: MIT */
/* memory.h - the class behind [memory NAME]. */
#ifndef PB_CORE_MEMORY_H
#define PB_CORE_MEMORY_H

#define PB_MEMORY_CLASS "board-memory"
void pb_memory_register(void);

#endif
