/* SPDX-License-Identifier: MIT */
/* keys.h - names of keys, as QEMU's sendkey takes them. */
#ifndef PB_CORE_KEYS_H
#define PB_CORE_KEYS_H

#define PB_BTN_LEFT 0x110u /* then right and middle */

/* The KEY_ number of a name ("ret") or of "0x…"; -1: there is none. */
int pb_key_named(const char *name);

#endif
