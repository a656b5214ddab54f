/* SPDX-License-Identifier: MIT */
/* page.h - the page of a class, written from its tables: properties, lines, registers, state. */
#ifndef PB_CORE_PAGE_H
#define PB_CORE_PAGE_H

#include "../plugin/registry.h"

#include <stdio.h>

enum pb_page_form { PB_PAGE_TEXT, PB_PAGE_MARKDOWN, PB_PAGE_MAN };

/* Of a loaded class. */
void pb_page_class(const struct pb_class *c, enum pb_page_form form, FILE *to);
/* A line of troff text: what would be a request or an escape is made harmless. */
void pb_page_troff(FILE *to, const char *text);

#endif
