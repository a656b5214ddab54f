/* SPDX-License-Identifier: MIT */
/* main.c - plugboard-test: a plugin's classes on the bench, without any code of its author's.
 *
 *     plugboard-test PLUGIN.so [CLASS] [--props TEXT] [--seed N] [--count N]
 *                    [--script FILE] [--bare] [--with PLUGIN.so] [--bus KIND=PLUGIN.so:CLASS]
 *
 * Each step of each class runs in a process of its own, so that a crash or a sentence of the
 * bench (which aborts) is one failed step and the others still run. `plugboard test` gives
 * the --bus words from what is installed.
 */
#include "test.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

FILE *report;
static int ran; /* steps that were not left out */

static int said(const char *fmt, va_list ap, int code)
{
    fprintf(report, ": ");
    vfprintf(report, fmt, ap);
    return code;
}

/* A plugin may write to standard output: it is not to be mistaken for findings. */
static void separate_report(void)
{
    int fd = dup(STDOUT_FILENO);

    report = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!report || !freopen("/dev/null", "w", stdout))
        _exit(1);
}

int failed(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int r = said(fmt, ap, 1);
    va_end(ap);
    return r;
}

int left_out(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int r = said(fmt, ap, 2);
    va_end(ap);
    return r;
}

static int usage(void)
{
    fprintf(stderr,
            "usage: plugboard-test PLUGIN.so [CLASS] [--props TEXT] [--seed N] [--count N]\n"
            "                      [--script FILE] [--bare] [--with PLUGIN.so]\n"
            "                      [--bus KIND=PLUGIN.so:CLASS]\n"
            "  --props   properties, as -device takes them: \"size=64K,chardev=c0\"\n"
            "  --seed    of the random accesses (default 1)\n"
            "  --count   how many (default 200000)\n"
            "  --script  register accesses and what they must give, see bench.md\n"
            "  --bare    no loop-back backends for links that may be left unset\n"
            "  --with    a plugin that has a class the tested one carries\n"
            "  --bus     who offers the bus that a class sits on\n");
    return 2;
}

static int take_bus(struct options *o, const char *text)
{
    const char *eq = strchr(text, '='), *colon = strrchr(text, ':');

    if (!eq || !colon || colon < eq || o->n_bus == sizeof o->bus / sizeof *o->bus)
        return -1;
    o->bus[o->n_bus].kind = strndup(text, (size_t)(eq - text));
    o->bus[o->n_bus].plugin = strndup(eq + 1, (size_t)(colon - eq - 1));
    o->bus[o->n_bus++].cls = strdup(colon + 1);
    return 0;
}

static int parse(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        if (*argv[i] != '-') {
            if (!o->plugin)
                o->plugin = argv[i];
            else if (!o->cls)
                o->cls = argv[i];
            else
                return -1;
            continue;
        }
        if (!strcmp(argv[i], "--bare")) {
            o->bare = 1;
            continue;
        }
        if (!next)
            return -1;
        if (!strcmp(argv[i], "--props"))
            o->props = next;
        else if (!strcmp(argv[i], "--script"))
            o->script = next;
        else if (!strcmp(argv[i], "--with") && o->n_with < sizeof o->with / sizeof *o->with)
            o->with[o->n_with++] = next;
        else if (!strcmp(argv[i], "--seed"))
            o->seed = strtoull(next, NULL, 0);
        else if (!strcmp(argv[i], "--count"))
            o->count = strtoull(next, NULL, 0);
        else if (strcmp(argv[i], "--bus") || take_bus(o, next) < 0)
            return -1;
        i++;
    }
    return o->plugin ? 0 : -1;
}

/* 1: failed. */
static int run_step(const struct options *o, const char *id, const struct step *s,
                    const void *cls)
{
    int status = 0;

    printf("%-20s %-10s", id, s->name);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        separate_report();
        int r = s->run(o, cls);
        fflush(NULL);
        _exit(r);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        printf(" FAILED: no process can be made for it\n");
        return 1;
    }
    ran += !WIFEXITED(status) || WEXITSTATUS(status) != 2;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        printf(" ok\n");
    else if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        printf(" (left out)\n");
    else if (WIFEXITED(status))
        printf(" FAILED\n");
    else
        printf(" FAILED: signal %d (%s), seed %llu\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)), (unsigned long long)o->seed);
    return !WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 2);
}

static int run_class(const struct options *o, const struct pb_class_ref *r)
{
    /* every class table but a CPU's begins with size, flags, id */
    const struct pb_device_class *c = r->cls;
    int device = strcmp(r->kind, PB_CLASS_DEVICE) == 0, bad = 0;

    if (!device && strcmp(r->kind, PB_CLASS_BLOCK) && strcmp(r->kind, PB_CLASS_NET) &&
        strcmp(r->kind, PB_CLASS_CHAR) && strcmp(r->kind, PB_CLASS_FS)) {
        printf("%-20s %-10s: the bench has no place for it (left out)\n", r->kind, "class");
        return 0;
    }
    if (o->cls && strcmp(o->cls, c->id))
        return 0;
    for (const struct step *s = device ? device_steps : backend_steps; s->name; s++)
        bad += run_step(o, c->id, s, device ? r->cls : (const void *)r);
    return bad;
}

int main(int argc, char **argv)
{
    struct options o = {.seed = 1, .count = 200000};
    int bad = 0, found = 0;

    if (parse(&o, argc, argv) < 0)
        return usage();
    char *path = realpath(o.plugin, NULL);
    void *lib = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    const struct pb_plugin *p = lib ? dlsym(lib, "pb_plugin_v0") : NULL;
    if (!p) {
        fprintf(stderr, "plugboard-test: %s: %s\n", o.plugin,
                !path ? "no such file" : lib ? "no symbol pb_plugin_v0: not a plugin" : dlerror());
        return 1;
    }
    if (p->epoch != PB_ABI_EPOCH) {
        fprintf(stderr, "plugboard-test: %s was built for epoch %u of the plugin ABI, this bench "
                        "has epoch %u: rebuild the plugin\n", o.plugin, p->epoch, PB_ABI_EPOCH);
        return 1;
    }
    o.plugin = path;
    for (uint32_t i = 0; i < p->n_classes; i++) {
        const struct pb_device_class *c = p->classes[i].cls;
        found += !o.cls || strcmp(o.cls, c->id) == 0;
        bad += run_class(&o, &p->classes[i]);
    }
    if (!found)
        fprintf(stderr, "plugboard-test: %s has no class '%s'\n", o.plugin, o.cls ? o.cls : "");
    else if (bad)
        printf("%d step%s failed\n", bad, bad == 1 ? "" : "s");
    else if (!ran)
        printf("nothing was tested\n");
    for (uint32_t i = 0; i < o.n_bus; i++) {
        free(o.bus[i].kind);
        free(o.bus[i].plugin);
        free(o.bus[i].cls);
    }
    free(path);
    return bad || !found || !ran;
}
