/* SPDX-License-Identifier: MIT */
/* fault.h - a list of faults found in manifests, so that one pass reports them all. */
#ifndef PB_CORE_FAULT_H
#define PB_CORE_FAULT_H

#include "../util/err.h"

#include <stdio.h>

struct pb_fault { struct pb_place place; char *text; };
struct pb_faults { GArray *v; }; /* struct pb_fault */

#define PB_FAULTS_MAX 200 /* a hostile file does not fill the terminal */

void pb_faults_init(struct pb_faults *f);
void pb_faults_clear(struct pb_faults *f);
void pb_fault_add(struct pb_faults *f, const struct pb_place *p, const char *fmt, ...)
    G_GNUC_PRINTF(3, 4);
/* Take over what `e` holds, and clear it. */
void pb_fault_err(struct pb_faults *f, const struct pb_place *p, pb_err *e);
/* " did you mean 'x'?" for appending after ';', or "" */
char *pb_did_you_mean(const char *word, const char *const *names);
/* Prefix the place unless the text begins with one of that file or option already. */
void pb_err_once(pb_err *e, const struct pb_place *at);
void pb_faults_print(const struct pb_faults *f, FILE *to); /* by file and line */
/* All of them in one pb_err: the first as text when there is only one. */
int pb_faults_to_err(const struct pb_faults *f, pb_err *e);

#endif
