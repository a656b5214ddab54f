/* SPDX-License-Identifier: MIT */
/* parse.h - values as users type them. All return FALSE when the text is not wholly one. */
#ifndef PB_CORE_PARSE_H
#define PB_CORE_PARSE_H

#include <glib.h>
#include <stdint.h>

gboolean pb_parse_bool(const char *s, int64_t *v);   /* on off yes no true false y n */
gboolean pb_parse_int(const char *s, int64_t *v);    /* -5, 0x10, 1_000 */
gboolean pb_parse_uint(const char *s, uint64_t *v);
gboolean pb_parse_size(const char *s, uint64_t *v);  /* 64K 1.5G 0x1000, in bytes */
gboolean pb_parse_freq(const char *s, uint64_t *v);  /* 24M 1.8432M, decimal */
gboolean pb_parse_mac(const char *s, uint64_t *v);   /* 52:54:00:12:34:56 */

#endif
