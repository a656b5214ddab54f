/* SPDX-License-Identifier: MIT */
/* command.c - the table of commands, how a line finds its entry, and completion. */
#include "command.h"

#include "../object/host.h"

#include <string.h>

static int cmd_help(struct pb_mon *x, guint n, char **v, pb_err *e);

int pb_mon_stop(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    if (x->m->state == PB_RUN_RUNNING)
        pb_machine_stop(x->m, PB_RUN_PAUSED);
    return PB_OK;
}

int pb_mon_cont(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v;
    if (x->m->state == PB_RUN_SHUTDOWN)
        return pb_err_set(e, PB_EINVAL, "Resetting the Virtual Machine is required");
    if (x->m->state != PB_RUN_RUNNING)
        pb_machine_start(x->m);
    return PB_OK;
}

static int cmd_quit(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)x, (void)n, (void)v, (void)e;
    pb_mon_quit();
    return PB_OK;
}

static int cmd_reset(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v, (void)e;
    pb_machine_reset(x->m, PB_RESET_COLD);
    return PB_OK;
}

static int cmd_powerdown(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    (void)n, (void)v;
    return pb_machine_powerdown(x->m, e);
}

static int cmd_cpu(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    guint64 i;

    (void)n;
    if (!g_ascii_string_to_unsigned(v[0], 10, 0, G_MAXUINT, &i, NULL) || i >= x->m->cpus->len)
        return pb_err_set(e, PB_EINVAL, "invalid CPU index: there are %u", x->m->cpus->len);
    x->cpu = (guint)i;
    return PB_OK;
}

static int cmd_log(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    gboolean none = !strcmp(v[0], "none");

    (void)x, (void)n;
    g_auto(GStrv) words = g_strsplit(none ? "" : v[0], ",", -1);
    for (char **w = words; *w; w++)
        if (strcmp(*w, "guest_errors") && strcmp(*w, "unimp") && strcmp(*w, "debug"))
            return pb_err_set(e, PB_EINVAL, "log takes guest_errors, unimp, debug or none, not "
                              "'%s'", *w);
    const char *const *list = (const char *const *)words;
    pb_log_enable(PB_LOG_GUEST, g_strv_contains(list, "guest_errors"));
    pb_log_enable(PB_LOG_UNIMP, g_strv_contains(list, "unimp"));
    pb_log_enable(PB_LOG_DEBUG, g_strv_contains(list, "debug"));
    return PB_OK;
}

static int cmd_fwd_add(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    return pb_mon_hostfwd(x, TRUE, n, v, e);
}

static int cmd_fwd_remove(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    return pb_mon_hostfwd(x, FALSE, n, v, e);
}

