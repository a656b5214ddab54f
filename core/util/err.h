/* SPDX-License-Identifier: MIT */
/* err.h - failures with place, cause and cure. */
#ifndef PB_CORE_ERR_H
#define PB_CORE_ERR_H

#include <plugboard/abi.h>

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>

/* Where something was asked for: an option of the command line, or file:line:col. */
struct pb_place {
    const char *file;   /* interned; NULL: the command line */
    const char *option; /* "-device", when file is NULL */
    int line, col;      /* from 1; col of the faulty token, 0 unknown */
};

struct pb_err {
    int code;    /* PB_E*, 0: nothing failed */
    char *text;  /* one sentence */
    char *hint;  /* the cure, or NULL */
    struct pb_place place; /* where, once pb_err_at() said so; `text` begins with it */
};

/* All return `code`. The first pb_err_set wins. `e` may be NULL. */
int pb_err_set(pb_err *e, int code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
void pb_err_hint(pb_err *e, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void pb_err_prefix(pb_err *e, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void pb_err_at(pb_err *e, const struct pb_place *p); /* prefix "file:line:col: " or "-opt …: " */
/* The cure for what a system call on `path` (may be NULL) failed with. */
void pb_err_hint_errno(pb_err *e, int err, const char *path);
const char *pb_err_cause(const pb_err *e); /* `text` without its place */
void pb_err_clear(pb_err *e);
/* "plugboard-system-riscv64: TEXT" and the hint on its own line, to stderr, unbuffered. */
void pb_err_report(pb_err *e);
void pb_warn(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
extern const char *pb_progname;

/* --errors=json: each error and warning is one line, a JSON object with severity, program,
 * cause, and where they are known file, line, column or option, and cure. */
extern gboolean pb_errors_json;
/* Take -errors=… out of argv; FALSE: it is neither text nor json, and that was said. */
gboolean pb_errors_option(int *argc, char **argv);
/* One such line; `at` and `hint` may be NULL. */
void pb_err_json(FILE *to, const char *severity, const struct pb_place *at, const char *text,
                 const char *hint);

/* The nearest of names[] to `word` by edit distance <= 2 (case-blind), or NULL. */
const char *pb_nearest(const char *word, const char *const *names);

#endif
