/* SPDX-License-Identifier: MIT */
/* core-fixture.h - a machine of test devices and test CPUs, for the tests of the core. */
#ifndef CORE_FIXTURE_H
#define CORE_FIXTURE_H

#include "cpu/cpu.h"
#include "line/line.h"
#include "machine/machine.h"
#include "machine/reset.h"
#include "mem/mem.h"
#include "object/host.h"
#include "object/object.h"
#include "thread/thread.h"
#include "time/clock.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

/* Instance of the classes fx-serial (machine's domain), fx-own (its own), fx-parallel and fx-loader:
 * one I/O region of 64 bytes, inputs in[8], outputs out[8], a bus "fx-bus[2]". */
struct fx_dev {
    pb_dev *d;
    pb_region *io;
    uint32_t reg[16];       /* saved */
    uint64_t big;           /* saved */
    uint8_t bytes[5];       /* saved */
    _Atomic uint32_t inside; /* callbacks running */
    _Atomic uint32_t overlaps;
    _Atomic uint32_t n_lines;
    int32_t level[8];       /* told last */
    char lines[4096];       /* "n=level " of each line_in */
    pb_timer *timer[4];
    void *user;
};

/* Instance of fx-cpu: run() calls fx_cpu_run when set, else halts. Inputs irq[8]. */
struct fx_cpu {
    struct pb_cpu *c;
    uint32_t index;
    _Atomic uint32_t kicked, pending, runs, entered;
    uint64_t reset_pc, reset_arg0;
    uint64_t saved;
    _Atomic uint32_t map_changes;
    _Atomic uint64_t map_gpa, map_len, code_gpa, code_len;
    _Atomic uint32_t code_writes;
};

/* What devices and CPUs do; NULL: nothing. */
extern uint64_t (*fx_read)(struct fx_dev *f, uint64_t off, uint32_t bytes);
extern void (*fx_write)(struct fx_dev *f, uint64_t off, uint64_t val, uint32_t bytes);
extern void (*fx_line)(struct fx_dev *f, uint32_t n, int32_t level);
extern void (*fx_reset)(struct fx_dev *f, uint32_t kind, uint32_t phase);
extern void (*fx_load)(struct fx_dev *f); /* of an fx-loader */
extern void (*fx_timer)(struct fx_dev *f, uint32_t i);
extern uint32_t (*fx_cpu_run)(struct fx_cpu *c);

struct pb_machine *fx_machine(void);
pb_dev *fx_add(struct pb_machine *m, const char *cls, const char *id); /* not realized */
struct fx_dev *fx_make(struct pb_machine *m, const char *cls, const char *id); /* realized */
struct fx_cpu *fx_make_cpu(struct pb_machine *m);
const struct pb_line *fx_out(struct fx_dev *f, uint32_t i);
/* Run the main loop until *flag or for `ms`. */
gboolean fx_wait(_Atomic uint32_t *flag, uint32_t value, int ms);
void fx_loop(int ms);
uint64_t fx_rand(uint64_t *state);
int fx_run(const char *suite, const char *claim, void (*test)(void));

#endif
