/* SPDX-License-Identifier: MIT */
/* plan-when.c - what depends on options of the machine: `when =` and "[GROUP if CONDITION]".
 *
 * A condition is words that must all hold: OPTION (a switch that is on), OPTION=A|B (it has
 * one of these values); '!' before a word turns it around. A group with a condition that
 * holds is merged onto the group of that name, where it stands in the manifest.
 */
#include "plan.h"

#include <string.h>

static const char *option_value(struct pb_plan *p, const char *name, const struct pb_place *at,
                                const char *who, struct pb_faults *f)
{
    const char *v = g_hash_table_lookup(p->options, name);

    if (v) {
        g_hash_table_add(p->used, g_strdup(name));
        return v;
    }
    g_autofree const char **names =
        (const char **)(void *)g_hash_table_get_keys_as_array(p->options, NULL);
    g_autofree char *hint = pb_did_you_mean(name, names);
    pb_fault_add(f, at, "%s: there is no [option %s]%s", who, name, hint);
    return NULL;
}

static gboolean word_holds(struct pb_plan *p, const char *word, const struct pb_place *at,
                           const char *who, struct pb_faults *f)
{
    gboolean turned = *word == '!', on = TRUE;
    const char *eq = strchr(word, '=');
    g_autofree char *name = eq ? g_strndup(word + turned, (gsize)(eq - word) - turned)
                               : g_strdup(word + turned);
    const char *v = option_value(p, name, at, who, f);

    if (!v)
        return TRUE;
    if (eq) {
        g_auto(GStrv) some = g_strsplit(eq + 1, "|", -1);
        on = g_strv_contains((const char *const *)some, v);
    } else if (!pb_value_bool(v, &on)) {
        pb_fault_add(f, at, "%s: option '%s' is not on or off; write %s=VALUE", who, name, name);
    }
    return on != turned;
}

static gboolean holds(struct pb_plan *p, const char *text, const struct pb_place *at,
                      const char *who, struct pb_faults *f)
{
    g_auto(GStrv) words = pb_value_words(text);
    gboolean all = TRUE;

    for (char **w = words; *w; w++) /* each is looked at, for its faults */
        all &= word_holds(p, *w, at, who, f);
    return all;
}

gboolean pb_plan_when(struct pb_plan *p, const struct pb_ini_group *g, struct pb_faults *f)
{
    const struct pb_ini_key *when = pb_ini_get(g, "when");

    if (!when)
        return TRUE;
    struct pb_place at = pb_plan_at(when);
    g_autofree char *who = g_strdup_printf("%s '%s': when", g->kind, g->name);
    return holds(p, when->value, &at, who, f);
}

static void group_unref(gpointer g)
{
    pb_ini_group_free(g);
}

/* The groups as they are under the options given. */
struct pb_ini *pb_plan_conditions(struct pb_plan *p, const struct pb_ini *from,
                                  struct pb_faults *f)
{
    static const char *const can[] = {"machine", "cpu", "memory", "device", "boot", "defaults",
                                      "drive", "fdt", "compat", NULL};
    struct pb_ini *to = g_new0(struct pb_ini, 1);

    to->file = from->file;
    to->groups = g_ptr_array_new_with_free_func(group_unref);
    for (guint i = 0; i < from->groups->len; i++) {
        const struct pb_ini_group *g = from->groups->pdata[i];
        g_autofree char *who = g_strdup_printf("[%s%s%s if]", g->kind, *g->name ? " " : "",
                                               g->name);
        if (g->cond && !g_strv_contains(can, g->kind)) {
            pb_fault_add(f, &g->place, "%s: a group of this kind depends on nothing", who);
            continue;
        }
        if (g->cond && !holds(p, g->cond, &g->place, who, f))
            continue;
        struct pb_ini_group *on = pb_ini_group(to, g->kind, g->name);
        if (!on) {
            g_ptr_array_add(to->groups, pb_ini_group_copy(g));
            continue;
        }
        for (guint k = 0; k < g->keys->len; k++)
            pb_ini_set(on, g->keys->pdata[k]);
    }
    return to;
}
