/* SPDX-License-Identifier: MIT */
/* host.c - the bench itself: root table, classes, messages, and who may call what.
 *
 * A thread tag is a pair here: what kind of code runs (main, dev, io) and which domain it
 * holds. Entering a domain twice or holding two is the mistake that would deadlock a real
 * host, so it ends the test.
 */
#include "internal.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

_Noreturn void pbt__die(pbt *b, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "bench: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "%s%s%s\n", b && b->cur ? " (in code of '" : "",
            b && b->cur ? b->cur->name : "", b && b->cur ? "')" : "");
    fflush(NULL);
    abort();
}

void *pbt__alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        pbt__die(NULL, "out of memory");
    return p;
}

void *pbt__grow(void *v, uint32_t n, size_t each)
{
    if (n && (n & (n - 1)))
        return v; /* grown at powers of two */
    v = realloc(v, (n ? (size_t)n * 2 : 1) * each);
    if (!v)
        pbt__die(NULL, "out of memory");
    return v;
}

char *pbt__dup(const char *s)
{
    char *p = strdup(s);

    if (!p)
        pbt__die(NULL, "out of memory");
    return p;
}

/* ---- Root table -------------------------------------------------------------------- */

static const void *host_get(const pb_host *h, const char *id)
{
    static const struct pb_svc_minor minor_1 = {sizeof minor_1, PB_ABI_MINOR};
    static const struct {
        const char *id;
        const void *table;
    } services[] = {
        {PB_SVC_MEM, &pbt__svc_mem},     {PB_SVC_LINE, &pbt__svc_line},
        {PB_SVC_TIME, &pbt__svc_time},   {PB_SVC_THREAD, &pbt__svc_thread},
        {PB_SVC_PROP, &pbt__svc_prop},   {PB_SVC_STATE, &pbt__svc_state},
        {PB_SVC_BUS, &pbt__svc_bus},     {PB_SVC_BOARD, &pbt__svc_board},
        {PB_SVC_CHAR, &pbt__svc_char},   {PB_SVC_BLOCK, &pbt__svc_block},
        {PB_SVC_NET, &pbt__svc_net},     {PB_SVC_FS, &pbt__svc_fs},
        {PB_SVC_PART, &pbt__svc_part},
        {PB_SVC_MINOR_1, &minor_1},
    };

    if (((const struct pbt *)h)->host.abi_minor < 1 &&
        (strcmp(id, PB_SVC_MINOR_1) == 0 || strcmp(id, PB_SVC_PART) == 0))
        return NULL;
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(services[i].id, id) == 0)
            return pbt__table(id, services[i].table);
    }
    return NULL;
}

static int host_fail(pb_err *e, int code, const char *text)
{
    if (e && e->code == 0) {
        e->code = code;
        snprintf(e->text, sizeof e->text, "%s", text);
    }
    return code;
}

int pbt__fail(pbt *b, int code, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return host_fail(&b->err, code, text);
}

static void host_log(const pb_host *h, pb_dev *dev, uint32_t level, const char *text)
{
    pbt *b = (pbt *)h;

    if (level >= 8)
        pbt__die(b, "log() with level %u, there is none", level);
    b->logged[level]++;
    if (b->log_on[level])
        snprintf(b->last_log, sizeof b->last_log, "%s", text);
    if (b->verbose)
        fprintf(stderr, "bench: %s: %s\n", dev ? dev->name : "-", text);
}

static uint32_t host_trace_id(const pb_host *h, const char *name, const char *fmt)
{
    (void)name;
    (void)fmt;
    pbt__need_main((pbt *)h, "trace_id");
    return 0;
}

static void host_trace(const pb_host *h, pb_dev *dev, uint32_t id, const uint64_t *args,
                       uint32_t n)
{
    (void)h, (void)dev, (void)id, (void)args, (void)n;
}

/* ---- Life -------------------------------------------------------------------------- */

pbt *pbt_new(void)
{
    pbt *b = pbt__alloc(sizeof *b);

    b->host = (struct pb_host){.size = sizeof b->host, .abi_minor = pbt__minor(),
        .name = "plugboard-bench", .version = "1", .get = host_get, .fail = host_fail,
        .log = host_log, .log_on = b->log_on, .trace_id = host_trace_id,
        .trace = host_trace, .trace_on = b->trace_on};
    b->err.b = b;
    b->tail = &b->devs;
    b->soon_tail = &b->soon;
    b->jobs_tail = &b->jobs;
    b->gen = 1;
    b->rng = 1;
    b->host_off = 1600000000ll * 1000000000ll;
    b->verbose = getenv("PBT_VERBOSE") != NULL;
    pbt_quiet(b, 0);
    return b;
}

