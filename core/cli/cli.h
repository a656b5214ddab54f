/* SPDX-License-Identifier: MIT */
/* cli.h - the command line: one table for parsing, help and the manual. */
#ifndef PB_CORE_CLI_H
#define PB_CORE_CLI_H

#include "args.h"

#include <stdio.h>

struct pb_opt {
    const char *name;   /* "machine"; "-machine" and "--machine" both work */
    const char *arg;    /* what follows, "[type=]NAME[,PROPERTY=VALUE…]"; NULL: nothing */
    const char *section; /* set: begins a section of the help */
    const char *help;   /* one line or more; NULL: an alias, see `same` */
    const char *same;   /* the option that this one is another name of */
};
struct pb_given { /* one option as it was given; the positional image is "hda" */
    const struct pb_opt *opt;
    char *arg;
    gboolean used;
};
struct pb_cli {
    char *arch;        /* of plugboard-system-ARCH */
    GPtrArray *given;  /* struct pb_given *, in order */
};

extern const struct pb_opt pb_options[]; /* ends with name NULL */

/* NULL and `e` on an unknown option or missing argument. */
struct pb_cli *pb_cli_parse(const char *arch, int argc, char **argv, pb_err *e);
void pb_cli_free(struct pb_cli *c);
/* TRUE and `e`: `name`, given as `word`, is an option of QEMU's that this version has not got. */
gboolean pb_cli_absent(const char *word, const char *name, pb_err *e);
/* The i-th use of option `name`, NULL past the end. Marks it used. */
struct pb_given *pb_cli_nth(struct pb_cli *c, const char *name, guint i);
const char *pb_cli_text(struct pb_cli *c, const char *name); /* of the last one, or NULL */
gboolean pb_cli_flag(struct pb_cli *c, const char *name);
/* The first option that nobody used, or NULL. */
const struct pb_given *pb_cli_unused(const struct pb_cli *c);

/* An error about an option gets it as its place, and for a cure what the option takes, unless
 * whoever made the error knew better. */
void pb_cli_cure(pb_err *e);

void pb_cli_help(const struct pb_cli *c, FILE *to);  /* -h */
void pb_cli_version(FILE *to);                       /* -version */
void pb_cli_man(FILE *to);                           /* the manual page, troff */

#endif
