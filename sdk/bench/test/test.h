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
    struct { /* --bus KIND=PLUGIN:CLASS: who offers a bus */
        char *kind, *plugin, *cls;
    } bus[16];
    uint32_t n_bus;
};

/* A step that runs in a process of its own: 0 done, 1 failed (said), 2 left out (said why). */
struct step {
    const char *name;
    int (*run)(const struct options *o, const void *cls);
};
extern const struct step device_steps[];  /* ends with name NULL */
extern const struct step backend_steps[]; /* cls: struct pb_class_ref * */

/* printf() of one finding, "  class: step: …"; gives 1. */
int failed(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "key=value" for each required or linked property that `given` leaves out, with loop-back
 * backends made on `b`; NULL when one cannot be made up (left_out() said why). */
char *make_props(pbt *b, const struct pb_prop *p, uint32_t n, const char *given);
int left_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
