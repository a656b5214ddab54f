/* SPDX-License-Identifier: MIT */
/* umbrella.c - plugboard VERB: what is installed, and is it in order? */
#include "main.h"

#include "../cli/cli.h"
#include "../manifest/manifest.h"
#include "../object/host.h"
#include "../plugin/catalog.h"
#include "../plugin/check.h"
#include "../plugin/shadow.h"
#include "../plugin/sidecar.h"

#include <string.h>

static void start(void)
{
    pb_host_init();
    pb_registry_scan();
}

static void list_plugins(void)
{
    GPtrArray *v = pb_plugin_list();

    for (guint i = 0; i < v->len; i++) {
        const struct pb_plugin_file *p = v->pdata[i];
        pb_err e = {0};
        int ok = pb_check_file(p, &e);
        printf("%-34s %-8s %-12s %s%s%s\n", p->id, p->version, p->license, p->library,
               ok < 0 ? "\n    unavailable: " : "", ok < 0 ? e.text : "");
        pb_err_clear(&e);
    }
    const GPtrArray *hidden = pb_registry_shadows();
    for (guint i = 0; i < hidden->len; i++)
        printf("%s\n", (char *)hidden->pdata[i]);
}

static void list_absent(enum pb_kind kind)
{
    g_autofree const char **names = pb_catalog_names(kind);
    gboolean headed = FALSE;

    for (const char **n = names; *n; n++) {
        if (pb_class_find(kind, *n))
            continue;
        printf("%s%-22s package %s\n", headed ? "" : "not installed:\n", *n,
               pb_class_package(kind, *n));
        headed = TRUE;
    }
}

static void list_classes(enum pb_kind kind)
{
    GPtrArray *v = pb_class_list(kind);

    for (guint i = 0; i < v->len; i++) {
        const struct pb_class *c = v->pdata[i];
        pb_err e = {0};
        if (pb_check_file(c->plugin, &e) < 0) {
            printf("%-22s unavailable: %s\n", c->id, e.text);
            pb_err_clear(&e);
            continue;
        }
        printf("%-22s %-40s %-14s %s%s%s\n", c->id, c->title ? c->title : "",
               c->bus ? c->bus : "", c->plugin->id, *c->plugin->version ? " " : "",
               c->plugin->version);
    }
    list_absent(kind);
}

static int list(const char *what)
{
    static const char *const names[] = {"plugins", "devices", "cpus", "block",
                                        "net",     "char",    "fs",   "personalities", NULL};
    start();
    if (!what || !strcmp(what, "plugins")) {
        list_plugins();
        return 0;
    }
    for (int k = 0; k < PB_KINDS; k++)
        if (!strcmp(what, names[k + 1])) {
            list_classes((enum pb_kind)k);
            return 0;
        }
    const char *near = pb_nearest(what, names);
    fprintf(stderr, "%s list: '%s' is none of plugins, devices, cpus, block, net, char, fs, "
                    "personalities%s%s%s\n",
            pb_progname, what, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 1;
}

/* Open every plugin and compare each class with its sidecar. */
static int check(void)
{
    int bad = 0, good = 0;

    start();
    for (int k = 0; k < PB_KINDS; k++) {
        GPtrArray *v = pb_class_list((enum pb_kind)k);
        for (guint i = 0; i < v->len; i++) {
            const struct pb_class *c = v->pdata[i];
            pb_err e = {0};
            if (pb_class_load(c, &e) < 0) {
                printf("%s '%s': %s\n", pb_kind_names[k], c->id, e.text);
                bad++;
            } else {
                good++;
            }
            pb_err_clear(&e);
        }
    }
    GPtrArray *plugins = pb_plugin_list();
    for (guint i = 0; i < plugins->len; i++) {
        const struct pb_plugin_file *p = plugins->pdata[i];
        if (p->unusable) {
            printf("plugin %s (%s): %s\n", p->id, p->sidecar, p->unusable);
            bad++;
        }
    }
    const GPtrArray *hidden = pb_registry_shadows();
    for (guint i = 0; i < hidden->len; i++)
        printf("%s\n", (char *)hidden->pdata[i]);
    printf("%d classes in order, %d not\n", good, bad);
    return bad != 0;
}

int pb_umbrella_main(int argc, char **argv)
{
    static const char *const verbs[] = {"list", "check", "man", "version", "help", NULL};
    const char *verb = argc > 1 ? argv[1] : "help";

    while (*verb == '-')
        verb++;
    if (!strcmp(verb, "list"))
        return list(argc > 2 ? argv[2] : NULL);
    if (!strcmp(verb, "check"))
        return check();
    if (!strcmp(verb, "man")) {
        pb_cli_man(stdout);
        return 0;
    }
    if (!strcmp(verb, "version")) {
        pb_cli_version(stdout);
        return 0;
    }
    if (!strcmp(verb, "help") || !strcmp(verb, "h")) {
        printf("usage: plugboard list [plugins|devices|cpus|block|net|char|fs|\n"
               "                       personalities]\n"
               "       plugboard check      open every plugin and compare it with its sidecar\n"
               "       plugboard man        the manual page of plugboard-system\n"
               "       plugboard version\n"
               "Machines are run by plugboard-system-ARCH.\n");
        return 0;
    }
    const char *near = pb_nearest(verb, verbs);
    fprintf(stderr, "%s: '%s' is no verb%s%s%s; 'plugboard help' lists them\n", pb_progname, verb,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return 1;
}
