/* SPDX-License-Identifier: MIT */
/* test.h - between the files of plugboard-test. */
#ifndef PBT_TEST_H
#define PBT_TEST_H

#include <plugboard/bench.h>

struct options {
    const char *plugin; /* path, with a '/' */
    const char *cls;    /* only this class, or NULL */
    const char *props;  /* --props, or NULL */
    const char *script; /* --script, or NULL */
    uint64_t seed, count;
    int bare; /* --bare: no backends but required ones */
    struct { /* --bus KIND=PLUGIN:CLASS: who offers a bus */
        char *kind, *plugin, *cls;
    } bus[16];
    uint32_t n_bus;
    const char *with[16]; /* --with PLUGIN.so: has a class that is needed */
    uint32_t n_with;
};

/* A step that runs in a process of its own: 0 done, 1 failed (said), 2 left out (said why). */
struct step {
    const char *name;
    int (*run)(const struct options *o, const void *cls);
};
extern const struct step device_steps[];  /* ends with name NULL */
extern const struct step backend_steps[]; /* cls: struct pb_class_ref * */

extern FILE *report; /* where findings go; standard output is the plugin's */
/* One finding, after the names of class and step; gives 1. */
int failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "key=value" for each property that `given` leaves out and that links to a backend (bare:
 * must link), with loop-back ones made on `b`; NULL when one cannot be made up (left_out() said
 * why). */
char *make_props(pbt *b, const struct pb_prop *p, uint32_t n, const char *given,
                 int bare);
int left_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The class refuses its properties: a failure when they were given, else it wants some. */
int refused(const struct options *o, const char *why);

#endif
