/* SPDX-License-Identifier: MIT */
/* machines.h - installed machines of every architecture, for the verbs. */
#ifndef PB_CORE_VERB_MACHINES_H
#define PB_CORE_VERB_MACHINES_H

#include "../manifest/plan.h"

/* Architectures that have a folder in a machine directory, sorted; g_strfreev. */
char **pb_machine_archs(void);

/* A machine's checked manifest with defaults for every option. */
struct pb_view {
    char *arch;
    struct pb_mconf conf;
    struct pb_manifest *manifest;
    struct pb_plan *plan;
};
/* `name`: "virt", "riscv64/virt", or the path of a manifest. NULL and `e`; faults of the
 * manifest are printed. `e` without text: printed already. */
struct pb_view *pb_view_open(const char *name, pb_err *e);
void pb_view_close(struct pb_view *v);

void pb_view_text(const struct pb_view *v, FILE *to); /* machine-text.c */
void pb_view_json(const struct pb_view *v, FILE *to);
void pb_view_dot(const struct pb_view *v, FILE *to);
void pb_view_svg(const struct pb_view *v, FILE *to); /* machine-svg.c */

/* ---- Between them ---------------------------------------------------------------------- */

/* Rows by address: memories and regions; devices without one at the end. */
struct pb_row {
    uint64_t addr, len; /* len 0: unknown until the device is built */
    gboolean placed;
    const struct pb_plan_dev *dev; /* or */
    const struct pb_plan_mem *mem; /* NULL both: main memory */
    guint region;
    struct pb_place place;
};
GArray *pb_view_rows(const struct pb_view *v); /* struct pb_row; g_array_unref */
/* "0x10000000-0x100000ff", "bus pcie.0", "" ; g_free */
char *pb_row_where(const struct pb_row *r);
const char *pb_row_name(const struct pb_row *r);
/* "irq", or "soft[3]" when the output has several elements; g_free */
char *pb_line_name(const struct pb_plan_dev *d, const struct pb_plan_line *l);
/* "plic:10", "cpu0:soft"; g_free */
char *pb_line_sink(const struct pb_view *v, const struct pb_plan_line *l);
/* "virt.machine:36", the last part of the file's path; g_free */
char *pb_place_text(const struct pb_place *p);

#endif
