/* SPDX-License-Identifier: MIT */
/* sidecar.c - write the text sidecar of a plugin: plugboard-sidecar X.so X.plugin
 * or the index of a directory of them:             plugboard-sidecar --index DIR
 *
 * The sidecar says what a host must know to list, describe or refuse the plugin without
 * opening it (grammar: machines/doc/manifest.md, the same ini dialect as manifests). This
 * program exports nothing, so opening a plugin here also proves that it needs nothing from
 * its host.
 */
#define PB_USE_DRAFT 1
#include <plugboard/backend.h>
#include <plugboard/device.h>
#include <plugboard/draft/personality.h>
#include <plugboard/part.h>
#include <plugboard/plugin.h>

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *out;

static void key(const char *prefix, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    fprintf(out, "%s%s = ", prefix, name);
    for (const char *p = value; *p; p++)
        fputc(*p == '\n' || *p == '\r' ? ' ' : *p, out);
    fputc('\n', out);
}

static void number(const char *name, uint64_t v)
{
    if (v)
        fprintf(out, "%s = %llu\n", name, (unsigned long long)v);
}

static void list(const char *prefix, const char *name, const char *const *v)
{
    if (!v || !*v)
        return;
    fprintf(out, "%s%s =", prefix, name);
    for (; *v; v++)
        fprintf(out, " %s", *v);
    fputc('\n', out);
}

static const char *type_name(uint32_t type)
{
    static const char *const names[] = {"",     "bool", "int", "uint", "size",
                                        "str",  "enum", "mac", "freq", "link"};
    return type < sizeof names / sizeof *names ? names[type] : "";
}

static void props(const struct pb_prop *p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, p++) {
        char prefix[128];
        snprintf(prefix, sizeof prefix, "prop.%s", p->name);
        key(prefix, "", type_name(p->type));
        key(prefix, ".doc", p->doc);
        key(prefix, ".default", p->def);
        list(prefix, ".choices", p->choices);
        key(prefix, ".unit", p->unit);
        key(prefix, ".qemu-type", p->qemu_type);
        if (p->min < p->max)
            fprintf(out, "%s.min = %lld\n%s.max = %lld\n", prefix, (long long)p->min, prefix,
                    (long long)p->max);
        if (p->flags)
            fprintf(out, "%s.flags = %u\n", prefix, p->flags);
    }
}

static void device(const struct pb_device_class *c)
{
    fprintf(out, "[device %s]\n", c->id);
    key("", "title", c->title);
    list("", "aliases", c->aliases);
    key("", "category", c->category);
    key("", "bus", c->bus);
    key("", "spec", c->spec);
    number("flags", c->flags);
    number("state-version", c->state_version);
    number("regions", c->n_regions);
    list("", "lines-out", c->lines_out);
    list("", "lines-in", c->lines_in);
    list("", "buses-out", c->buses_out);
    if (c->n_provides) {
        fputs("provides =", out);
        for (uint32_t i = 0; i < c->n_provides; i++)
            fprintf(out, " %s", c->provides[i].id);
        fputc('\n', out);
    }
    if (PB_HAS(struct pb_device_class, c, requires_))
        list("", "requires", c->requires_);
    if (PB_HAS(struct pb_device_class, c, carries))
        key("", "carries", c->carries);
    props(c->props, c->n_props);
}

static void cpu(const struct pb_cpu_class *c)
{
    fprintf(out, "[cpu %s]\n", c->id);
    key("", "doc", c->doc);
    list("", "lines-in", c->lines_in);
    if (PB_HAS(struct pb_cpu_class, c, lines_out))
        list("", "lines-out", c->lines_out);
    for (uint32_t i = 0; i < c->n_models; i++)
        key("model.", c->models[i].name, c->models[i].doc);
    props(c->props, c->n_props);
}

static void backend(const char *kind, const struct pb_backend_class *c)
{
    fprintf(out, "[%s %s]\n", kind, c->id);
    key("", "doc", c->doc);
    list("", "aliases", c->aliases);
    number("flags", c->flags);
    props(c->props, c->n_props);
}

static void personality(const struct pb_personality_class *c)
{
    fprintf(out, "[personality %s]\n", c->id);
    key("", "doc", c->doc);
    props(c->props, c->n_props);
}

static void part(const struct pb_part_class *c)
{
    fprintf(out, "[part %s]\n", c->id);
    key("", "doc", c->doc);
}

