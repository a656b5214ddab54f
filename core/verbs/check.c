/* SPDX-License-Identifier: MIT */
/* check.c - plugboard check [FILE…]: installed plugins against their sidecars, or one file in
 * depth: a plugin (.so, .plugin) or a manifest (.machine).
 *
 * A library's constructors run as it is opened, and they may do anything: each is opened in a
 * child process, and how far the child came is told by a word in shared memory.
 */
#include "verbs.h"

#include "../manifest/plan.h"
#include "../object/dev.h"
#include "../plugin/check.h"
#include "../plugin/load.h"
#include "../plugin/shadow.h"
#include "../plugin/sidecar.h"
#include "../plugin/verify.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum stage { OPENING, READING, STARTING, ENDED };

static void say_all(const char *path, const GPtrArray *bad)
{
    for (guint i = 0; i < bad->len; i++) {
        const char *text = bad->pdata[i];
        gboolean named = g_str_has_prefix(text, path);
        printf("%s%s%s\n", named ? "" : path, named ? "" : ": ", text);
    }
}

/* The classes of a sidecar against the tables in the library. */
static void compare_sidecar(const char *path, const struct pb_plugin *entry, GPtrArray *bad)
{
    g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".so"));
    g_autofree char *side = g_strconcat(stem, ".plugin", NULL);
    GPtrArray *classes = g_ptr_array_new_with_free_func((GDestroyNotify)pb_class_free);
    struct pb_faults f;

    pb_faults_init(&f);
    struct pb_plugin_file *p = NULL;
    if (!g_file_test(side, G_FILE_TEST_EXISTS))
        g_ptr_array_add(bad, g_strdup_printf("there is no %s beside it: plugboard-sidecar writes "
                                             "it", side));
    else
        p = pb_sidecar_read(side, classes, &f);
    pb_faults_print(&f, stdout);
    for (guint i = 0; i < f.v->len; i++)
        g_ptr_array_add(bad, g_strdup("its sidecar is faulty"));
    if (p) { /* in the user's words */
        g_free(p->library);
        p->library = g_strdup(path);
    }
    pb_err e = {0};
    if (p && pb_check_entry(entry, p, &e) < 0)
        g_ptr_array_add(bad, g_strdup(e.text));
    for (guint i = 0; p && !e.code && i < classes->len; i++) {
        pb_err ce = {0};
        if (!pb_check_table(entry, classes->pdata[i], &ce))
            g_ptr_array_add(bad, g_strdup(ce.text));
        pb_err_clear(&ce);
    }
    pb_err_clear(&e);
    g_ptr_array_unref(classes);
    pb_plugin_file_free(p);
    pb_faults_clear(&f);
}

static int start_plugin(const char *path, const struct pb_plugin *entry, pb_err *e)
{
    if (!PB_HAS(struct pb_plugin, entry, init))
        return PB_OK;
    int r = entry->init(&pb_the_host, e);
    if (r < 0)
        pb_err_set(e, r, "its init() gives %d and no reason", r);
    pb_err_prefix(e, "%s: ", path);
    return r;
}

/* In the child. The number of faults. */
static int check_library(const char *path, volatile enum stage *stage)
{
    g_autoptr(GPtrArray) bad = g_ptr_array_new_with_free_func(g_free);
    pb_err e = {0};
    struct pb_plugin_file p = {.library = (char *)path};

    /* a name without '/' would be searched for in the system's directories */
    g_autofree char *full = strchr(path, '/') ? g_strdup(path) : g_strconcat("./", path, NULL);
    void *h = pb_load_open(full, &e);
    *stage = READING;
    const struct pb_plugin *entry = h ? pb_load_symbol(h, "pb_plugin_v0") : NULL;
    if (h && !entry)
        pb_err_set(&e, PB_EINVAL, "%s: no symbol pb_plugin_v0: not a plugin", path);
    if (entry) {
        p.id = (char *)(entry->size >= offsetof(struct pb_plugin, version) ? entry->id : NULL);
        if (!p.id || !*p.id)
            pb_err_set(&e, PB_EINVAL, "%s: its entry has no id", path);
        else
            pb_check_entry(entry, &p, &e);
    }
    if (e.code) {
        printf("%s\n", e.text + (g_str_has_prefix(e.text, "./") && *path != '.' ? 2 : 0));
        pb_err_clear(&e);
        return 1;
    }
    pb_verify_exports(path, bad);
    pb_verify_classes(entry, bad);
    if (!bad->len && g_str_has_suffix(path, ".so"))
        compare_sidecar(path, entry, bad);
    say_all(path, bad);
    *stage = STARTING;
    if (!bad->len && start_plugin(path, entry, &e) < 0) {
        printf("%s\n", e.text);
        pb_err_clear(&e);
        return 1;
    }
    if (!bad->len)
        printf("%s: plugin %s %s (%s), ABI %u.%u: %u class%s in order\n", path, entry->id,
               entry->version ? entry->version : "", entry->license ? entry->license : "",
               entry->epoch, entry->abi_minor, entry->n_classes, entry->n_classes == 1 ? "" : "es");
    return (int)bad->len;
}

