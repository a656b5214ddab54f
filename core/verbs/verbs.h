/* SPDX-License-Identifier: MIT */
/* verbs.h - what `plugboard VERB` does besides running machines. Each takes the words after
 * the verb and gives the exit status of the process: 0 done, 1 wrong or refused. */
#ifndef PB_CORE_VERBS_H
#define PB_CORE_VERBS_H

#include "../util/err.h"

#include <stdio.h>

struct pb_verb {
    const char *name, *args, *help; /* help: one line or more */
    int (*run)(int argc, char **argv);
};
extern const struct pb_verb pb_verbs[]; /* ends with name NULL */

int pb_verb_list(int argc, char **argv);    /* list.c */
int pb_verb_inspect(int argc, char **argv); /* inspect.c, machine-*.c */
int pb_verb_check(int argc, char **argv);   /* check.c */
int pb_verb_test(int argc, char **argv);    /* tool.c */
int pb_verb_new(int argc, char **argv);     /* new.c */
int pb_verb_doctor(int argc, char **argv);  /* doctor.c */
int pb_verb_man(int argc, char **argv);     /* man.c */

/* What the verbs share. */
void pb_verb_start(void); /* services and sidecars */
/* Take "--name" out of argv; TRUE when it was there. */
gboolean pb_verb_flag(int *argc, char **argv, const char *name);
/* The first word that begins with '-' is unknown: say so. 0 or 1. */
int pb_verb_unknown(const char *verb, int argc, char **argv);
/* Refuse: the sentence, and the cure. Gives 1. */
int pb_verb_refuse(const char *cure, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* Print `e` as pb_err_report() does, clear it, give 1. */
int pb_verb_fail(pb_err *e);

#endif