static void write_class(const struct pb_class_ref *r)
{
    if (!strcmp(r->kind, PB_CLASS_DEVICE))
        device(r->cls);
    else if (!strcmp(r->kind, PB_CLASS_CPU))
        cpu(r->cls);
    else if (!strcmp(r->kind, PB_CLASS_BLOCK))
        backend("block", r->cls);
    else if (!strcmp(r->kind, PB_CLASS_NET))
        backend("net", r->cls);
    else if (!strcmp(r->kind, PB_CLASS_CHAR))
        backend("char", r->cls);
    else if (!strcmp(r->kind, PB_CLASS_FS))
        backend("fs", r->cls);
    else if (!strcmp(r->kind, PB_CLASS_PERSONALITY))
        personality(r->cls);
    else if (!strcmp(r->kind, PB_CLASS_PART))
        part(r->cls);
    else
        fprintf(out, "# class of unknown kind %s\n", r->kind);
}

/* ---- The file ------------------------------------------------------------------------ */

static char temp[4096];

static int begin(const char *path)
{
    snprintf(temp, sizeof temp, "%s.tmp%d", path, (int)getpid());
    out = fopen(temp, "w");
    if (!out)
        perror(temp);
    return out ? 0 : 1;
}

static int end(const char *path)
{
    if (!fclose(out) && !rename(temp, path))
        return 0;
    perror(path);
    unlink(temp);
    return 1;
}

/* ---- The index (grammar: machines/doc/sidecar.md) --------------------------------------- */

static int is_sidecar(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return n > 7 && !strcmp(d->d_name + n - 7, ".plugin") && !strchr(d->d_name, ' ');
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* One line: file, plugin id, then kind:name of each class and alias. */
static void index_line(FILE *f, const char *name)
{
    char *line = NULL, kind[16] = "", group[16], word[256];
    size_t cap = 0;

    fputs(name, out);
    while (getline(&line, &cap, f) > 0) {
        if (sscanf(line, "id = %255s", word) == 1 && !*kind) {
            fprintf(out, " %s", word);
        } else if (sscanf(line, "[%15s %255[^]]]", group, word) == 2) {
            strcpy(kind, group);
            fprintf(out, " %s:%s", kind, word);
        } else if (*kind && !strncmp(line, "aliases =", 9)) {
            for (char *p = strtok(line + 9, " \n"); p; p = strtok(NULL, " \n"))
                fprintf(out, " %s:%s", kind, p);
        }
    }
    fputc('\n', out);
    free(line);
}

static int write_index(const char *dir)
{
    char path[4096];
    struct dirent **names = NULL;
    int n = scandir(dir, &names, is_sidecar, by_bytes), rc;

    snprintf(path, sizeof path, "%s/plugins.index", dir);
    rc = n < 0 ? (perror(dir), 1) : begin(path);
    for (int i = 0; i < n; i++) {
        char file[8192];
        snprintf(file, sizeof file, "%s/%s", dir, names[i]->d_name);
        FILE *f = rc ? NULL : fopen(file, "r");
        if (f) {
            index_line(f, names[i]->d_name);
            fclose(f);
        }
        free(names[i]);
    }
    free(names);
    return rc ? rc : end(path);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: plugboard-sidecar PLUGIN.so PLUGIN.plugin\n"
                        "       plugboard-sidecar --index DIR\n");
        return 1;
    }
    if (!strcmp(argv[1], "--index"))
        return write_index(argv[2]);
    char *path = realpath(argv[1], NULL);
    void *lib = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!lib) {
        fprintf(stderr, "plugboard-sidecar: %s: %s\n", argv[1],
                path ? dlerror() : "no such file");
        free(path);
        return 1;
    }
    free(path);
    const struct pb_plugin *p = dlsym(lib, "pb_plugin_v0");
    if (!p) {
        fprintf(stderr, "plugboard-sidecar: %s: no symbol pb_plugin_v0: not a plugin\n", argv[1]);
        return 1;
    }
    if (begin(argv[2]))
        return 1;
    const char *base = strrchr(argv[1], '/');
    fprintf(out, "[plugin]\nformat = 1\n");
    key("", "id", p->id);
    key("", "library", base ? base + 1 : argv[1]);
    fprintf(out, "epoch = %u\nabi = %u\n", p->epoch, p->abi_minor);
    key("", "version", p->version);
    key("", "license", p->license);
    key("", "vendor", p->vendor);
    key("", "url", p->url);
    key("", "doc", p->doc);
    list("", "needs", p->needs);
    for (uint32_t i = 0; i < p->n_classes; i++)
        write_class(&p->classes[i]);
    return end(argv[2]);
}
