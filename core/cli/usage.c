/* SPDX-License-Identifier: MIT */
/* usage.c - what the option table says, for the terminal (-h) and as a manual page. */
#include "cli.h"

#include "../plugin/find.h"

#include <plugboard/abi.h>

#include <string.h>

static void put_indented(FILE *to, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **l = lines; *l; l++)
        fprintf(to, "                %s\n", *l);
}

void pb_cli_help(const struct pb_cli *c, FILE *to)
{
    pb_cli_version(to);
    fprintf(to, "usage: %s [options] [disk_image]\n\n"
                "'disk_image' is a raw hard disk image, for the machine's first disk\n",
            pb_progname);
    for (const struct pb_opt *o = pb_options; o->name; o++) {
        if (o->section)
            fprintf(to, "\n%s:\n", o->section);
        g_autofree char *arg = g_strdup(o->arg ? o->arg : "");
        fprintf(to, "-%s%s%s\n", o->name, *arg ? " " : "", g_strdelimit(arg, "\n", ' '));
        if (o->same) {
            g_autofree char *same = g_strdup_printf("same as -%s", o->same);
            put_indented(to, same);
        } else {
            put_indented(to, o->help);
        }
    }
    fprintf(to, "\nDuring emulation with -nographic: C-a h lists the keys, C-a x leaves.\n");
    (void)c;
}

/* "-drive file=x: …", "-append only …": the option that `text` begins with. */
static char *option_of(const char *text)
{
    const char *colon = strstr(text, ": "), *blank = strchr(text, ' ');
    const char *end = colon ? colon : blank;

    return *text == '-' && end ? g_strndup(text, (gsize)(end - text)) : NULL;
}

void pb_cli_cure(pb_err *e)
{
    if (!e->code || !e->text)
        return;
    g_autofree char *at = option_of(e->text);
    if (!e->place.file && !e->place.option && at)
        e->place.option = g_intern_string(at);
    const char *opt = e->place.file || !e->place.option ? "" : e->place.option;
    opt += strspn(opt, "-");
    size_t n = strcspn(opt, " :");
    for (const struct pb_opt *o = pb_options; o->name && n; o++) {
        if (strlen(o->name) != n || strncmp(o->name, opt, n))
            continue;
        g_autofree char *arg = g_strdelimit(g_strdup(o->arg ? o->arg : ""), "\n", ' ');
        pb_err_hint(e, "-%s takes %s", o->name, *arg ? arg : "no value; -h tells what it does");
        return;
    }
}

void pb_cli_version(FILE *to)
{
    g_auto(GStrv) dirs = pb_find_plugin_dirs();

    fprintf(to, "Plugboard emulator version %s\n", PB_VERSION);
    fprintf(to, "Plugin ABI: epoch %u, minor %u\n", PB_ABI_EPOCH, PB_ABI_MINOR);
    for (char **d = dirs; *d; d++)
        fprintf(to, "Plugins: %s\n", *d);
}

/* A troff line: '-' and '\' escaped, no control character first. */
static void put_troff(FILE *to, const char *text)
{
    for (gboolean first = TRUE; *text; first = *text++ == '\n') {
        if (first && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\\')
            fputs("\\e", to);
        else
            fputc(*text, to);
    }
}

void pb_cli_man(FILE *to)
{
    fprintf(to, ".\\\" Generated from core/cli/table.c by plugboard man.\n"
                ".TH PLUGBOARD-SYSTEM 1\n.SH NAME\nplugboard\\-system \\- machine emulator made "
                "of plugins\n.SH SYNOPSIS\n.B plugboard\\-system\\-ARCH\n[options] [disk_image]\n"
                ".SH DESCRIPTION\nLoads a CPU, devices and backends as plugins, joins them as a "
                "machine manifest says, and runs the machine. Every option works with one dash "
                "and with two.\n.SH OPTIONS\n");
    for (const struct pb_opt *o = pb_options; o->name; o++) {
        if (o->section) {
            fputs(".SS ", to);
            put_troff(to, o->section);
            fputc('\n', to);
        }
        fputs(".TP\n.B ", to);
        g_autofree char *head = g_strdup_printf("-%s %s", o->name, o->arg ? o->arg : "");
        put_troff(to, g_strchomp(g_strdelimit(head, "\n", ' ')));
        fputc('\n', to);
        g_autofree char *same = o->same ? g_strdup_printf("Same as -%s.", o->same) : NULL;
        put_troff(to, same ? same : o->help);
        fputc('\n', to);
    }
    fprintf(to, ".SH EXIT STATUS\n0 when the guest powered off or the user left, 1 for an error "
                "of the command line or the host, else what the guest's test finisher said.\n"
                ".SH ENVIRONMENT\n.TP\n.B PLUGBOARD_PLUGIN_PATH\nDirectories of plugins, "
                "searched first.\n.TP\n.B PLUGBOARD_MACHINE_PATH\nDirectories of machine "
                "manifests, most important.\n");
}
