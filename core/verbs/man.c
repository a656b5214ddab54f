/* SPDX-License-Identifier: MIT */
/* man.c - plugboard man [plugboard|plugboard-user|plugboard-monitor|[KIND] CLASS]: manual pages
 * from the tables: options, verbs, commands of monitors, or what a class says of itself.
 */
#include "verbs.h"
#include "page.h"

#include "../cli/cli.h"
#include "../monitor/monitor.h"
#include "../plugin/sidecar.h"
#include "../user/user.h"

#include <string.h>

static void put_line(FILE *to, const char *text)
{
    pb_page_troff(to, text);
    fputc('\n', to);
}

static void man_plugboard(FILE *to)
{
    fprintf(to, ".\\\" Generated from core/verbs by plugboard man.\n.TH PLUGBOARD 1 \"\" "
                "Plugboard\n.SH NAME\nplugboard \\- look after plugins and machines\n"
                ".SH SYNOPSIS\n.B plugboard\nVERB [WORDS]\n.SH DESCRIPTION\nMachines are run by "
                "plugboard\\-system\\-ARCH; this command lists, inspects, checks and tests what "
                "they are made of.\n.SH VERBS\n");
    for (const struct pb_verb *v = pb_verbs; v->name; v++) {
        g_autofree char *head = g_strdup_printf("%s %s", v->name, v->args);
        fputs(".TP\n.B ", to);
        put_line(to, g_strchomp(head));
        put_line(to, v->help);
    }
    fputs(".SH EXIT STATUS\n0: done; 1: something is wrong or was refused, and why is said.\n"
          ".SH SEE ALSO\n.BR plugboard\\-system (1)\n", to);
}

int pb_verb_man(int argc, char **argv)
{
    pb_err e = {0};
    int shown = 0;

    if (pb_verb_unknown("man", argc, argv))
        return 1;
    if (!argc || g_str_has_prefix(argv[0], "plugboard-system")) {
        pb_cli_man(stdout);
        return 0;
    }
    if (!strcmp(argv[0], "plugboard-user")) {
        pb_user_man(stdout);
        return 0;
    }
    if (!strcmp(argv[0], "plugboard-monitor")) {
        pb_monitor_man(stdout);
        return 0;
    }
    if (!strcmp(argv[0], "plugboard")) {
        man_plugboard(stdout);
        return 0;
    }
    pb_verb_start();
    const char *name = argv[argc - 1];
    for (int k = 0; k < PB_KINDS && !e.code; k++) {
        gboolean wanted = !shown && (argc == 1 || !strcmp(argv[0], pb_kind_names[k]));
        const struct pb_class *c = wanted ? pb_class_find((enum pb_kind)k, name) : NULL;
        if (c && pb_class_load(c, &e) == PB_OK)
            pb_page_class(c, PB_PAGE_MAN, stdout);
        shown |= c != NULL;
    }
    if (!shown) {
        pb_err_set(&e, PB_ENOENT, "man: there is no class '%s'", name);
        pb_err_hint(&e, "'plugboard list devices' shows them; 'man' alone is the page of "
                        "plugboard-system, 'man plugboard' that of this command");
    }
    return e.code ? pb_verb_fail(&e) : 0;
}
