/* SPDX-License-Identifier: MIT */
/* doctor.c - plugboard doctor: is this installation whole, and if not, what to do. One line a
 * finding: "ok", "note" (something optional is absent) or "BAD" with the cure below.
 */
#include "verbs.h"
#include "machines.h"

#include "../plugin/check.h"
#include "../plugin/find.h"
#include "../plugin/index.h"
#include "../plugin/shadow.h"

#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int bad;

static void found(const char *how, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void found(const char *how, const char *fmt, ...)
{
    va_list ap;

    printf("%-4s ", how);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    bad += !strcmp(how, "BAD");
}

/* One that is not used costs each run a moment, and nothing else. */
static void look_at_index(const char *dir)
{
    g_autoptr(GPtrArray) names = pb_find_sidecars(dir);

    if (names->len && pb_index_old(dir, names))
        found("note", "%s/plugins.index is not of the plugins that are there, and not used\n"
                      "     plugboard-sidecar --index %s", dir, dir);
}

static void look_at_plugins(void)
{
    g_auto(GStrv) dirs = pb_find_plugin_dirs();
    GPtrArray *v = pb_plugin_list();
    guint usable = 0;

    for (char **d = dirs; *d; d++) {
        found("ok", "plugins are searched in %s", *d);
        look_at_index(*d);
    }
    for (guint i = 0; i < v->len; i++) {
        const struct pb_plugin_file *p = v->pdata[i];
        pb_err e = {0};
        if (pb_check_file(p, &e) < 0)
            found("BAD", "%s", e.text);
        else if (access(p->library, R_OK))
            found("BAD", "plugin %s: %s cannot be read\n     reinstall it", p->id, p->library);
        else
            usable++;
        pb_err_clear(&e);
    }
    if (usable)
        found("ok", "%u plugins can be used ('plugboard check' opens every one)", usable);
    else
        found("BAD", "there is no plugin that can be used\n     install them, or set "
                     "PLUGBOARD_PLUGIN_PATH");
    const GPtrArray *hidden = pb_registry_shadows();
    for (guint i = 0; i < hidden->len; i++)
        found("note", "%s", (char *)hidden->pdata[i]);
}

/* An architecture whose CPU is installed must have whole machines; another is a note. */
static void look_at_machines(void)
{
    g_auto(GStrv) archs = pb_machine_archs();

    if (!*archs)
        found("BAD", "there are no machine manifests\n     install package plugboard, or set "
                     "PLUGBOARD_MACHINE_PATH");
    for (char **a = archs; *a; a++) {
        g_autoptr(GPtrArray) v = pb_manifest_list(*a);
        if (!pb_class_find(PB_KIND_CPU, *a)) {
            const char *package = pb_class_package(PB_KIND_CPU, *a);
            found("note", "no CPU plugin for the machines of %s%s%s", *a,
                  package ? ": package " : "", package ? package : "");
            continue;
        }
        for (guint i = 0; i < v->len; i++) {
            const struct pb_machine_entry *m = v->pdata[i];
            g_autofree char *name = g_strdup_printf("%s/%s", *a, m->id);
            pb_err e = {0};
            if (m->alias_of)
                continue;
            struct pb_view *w = pb_view_open(name, &e);
            if (w)
                found("ok", "machine %s: %u devices", name, w->plan->devs->len);
            else
                found("BAD", "machine %s cannot be built: %s", name,
                      e.text ? e.text : "its faults stand above");
            pb_view_close(w);
            pb_err_clear(&e);
        }
    }
}

static void look_at_extras(void)
{
    static const struct { const char *file, *what, *package; } extras[] = {
        {"plugins.catalog", "packages of missing classes can be named", NULL},
        {"templates/mmio/about", "templates of 'plugboard new' are here", "plugboard-sdk"}};

    for (guint i = 0; i < G_N_ELEMENTS(extras); i++) {
        g_autofree char *path = g_build_filename(pb_find_data_dir(), extras[i].file, NULL);
        if (!access(path, R_OK))
            found("ok", "%s (%s)", extras[i].what, path);
        else
            found("note", "not %s%s%s", extras[i].what, extras[i].package ? ": package " : "",
                  extras[i].package ? extras[i].package : "");
    }
}

static void look_at_host(void)
{
    struct rlimit files;
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    found("ok", "%ld processors, %ld MiB of memory", sysconf(_SC_NPROCESSORS_ONLN),
          pages / 1024 * size / 1024);
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur < 256)
        found("BAD", "only %llu files may be open at once\n     ulimit -n 1024",
              (unsigned long long)files.rlim_cur);
    if (pb_find_privileged())
        found("note", "this process has more rights than its user: PLUGBOARD_PLUGIN_PATH and "
                      "the home directory are not searched");
}

int pb_verb_doctor(int argc, char **argv)
{
    if (pb_verb_unknown("doctor", argc, argv))
        return 1;
    if (argc) {
        return pb_verb_refuse("give it none", "doctor: takes no words, not '%s'", argv[0]);
    }
    pb_verb_start();
    look_at_plugins();
    look_at_machines();
    look_at_extras();
    look_at_host();
    printf("%s\n", bad ? "Something is broken: see BAD above." : "Everything is in order.");
    return bad != 0;
}