void pbt_quiet(pbt *b, uint32_t on)
{
    for (int i = 0; i < 8; i++)
        b->log_on[i] = !on;
}

void pbt_free(pbt *b)
{
    if (b->held || b->tag != TAG_MAIN)
        pbt__die(b, "pbt_free() while a domain is held");
    for (;;) { /* newest first: users before what they use */
        pb_dev *last = b->devs;
        if (!last)
            break;
        while (last->next)
            last = last->next;
        pbt_remove(last);
    }
    for (uint32_t i = 0; i < b->n_ram; i++) {
        free(b->ram[i].host);
        free(b->ram[i].dirty);
    }
    for (uint32_t i = 0; i < b->n_loads; i++) {
        free(b->loads[i].what);
        free(b->loads[i].data);
    }
    free(b->loads);
    pbt__kv_free(b->opt, b->n_opt);
    pbt__kv_free(b->fw, b->n_fw);
    pbt__kv_free(b->used, b->n_used);
    free(b->classes);
    while (b->old) {
        struct pbt_old *o = b->old;
        b->old = o->next;
        free(o);
    }
    /* Libraries stay open: leak reports need their symbols. */
    free(b);
}

const pb_host *pbt_host(pbt *b)
{
    return &b->host;
}

/* A class built from older headers is shorter than ours, and for us as an older host one built
 * from newer headers is too long: what is not there for one of both reads as 0. The copy stays
 * with the bench. */
static const void *whole(pbt *b, const char *kind, const void *cls)
{
    size_t full = strcmp(kind, PB_CLASS_DEVICE) == 0 ? sizeof(struct pb_device_class)
                  : strcmp(kind, PB_CLASS_CPU) == 0  ? 0
                  : strcmp(kind, PB_CLASS_PART) == 0 ? sizeof(struct pb_part_class)
                                                     : sizeof(struct pb_backend_class);
    size_t size = *(const uint32_t *)cls, ours = pbt__size_of(kind, full);

    if (size >= full && ours == full)
        return cls;
    size = size < ours ? size : ours;
    struct pbt_old *o = pbt__alloc(sizeof *o + full);
    o->next = b->old;
    b->old = o;
    memcpy(o->table, cls, size);
    return o->table;
}

void pbt_class(pbt *b, const char *kind, const void *cls)
{
    cls = whole(b, kind, cls);
    b->classes = pbt__grow(b->classes, b->n_classes, sizeof *b->classes);
    b->classes[b->n_classes++] = (struct pbt_class){kind, cls};
}

/* NAME.so in the directories of PLUGBOARD_PLUGIN_PATH, or the path that it is. */
static void find_plugin(pbt *b, const char *name, char path[PATH_MAX])
{
    const char *dir = getenv("PLUGBOARD_PLUGIN_PATH");

    if (strchr(name, '/')) {
        snprintf(path, PATH_MAX, "%s", name);
        return;
    }
    if (!dir)
        pbt__die(b, "plugin '%s': set PLUGBOARD_PLUGIN_PATH or give a path", name);
    for (; *dir; dir += strspn(dir, ":")) {
        size_t n = strcspn(dir, ":");
        snprintf(path, PATH_MAX, "%.*s/%s.so", (int)n, dir, name);
        if (n && access(path, R_OK) == 0)
            return;
        dir += n;
    }
    pbt__die(b, "plugin '%s' is not in PLUGBOARD_PLUGIN_PATH", name);
}

static void take_plugin(pbt *b, const struct pb_plugin *p, const char *path)
{
    if (p->epoch != PB_ABI_EPOCH)
        pbt__die(b, "%s is of ABI epoch %u, this is %u", path, p->epoch, PB_ABI_EPOCH);
    for (const char *const *n = p->needs; n && *n; n++) {
        if (!host_get(&b->host, *n))
            pbt__die(b, "%s needs %s, which this bench (ABI %u.%u) does not offer", path, *n,
                     PB_ABI_EPOCH, b->host.abi_minor);
    }
    if (PB_HAS(struct pb_plugin, p, init) && p->init(&b->host, &b->err) < 0)
        pbt__die(b, "%s: init refuses: %s", path, b->err.text);
    for (uint32_t i = 0; i < p->n_classes; i++)
        pbt_class(b, p->classes[i].kind, p->classes[i].cls);
}

