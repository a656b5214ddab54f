/* SPDX-License-Identifier: MIT */
/* common.c - what the verbs share: flags, failures, start-up. */
#include "verbs.h"

#include "../object/host.h"
#include "../plugin/registry.h"

#include <string.h>

void pb_verb_start(void)
{
    pb_host_init();
    pb_registry_scan();
}

gboolean pb_verb_flag(int *argc, char **argv, const char *name)
{
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], name))
            continue;
        memmove(argv + i, argv + i + 1, (size_t)(*argc - i - 1) * sizeof *argv);
        --*argc;
        return TRUE;
    }
    return FALSE;
}

int pb_verb_unknown(const char *verb, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (*argv[i] != '-')
            continue;
        g_autofree char *cure = g_strdup_printf("'plugboard help %s' lists them", verb);
        return pb_verb_refuse(cure, "%s: unknown option '%s'", verb, argv[i]);
    }
    return 0;
}

int pb_verb_refuse(const char *cure, const char *fmt, ...)
{
    va_list ap;
    pb_err e = {0};

    va_start(ap, fmt);
    g_autofree char *text = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    pb_err_set(&e, PB_EINVAL, "%s", text);
    pb_err_hint(&e, "%s", cure);
    return pb_verb_fail(&e);
}

int pb_verb_fail(pb_err *e)
{
    pb_err_report(e);
    pb_err_clear(e);
    return 1;
}
