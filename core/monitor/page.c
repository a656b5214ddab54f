/* SPDX-License-Identifier: MIT */
/* page.c - the monitors' manual page, from their tables. */
#include "monitor.h"
#include "qmp.h"

#include "../verbs/page.h"

static void entry(FILE *to, const char *name, const char *args, const char *doc)
{
    g_autofree char *head = g_strdup_printf("%s %s", name, args);

    fputs(".TP\n.B ", to);
    pb_page_troff(to, g_strchomp(head));
    fputc('\n', to);
    pb_page_troff(to, doc);
    fputc('\n', to);
}

static void form(FILE *to, const char *name, const char *args, const char *returns,
                 const char *doc)
{
    g_autofree char *all = returns ? g_strdup_printf("%s -> %s", args, returns) : g_strdup(args);

    entry(to, name, all, doc);
}

void pb_monitor_man(FILE *to)
{
    fputs(".\\\" Generated from core/monitor by plugboard man.\n.TH PLUGBOARD-MONITOR 7 \"\" "
          "Plugboard\n.SH NAME\nplugboard\\-monitor \\- commands to a machine that runs\n"
          ".SH DESCRIPTION\nA machine has a monitor for people where\n.B \\-monitor\nsays, and one "
          "for programs, which speaks QMP (QEMU's protocol: a JSON object a command, an answer "
          "and an event), where\n.B \\-qmp\nsays; each may be given several times, and both at any "
          "character backend. A client of a socket may leave and another come: each is greeted and "
          "begins with qmp_capabilities.\n.PP\nA client that sends commands and does not read is "
          "answered when it reads; one that does not even read events is dropped when a MiB of "
          "them waits. A command is at most 1 MiB long, nested 32 deep, with 16384 values.\n"
          ".PP\nNot there: out\\-of\\-band execution, migration, block jobs, throttling, "
          "statistics, and all other commands of QEMU's that are not listed here; query\\-commands lists those "
          "that are.\n.SH MONITOR COMMANDS\n", to);
    for (const struct pb_command *c = pb_commands; c->name; c++)
        entry(to, c->name, c->args, c->doc);
    fputs(".SH QMP COMMANDS\nArguments are NAME:TYPE, with ? where they may be left out; after an "
          "arrow the type of what is returned, else an empty object. [TYPE] is a list, ... further "
          "members such as a device's properties.\n", to);
    for (const struct pb_qmp_command *c = pb_qmp_commands; c->name; c++)
        form(to, c->name, c->args, c->returns, c->doc);
    fputs(".SH QMP EVENTS\n", to);
    for (const struct pb_qmp_happening *h = pb_qmp_events; h->name; h++)
        form(to, h->name, h->members, NULL, h->doc);
    fputs(".SH QMP TYPES\n", to);
    for (const struct pb_qmp_type *t = pb_qmp_types; t->name; t++)
        form(to, t->name, t->choice ? "is one of" : "has", NULL, t->members);
    fputs(".SH SEE ALSO\n.BR plugboard\\-system (1)\n", to);
}
