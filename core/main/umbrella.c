/* SPDX-License-Identifier: MIT */
/* umbrella.c - plugboard VERB: the table of verbs, and help on them. */
#include "main.h"

#include "../cli/cli.h"
#include "../verbs/verbs.h"

#include <string.h>

static int version(int argc, char **argv)
{
    (void)argc, (void)argv;
    pb_cli_version(stdout);
    return 0;
}

static int help(int argc, char **argv)
{
    for (const struct pb_verb *v = pb_verbs; v->name; v++) {
        if (argc && strcmp(argv[0], v->name))
            continue;
        g_autofree char *head = g_strdup_printf("%s %s", v->name, v->args);
        g_auto(GStrv) lines = g_strsplit(v->help, "\n", -1);
        printf("  plugboard %s\n", g_strchomp(head));
        for (char **l = lines; *l; l++)
            printf("      %s\n", *l);
    }
    if (!argc)
        printf("Machines are run by plugboard-system-ARCH, programs by plugboard-ARCH.\n");
    return 0;
}

const struct pb_verb pb_verbs[] = {
    {"list", "[plugins|machines|cpus|devices|buses|backends|block|net|char|fs|personalities]"
     " [--json]",
     "what is installed, and what is not but could be", pb_verb_list},
    {"inspect", "[plugin|machine] NAME [--json|--markdown|--dot|--svg]",
     "everything a plugin, a class (also by the path of its file) or a machine says of\n"
     "itself: properties, registers, state; addresses and interrupts. --markdown for\n"
     "plugins, --dot and --svg (a picture) for machines", pb_verb_inspect},
    {"check", "[FILE…]",
     "every installed plugin against its sidecar; or plugins (.so) and manifests\n"
     "(.machine) in depth", pb_verb_check},
    {"test", "PLUGIN.so [--seed N] [--count N] …",
     "run a plugin's classes on the device bench: reset, register sweep, fuzz, reload",
     pb_verb_test},
    {"new", "[KIND NAME]", "a plugin project in the folder NAME; without words, the kinds",
     pb_verb_new},
    {"doctor", "", "is this installation whole?", pb_verb_doctor},
    {"man", "[plugboard|[KIND] CLASS]",
     "manual page of plugboard-system, of this command, of a class", pb_verb_man},
    {"version", "", "version, ABI and plugin directories", version},
    {"help", "[VERB]", "this", help},
    {NULL, NULL, NULL, NULL},
};

int pb_umbrella_main(int argc, char **argv)
{
    const char *names[G_N_ELEMENTS(pb_verbs)] = {NULL};
    const char *verb = argc > 1 ? argv[1] : "help";

    while (*verb == '-')
        verb++;
    if (!strcmp(verb, "h"))
        verb = "help";
    for (guint i = 0; pb_verbs[i].name; i++) {
        names[i] = pb_verbs[i].name;
        if (!strcmp(verb, names[i]))
            return pb_verbs[i].run(MAX(argc - 2, 0), argv + 2);
    }
    const char *near = pb_nearest(verb, names);
    g_autofree char *mean = near ? g_strdup_printf("did you mean '%s'? ", near) : g_strdup("");
    g_autofree char *cure = g_strconcat(mean, "'plugboard help' lists them", NULL);
    return pb_verb_refuse(cure, "'%s' is no verb", verb);
}