const struct pb_command pb_commands[] = {
    {"help|?", "[cmd]", "show the help", 0, 2, FALSE, cmd_help},
    {"change", "[-f] device filename [format [read-only-mode]]", "change a removable medium", 2, 5,
     FALSE, pb_mon_change},
    {"cont|c", "", "resume emulation", 0, 0, FALSE, pb_mon_cont},
    {"cpu", "index", "set the default CPU", 1, 1, FALSE, cmd_cpu},
    {"device_add", "driver[,prop=value][,...]", "add device, like -device on the command line", 1,
     1, TRUE, pb_mon_device_add},
    {"device_del", "device", "remove device", 1, 1, FALSE, pb_mon_device_del},
    {"eject", "[-f] device", "eject a removable medium (use -f to force it)", 1, 2, FALSE,
     pb_mon_eject},
    {"hostfwd_add", "[netdev_id] [tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport",
     "redirect TCP or UDP connections from host to guest", 1, 2, FALSE, cmd_fwd_add},
    {"hostfwd_remove", "[netdev_id] [tcp|udp]:[hostaddr]:hostport", "remove host-to-guest "
     "redirection", 1, 2, FALSE, cmd_fwd_remove},
    {"info block", "[device]", "show the block devices", 0, 1, FALSE, pb_info_block},
    {"info chardev", "", "show the character devices", 0, 0, FALSE, pb_info_chardev},
    {"info cpus", "", "show infos for each CPU", 0, 0, FALSE, pb_info_cpus},
    {"info jit", "", "show the translator's counters", 0, 0, FALSE, pb_info_jit},
    {"info mice", "", "show which guest mouse is receiving events", 0, 0, FALSE, pb_info_mice},
    {"info mtree", "", "show memory tree", 0, 0, FALSE, pb_info_mtree},
    {"info network", "", "show the network state", 0, 0, FALSE, pb_info_network},
    {"info qtree", "", "show device tree", 0, 0, FALSE, pb_info_qtree},
    {"info registers", "[-a]", "show the cpu registers (-a: of all CPUs)", 0, 1, FALSE,
     pb_info_registers},
    {"info regs", "[device]", "show the registers of a device", 0, 1, FALSE, pb_info_regs},
    {"info status", "", "show the current VM status", 0, 0, FALSE, pb_info_status},
    {"info usernet", "", "show user network stack connection states", 0, 0, FALSE,
     pb_info_usernet},
    {"info version", "", "show the version of Plugboard", 0, 0, FALSE, pb_info_version},
    {"log", "item1[,...]", "what is logged: guest_errors, unimp, debug or none", 1, 1, FALSE,
     cmd_log},
    {"memsave", "addr size file", "save to disk virtual memory dump starting at 'addr' of size "
     "'size'", 3, 3, FALSE, pb_mon_memsave},
    {"mouse_button", "state", "change mouse button state (1=L, 2=R, 4=M)", 1, 1, FALSE,
     pb_mon_mouse_button},
    {"mouse_move", "dx dy [dz]", "send mouse move events; a tablet goes to dx dy (0 to 32767)", 2,
     3, FALSE, pb_mon_mouse_move},
    {"mouse_set", "index", "set which mouse device receives events", 1, 1, FALSE,
     pb_mon_mouse_set},
    {"plugin_reload", "name", "exchange a plugin (its id, a class or a device of it) for what its "
     "file is now", 1, 1, FALSE, pb_mon_plugin_reload},
    {"pmemsave", "addr size file", "save to disk physical memory dump starting at 'addr' of size "
     "'size'", 3, 3, FALSE, pb_mon_pmemsave},
    {"quit|q", "", "quit the emulator", 0, 0, FALSE, cmd_quit},
    {"screendump", "filename", "save what the display shows into PNG image 'filename'", 1, 1, FALSE,
     pb_mon_screendump},
    {"sendkey", "keys [hold_ms]", "send keys to the guest (e.g. 'sendkey ctrl-alt-f1'), held for "
     "100 ms unless told otherwise", 1, 2, FALSE, pb_mon_sendkey},
    {"stop|s", "", "stop emulation", 0, 0, FALSE, pb_mon_stop},
    {"system_powerdown", "", "send system power down event", 0, 0, FALSE, cmd_powerdown},
    {"system_reset", "", "reset the system", 0, 0, FALSE, cmd_reset},
    {"x", "/fmt addr", "virtual memory dump starting at 'addr'", 1, 2, FALSE, pb_mon_x},
    {"xp", "/fmt addr", "physical memory dump starting at 'addr'", 1, 2, FALSE, pb_mon_xp},
    {NULL, NULL, NULL, 0, 0, FALSE, NULL},
};

static char *first_name(const struct pb_command *c)
{
    return g_strndup(c->name, strcspn(c->name, "|"));
}

static gboolean has_name(const struct pb_command *c, const char *name)
{
    g_auto(GStrv) v = g_strsplit(c->name, "|", -1);

    return g_strv_contains((const char *const *)v, name);
}

static int cmd_help(struct pb_mon *x, guint n, char **v, pb_err *e)
{
    g_autofree char *want = n ? g_strjoinv(" ", v) : NULL;
    gboolean any = FALSE;

    for (const struct pb_command *c = pb_commands; c->name; c++) {
        g_autofree char *name = first_name(c);
        gboolean info = g_str_has_prefix(name, "info ");
        gboolean show = want ? has_name(c, want) || (info && !strcmp(want, "info")) : !info;
        if (!show)
            continue;
        any = TRUE;
        g_string_append_printf(x->out, "%s%s%s -- %s\n", c->name, *c->args ? " " : "", c->args,
                               c->doc);
    }
    if (want && !strcmp(want, "info"))
        pb_info_device_help(x);
    if (!want)
        g_string_append(x->out, "info [subcommand] -- show various information about the system "
                                "state\n");
    if (want && !any)
        return pb_err_set(e, PB_ENOENT, "unknown command: '%s'", want);
    return PB_OK;
}

/* Words at blanks; "quoted ones" whole. NULL and `e`: a quote does not end. */
static char **split(const char *line, pb_err *e)
{
    GPtrArray *v = g_ptr_array_new_with_free_func(g_free);
    gboolean open = FALSE;

    for (const char *p = line; *p;) {
        GString *w;
        while (*p == ' ' || *p == '\t')
            p++;
        if (!*p)
            break;
        w = g_string_new(NULL);
        for (; *p && (open || (*p != ' ' && *p != '\t')); p++) {
            if (*p == '"')
                open = !open;
            else if (*p == '\\' && open && p[1])
                g_string_append_c(w, *++p);
            else
                g_string_append_c(w, *p);
        }
        g_ptr_array_add(v, g_string_free(w, FALSE));
    }
    if (open) {
        pb_err_set(e, PB_EINVAL, "a '\"' is missing at the end");
        g_ptr_array_unref(v);
        return NULL;
    }
    g_ptr_array_add(v, NULL);
    g_ptr_array_set_free_func(v, NULL);
    return (char **)g_ptr_array_free(v, FALSE);
}