static int check_plugin(const char *path)
{
    static const char *const while_[] = {
        [OPENING] = "while it was opened, by code that runs before the host can ask (a constructor)",
        [READING] = "while its tables were read", [STARTING] = "in its init()", [ENDED] = ""};
    volatile enum stage *stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE,
                                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = 0;

    if (stage == MAP_FAILED)
        return 1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int n = check_library(path, stage);
        *stage = ENDED;
        fflush(NULL);
        _exit(n != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        return pb_verb_refuse("end other processes, or raise ulimit -u",
                              "check: %s: no child process can be made", path);
    }
    if (WIFSIGNALED(status))
        printf("%s: dies of signal %d (%s) %s\n", path, WTERMSIG(status),
               strsignal(WTERMSIG(status)), while_[*stage]);
    else if (*stage != ENDED)
        printf("%s: ends the process (status %d) %s\n", path, WEXITSTATUS(status),
               while_[*stage]);
    int ended = *stage == ENDED;
    munmap((void *)stage, sizeof *stage);
    return !WIFEXITED(status) || WEXITSTATUS(status) || !ended;
}

/* The architecture that a manifest itself names, "" when it names none; g_free. */
static char *arch_of(const char *path)
{
    struct pb_faults f;

    pb_faults_init(&f);
    struct pb_ini *ini = pb_ini_read(path, &f);
    const struct pb_ini_group *g = ini ? pb_ini_group(ini, "machine", "") : NULL;
    const char *arch = g ? pb_ini_value(g, "arch") : NULL;
    char *copy = g_strdup(arch ? arch : "");
    pb_ini_free(ini);
    pb_faults_clear(&f);
    return copy;
}

static int check_manifest(const char *path)
{
    struct pb_mconf conf = {.options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                             g_free)};
    struct pb_faults f;
    struct pb_plan *p = NULL;

    pb_faults_init(&f);
    g_autofree char *arch = arch_of(path); /* where inherited files and drop-ins lie */
    conf.arch = arch;
    struct pb_manifest *m = pb_manifest_load(arch, path, &f);
    if (m)
        p = pb_plan_make(m, &conf, &f);
    pb_faults_print(&f, stdout);
    int bad = f.v->len != 0 || !p;
    if (!bad)
        printf("%s: machine '%s' (%s): %u devices in order\n", path, p->name, p->arch,
               p->devs->len);
    else if (!f.v->len)
        printf("%s: no such file\n", path);
    if (p)
        pb_plan_free(p);
    pb_manifest_free(m);
    pb_faults_clear(&f);
    g_hash_table_unref(conf.options);
    return bad;
}

static int check_file(const char *path)
{
    if (g_str_has_suffix(path, ".machine"))
        return check_manifest(path);
    if (g_str_has_suffix(path, ".plugin")) {
        g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".plugin"));
        g_autofree char *so = g_strconcat(stem, ".so", NULL);
        return check_plugin(so);
    }
    if (g_str_has_suffix(path, ".conf")) {
        printf("%s: a drop-in is checked with the machine it adds to: plugboard-system-ARCH -M "
               "NAME,check\n", path);
        return 1;
    }
    return check_plugin(path);
}

/* Every installed class against its sidecar. */
static int check_installed(void)
{
    int bad = 0, good = 0;

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

int pb_verb_check(int argc, char **argv)
{
    int bad = 0;

    if (pb_verb_unknown("check", argc, argv))
        return 1;
    pb_verb_start();
    if (!argc)
        return check_installed();
    for (int i = 0; i < argc; i++)
        bad |= check_file(argv[i]);
    return bad;
}
