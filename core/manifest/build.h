/* SPDX-License-Identifier: MIT */
/* build.h - from a plan to a machine. */
#ifndef PB_CORE_BUILD_H
#define PB_CORE_BUILD_H

#include "plan.h"

/* Properties for every device of a class, -global and [compat]: key "CLASS.PROPERTY". */
struct pb_globals { GArray *v; /* struct pb_plan_set */ };

/* Set what `globals` says of the class of `d`. -global on a CPU class works too. */
int pb_globals_apply(const struct pb_globals *g, pb_dev *d, pb_err *e);

/* Memory, CPUs and devices of the plan into `m`; realized and placed. `model` and `cpu_sets`
 * (GArray of struct pb_plan_set, may be NULL) are -cpu. Links to slots ("serial0") are set
 * when a backend of that id exists. [main] */
int pb_build(struct pb_machine *m, const struct pb_plan *p, const char *model,
             const GArray *cpu_sets, const struct pb_globals *globals, pb_err *e);

#endif
