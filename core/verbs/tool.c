/* SPDX-License-Identifier: MIT */
/* tool.c - plugboard test: hands over to plugboard-test, the bench as a program, which lies
 * beside this one when the SDK is installed. What the bench cannot know is who offers the bus
 * that a class sits on and who has what it carries: the sidecars say it, as --bus
 * KIND=PLUGIN.so:CLASS and --with PLUGIN.so.
 */
#include "verbs.h"

#include "../plugin/registry.h"
#include "../plugin/sidecar.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static const struct pb_class *who_offers(const char *kind)
{
    GPtrArray *v = pb_class_list(PB_KIND_DEVICE);

    for (guint i = 0; i < v->len; i++) {
        const struct pb_class *c = v->pdata[i];
        if (!c->bus && !c->carries && g_strv_contains((const char *const *)c->buses_out, kind))
            return c; /* one that stands alone */
    }
    return NULL;
}

/* The tool takes few of each: of several names for a device one is enough. */
static void add_once(GPtrArray *words, const char *option, char *value)
{
    if (g_ptr_array_find_with_equal_func(words, value, g_str_equal, NULL)) {
        g_free(value);
        return;
    }
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, value);
}

static void add_others(GPtrArray *words, const char *plugin)
{
    g_autofree char *stem = g_strndup(plugin, strlen(plugin) - strlen(".so"));
    g_autofree char *side = g_strconcat(stem, ".plugin", NULL);
    GPtrArray *classes = g_ptr_array_new_with_free_func((GDestroyNotify)pb_class_free);
    struct pb_faults f;

    if (!g_file_test(side, G_FILE_TEST_EXISTS)) {
        g_ptr_array_unref(classes);
        return;
    }
    pb_faults_init(&f);
    struct pb_plugin_file *p = pb_sidecar_read(side, classes, &f);
    for (guint i = 0; i < classes->len; i++) {
        const struct pb_class *c = classes->pdata[i];
        const struct pb_class *from = c->bus ? who_offers(c->bus) : NULL;
        const struct pb_class *in = pb_class_carried(c);
        if (in)
            add_once(words, "--with", g_strdup(in->plugin->library));
        if (from)
            add_once(words, "--bus", g_strdup_printf("%s=%s:%s", c->bus, from->plugin->library,
                                                     from->id));
    }
    g_ptr_array_unref(classes);
    pb_plugin_file_free(p);
    pb_faults_clear(&f);
}

int pb_verb_test(int argc, char **argv)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);

    exe[n > 0 ? n : 0] = 0;
    g_autofree char *dir = g_path_get_dirname(exe);
    char *tool = g_build_filename(dir, "plugboard-test", NULL);
    g_ptr_array_add(words, tool);
    pb_verb_start();
    for (int i = 0; i < argc; i++)
        g_ptr_array_add(words, g_strdup(argv[i]));
    if (argc && g_str_has_suffix(argv[0], ".so"))
        add_others(words, argv[0]);
    g_ptr_array_add(words, NULL);
    fflush(NULL);
    execv(tool, (char **)words->pdata);
    return pb_verb_refuse("package plugboard-sdk has it", "test: %s: %s", tool,
                          g_strerror(errno));
}
