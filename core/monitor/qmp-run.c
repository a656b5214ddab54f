/* SPDX-License-Identifier: MIT */
/* qmp-run.c - the machine as a whole: stop and go, what it is, and lines for the human monitor. */
#include "qmp.h"

#include <string.h>

/* The QEMU whose commands, answers and words these are: clients decide by it. */
#define MAJOR 7
#define MINOR 2
#define MICRO 0

int pb_qmp_stop(struct pb_qmp *q)
{
    return pb_mon_stop(q->mon, 0, NULL, q->e);
}

int pb_qmp_cont(struct pb_qmp *q)
{
    return pb_mon_cont(q->mon, 0, NULL, q->e);
}

int pb_qmp_quit(struct pb_qmp *q)
{
    (void)q;
    pb_mon_quit();
    return PB_OK;
}

int pb_qmp_system_reset(struct pb_qmp *q)
{
    pb_machine_reset(q->m, PB_RESET_COLD);
    return PB_OK;
}

int pb_qmp_system_powerdown(struct pb_qmp *q)
{
    return pb_machine_powerdown(q->m, q->e);
}

int pb_qmp_human(struct pb_qmp *q)
{
    gint64 cpu = pb_qmp_int(q, "cpu-index", q->mon->cpu);
    g_autoptr(GString) out = g_string_new(NULL);
    struct pb_mon mon = {.m = q->m, .cpu = (guint)cpu, .out = out};

    if (cpu < 0 || cpu >= q->m->cpus->len)
        return pb_err_set(q->e, PB_EINVAL, "Parameter 'cpu-index' expects a CPU number");
    pb_command_line(&mon, pb_qmp_text(q, "command-line"));
    g_string_replace(out, "\n", "\r\n", 0);
    pb_write_text(q->w, PB_QMP_RETURN, out->str);
    return PB_OK;
}

void pb_qmp_version(struct pb_writer *w, const char *key)
{
    pb_write_open(w, key, '{');
    pb_write_open(w, "qemu", '{');
    pb_write_int(w, "micro", MICRO);
    pb_write_int(w, "minor", MINOR);
    pb_write_int(w, "major", MAJOR);
    pb_write_close(w, '}');
    pb_write_text(w, "package", "Plugboard " PB_VERSION);
    pb_write_close(w, '}');
}

int pb_qmp_query_version(struct pb_qmp *q)
{
    pb_qmp_version(q->w, PB_QMP_RETURN);
    return PB_OK;
}

int pb_qmp_query_status(struct pb_qmp *q)
{
    pb_write_open(q->w, PB_QMP_RETURN, '{');
    pb_write_text(q->w, "status", pb_runstate_name(q->m->state));
    pb_write_bool(q->w, "singlestep", FALSE);
    pb_write_bool(q->w, "running", q->m->state == PB_RUN_RUNNING);
    pb_write_close(q->w, '}');
    return PB_OK;
}