void pbt_plugin(pbt *b, const struct pb_plugin *p)
{
    take_plugin(b, p, p->id);
}

const struct pb_plugin *pbt_load(pbt *b, const char *name)
{
    char path[PATH_MAX];

    find_plugin(b, name, path);
    void *dl = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!dl)
        pbt__die(b, "%s", dlerror());
    const struct pb_plugin *p = dlsym(dl, "pb_plugin_v0");
    if (!p)
        pbt__die(b, "%s exports no pb_plugin_v0", path);
    take_plugin(b, p, path);
    return p;
}

const struct pb_device_class *pbt__find_class(pbt *b, const char *kind, const char *id)
{
    for (uint32_t i = 0; i < b->n_classes; i++) {
        /* every class table begins with size, flags, id */
        const struct pb_device_class *c = b->classes[i].cls;
        if (strcmp(b->classes[i].kind, kind) == 0 && strcmp(c->id, id) == 0)
            return c;
    }
    return NULL;
}

const char *pbt_error(pbt *b)
{
    return b->err.text;
}

uint64_t pbt_guest_errors(pbt *b)
{
    return b->logged[PB_LOG_GUEST];
}

uint64_t pbt_logged(pbt *b, uint32_t level)
{
    return level < 8 ? b->logged[level] : 0;
}

const char *pbt_last_log(pbt *b)
{
    return b->last_log;
}

/* ---- Tags -------------------------------------------------------------------------- */

static int is_parallel(const pb_dev *d)
{
    return d->cls && (d->cls->flags & PB_DEV_PARALLEL);
}

void pbt__enter(pbt *b, struct pbt_ctx *c, int tag, pb_dev *d)
{
    *c = (struct pbt_ctx){b->tag, b->held, b->cur, 0};
    if (++b->depth > 200)
        pbt__die(b, "calls are 200 deep: devices call each other in a circle");
    b->tag = tag;
    b->cur = d;
    if (tag == TAG_DEV && !is_parallel(d) && !(b->by_dma && b->held == d->domain)) {
        if (b->held)
            pbt__die(b, "'%s' entered while a domain is held already", d->name);
        b->held = d->domain;
        d->domain->held = 1;
        c->took = 1;
    }
}

void pbt__leave(pbt *b, struct pbt_ctx *c, pb_dev *d)
{
    if (c->took) {
        if (b->held != d->domain)
            pbt__die(b, "'%s' came back without its domain", d->name);
        d->domain->held = 0;
    } else if (b->held != c->held) {
        pbt__die(b, "'%s' came back holding a domain that it did not leave", d->name);
    }
    b->tag = c->tag;
    b->held = c->held;
    b->cur = c->cur;
    b->depth--;
    if (!b->held && b->inbox)
        pbt__drain_inbox(b);
    if (b->depth == 0 && b->soon)
        pbt__drain_soon(b);
}

void pbt__need_main(pbt *b, const char *what)
{
    if (b->tag != TAG_MAIN)
        pbt__die(b, "%s is [main], called from [%s] code", what,
                 b->tag == TAG_DEV ? "dev" : "io");
}

/* [main] code of a device that is not running (realize, load) may do what [dev] may. */
void pbt__need_dev(pb_dev *d, const char *what)
{
    if (d->b->tag == TAG_MAIN && (!d->live || d->b->loading))
        return;
    for (pb_dev *p = d->parent; p; p = p->parent) { /* a bus moves its children's regions */
        if (p == d->b->cur && is_parallel(p))
            return;
    }
    if (!is_parallel(d) && d->b->held != d->domain)
        pbt__die(d->b, "%s is [dev], called without the domain of '%s'", what, d->name);
}

void pbt_enter(pb_dev *d)
{
    pbt *b = d->b;

    if (b->held)
        pbt__die(b, "pbt_enter() while a domain is held");
    b->tag = TAG_DEV;
    b->depth++;
    if (!is_parallel(d)) {
        b->held = d->domain;
        d->domain->held = 1;
    }
}

void pbt_leave(pb_dev *d)
{
    pbt *b = d->b;

    d->domain->held = 0;
    b->held = NULL;
    b->tag = TAG_MAIN;
    b->depth--;
    if (b->inbox)
        pbt__drain_inbox(b);
    if (b->depth == 0 && b->soon)
        pbt__drain_soon(b);
}