static const struct pb_command *find(char **w, guint *used)
{
    g_autofree char *two = w[0] && w[1] ? g_strjoin(" ", w[0], w[1], NULL) : NULL;
    /* "x/4xw ADDR": the format may touch the name */
    g_autofree char *bare = g_strndup(w[0], strcspn(w[0], "/"));

    for (const struct pb_command *c = pb_commands; c->name; c++) {
        if (two && has_name(c, two)) {
            *used = 2;
            return c;
        }
        if (has_name(c, w[0])) {
            *used = 1;
            return c;
        }
        if (*bare && has_name(c, bare) && w[0][strlen(bare)] == '/') {
            memmove(w[0], w[0] + strlen(bare), strlen(w[0] + strlen(bare)) + 1);
            *used = 0;
            return c;
        }
    }
    return NULL;
}

static void unknown(struct pb_mon *x, char **w)
{
    gboolean info = !strcmp(w[0], "info");
    g_autofree char *name = info && w[1] ? g_strjoin(" ", w[0], w[1], NULL) : g_strdup(w[0]);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

    for (const struct pb_command *c = pb_commands; c->name; c++)
        g_ptr_array_add(names, first_name(c));
    g_ptr_array_add(names, NULL);
    const char *near = pb_nearest(name, (const char *const *)names->pdata);
    g_string_append_printf(x->out, "unknown command: '%s'", name);
    if (near && strlen(name) > 2)
        g_string_append_printf(x->out, "; did you mean '%s'?", near);
    g_string_append_c(x->out, '\n');
    g_ptr_array_unref(names);
}

void pb_command_line(struct pb_mon *x, const char *line)
{
    pb_err e = {0};
    g_auto(GStrv) w = split(line, &e);
    guint used = 0;

    if (w && w[0]) {
        const struct pb_command *c = find(w, &used);
        guint n = g_strv_length(w) - used;
        if (!c && !strcmp(w[0], "info") && !w[1]) {
            char *v[] = {w[0], NULL};
            cmd_help(x, 1, v, &e);
        } else if (!c && !strcmp(w[0], "info") && !w[2] && pb_info_device(x, w[1])) {
            ; /* a device's own */
        } else if (!c) {
            unknown(x, w);
        } else if (n < c->min || (n > c->max && !c->rest)) {
            g_autofree char *name = first_name(c);
            g_string_append_printf(x->out, "%s: %s\n%s%s%s -- %s\n", name,
                                   n < c->min ? "a parameter is missing" : "extraneous characters",
                                   c->name, *c->args ? " " : "", c->args, c->doc);
        } else {
            c->run(x, n, w + used, &e);
        }
    }
    if (e.code)
        g_string_append_printf(x->out, "Error: %s\n", e.text ? e.text : "failed");
    if (e.hint)
        g_string_append_printf(x->out, "%s\n", e.hint);
    pb_err_clear(&e);
}

static void complete_names(GPtrArray *out, const char *text)
{
    for (const struct pb_command *c = pb_commands; c->name; c++) {
        g_autofree char *name = first_name(c);
        const char *word = name;
        if (!strncmp(text, "info ", 5) != !strncmp(name, "info ", 5))
            continue;
        if (!strncmp(name, "info ", 5))
            word += 5;
        const char *last = !strncmp(text, "info ", 5) ? text + 5 : text;
        if (g_str_has_prefix(word, last))
            g_ptr_array_add(out, g_strdup(word));
    }
    if (g_str_has_prefix("info", text))
        g_ptr_array_add(out, g_strdup("info"));
}

char **pb_command_complete(struct pb_mon *x, const char *text)
{
    GPtrArray *out = g_ptr_array_new();
    const char *space = strrchr(text, ' '), *last = space ? space + 1 : text;

    if (!space || (g_str_has_prefix(text, "info ") && space == text + 4)) {
        complete_names(out, text);
    } else if (g_str_has_prefix(text, "device_add ")) {
        GPtrArray *all = pb_class_list(PB_KIND_DEVICE);
        for (guint i = 0; i < all->len; i++) {
            const struct pb_class *c = all->pdata[i];
            if (!(c->flags & PB_DEV_NO_USER) && g_str_has_prefix(c->id, last))
                g_ptr_array_add(out, g_strdup(c->id));
        }
    } else {
        for (guint i = 0; i < x->m->devs->len; i++) {
            const pb_dev *d = x->m->devs->pdata[i];
            if (d->id && g_str_has_prefix(d->id, last))
                g_ptr_array_add(out, g_strdup(d->id));
        }
    }
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(out, FALSE);
}
