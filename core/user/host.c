/* SPDX-License-Identifier: MIT */
/* host.c - what a CPU plugin finds when there is no machine: itself, time, properties.
 *
 * All vCPUs share one device handle: it has the properties of -cpu. A vCPU whose thread ended
 * is kept for the next thread, because others may still look at it; only the child of a fork()
 * frees those that it does not have.
 * Not modelled: timers (a program has its system's), devices, memory of a machine.
 */
#include "user.h"

#include "../object/host.h"
#include "../object/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct pb_cpu { /* the host's side of a vCPU: not core/cpu's */
    void *self;
    uint32_t index;
    gboolean busy;
    pb_cpu *next; /* of all */
};

static struct {
    pthread_mutex_t lock;
    pb_dev *dev;
    const struct pb_cpu_class *cls;
    const struct pb_cpu_user *user;
    char *model;
    pb_cpu *all;
    uint32_t n;
    void *shared;
    const struct pb_user_space *space;
    int log;
} U = {.lock = PTHREAD_MUTEX_INITIALIZER, .log = STDERR_FILENO};

/* ---- pb.cpu/1 ------------------------------------------------------------------------- */

static int no_span(pb_cpu *c, uint64_t gpa, struct pb_span *s)
{
    (void)c, (void)gpa, (void)s;
    return PB_EFAULT;
}

static int no_io(pb_cpu *c, const struct pb_span *s, struct pb_txn *t)
{
    (void)c, (void)s, (void)t;
    return PB_EFAULT;
}

static void no_watch(pb_cpu *c, uint64_t gpa, uint32_t on)
{
    (void)c, (void)gpa, (void)on;
}

static void no_stored(pb_cpu *c, uint64_t gpa, uint64_t len)
{
    (void)c, (void)gpa, (void)len;
}

static void no_request(pb_cpu *c, uint32_t what, int32_t code)
{
    (void)c, (void)what, (void)code;
}

static uint32_t index_of(pb_cpu *c)
{
    return c->index;
}

static uint32_t most(pb_cpu *c)
{
    (void)c;
    return PB_USER_THREADS;
}

static pb_dev *dev_of(pb_cpu *c)
{
    (void)c;
    return U.dev;
}

static void *no_peer(pb_cpu *c, uint32_t i)
{
    (void)c, (void)i;
    return NULL;
}

static void *shared(pb_cpu *c, uint64_t bytes)
{
    (void)c;
    if (!U.shared)
        U.shared = calloc(1, bytes);
    return U.shared;
}

static uint32_t zero(pb_cpu *c)
{
    (void)c;
    return 0;
}

static void nothing(pb_cpu *c)
{
    (void)c;
}

static const struct pb_svc_cpu cpu_service = {
    .size = sizeof cpu_service, .span = no_span, .io = no_io, .watch_code = no_watch,
    .code_stored = no_stored, .request = no_request, .index = index_of, .n_cpus = most,
    .dev = dev_of, .peer = no_peer, .shared = shared, .deterministic = zero,
    .stop_others = nothing, .resume_others = nothing,
};

/* ---- pb.time/1 ------------------------------------------------------------------------ */

static int64_t now(const pb_host *h, uint32_t clock)
{
    struct timespec t;

    (void)h;
    clock_gettime(clock == PB_CLK_HOST ? CLOCK_REALTIME : CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static pb_timer *no_timer(pb_dev *d, const char *name, uint32_t clock, void (*fn)(void *opaque),
                          void *opaque, pb_err *e)
{
    (void)d, (void)clock, (void)fn, (void)opaque;
    pb_err_set(e, PB_ENOTSUP, "timer '%s': there are none in user mode", name);
    return NULL;
}

static const struct pb_svc_time time_service = {.size = sizeof time_service, .now = now,
                                                .timer = no_timer};

/* ---- pb.user/1 ------------------------------------------------------------------------ */

static uint32_t at(uint64_t addr, uint64_t *end)
{
    return U.space ? U.space->at(addr, end) : 0;
}

static void set_space(const struct pb_user_space *s)
{
    U.space = s;
}

/* A vCPU that fits in a page lies in one: each that is written is copied after a fork(). */
static void *instance(size_t size)
{
    void *p;

    if (size < 1024 || size > 4096)
        return pb_instance_new(size);
    p = aligned_alloc(4096, 4096); /* pb_instance_free() frees it */
    return p ? memset(p, 0, 4096) : NULL;
}

static pb_cpu *make(pb_err *e)
{
    pb_cpu *c;

    if (U.n == PB_USER_THREADS) {
        pb_err_set(e, PB_ENOSPC, "more than %u threads at once", PB_USER_THREADS);
        return NULL;
    }
    c = g_new0(pb_cpu, 1);
    c->self = instance(U.cls->instance_size);
    if (!c->self) {
        pb_err_set(e, PB_ENOMEM, "no memory for a vCPU");
        g_free(c);
        return NULL;
    }
    c->index = U.n;
    if (U.cls->realize(c->self, c, U.dev, &pb_the_host, U.model, e) < 0) {
        pb_err_set(e, PB_ENOMEM, "the CPU plugin cannot make a vCPU");
        pb_instance_free(c->self, U.cls->instance_size);
        g_free(c);
        return NULL;
    }
    __atomic_store_n(&U.n, U.n + 1, __ATOMIC_RELEASE);
    c->next = U.all;
    U.all = c;
    return c;
}

static void *cpu_new(pb_err *e)
{
    pb_err mine = {0};
    pb_cpu *c;

    pthread_mutex_lock(&U.lock);
    for (c = U.all; c && c->busy; c = c->next)
        ;
    if (!c)
        c = make(e ? e : &mine);
    if (c) {
        c->busy = TRUE;
        U.cls->reset(c->self, 0, NULL, 0);
        pb_user_gdb_cpu(c->self);
    }
    pthread_mutex_unlock(&U.lock);
    if (!e)
        pb_err_clear(&mine);
    return c;
}

static void cpu_free(void *cpu)
{
    pthread_mutex_lock(&U.lock);
    ((pb_cpu *)cpu)->busy = FALSE;
    pthread_mutex_unlock(&U.lock);
}

static void *cpu_self(void *cpu)
{
    return ((pb_cpu *)cpu)->self;
}

void pb_user_each_cpu(void (*fn)(void *self, void *opaque), void *opaque)
{
    pthread_mutex_lock(&U.lock);
    for (pb_cpu *c = U.all; c; c = c->next)
        fn(c->self, opaque);
    pthread_mutex_unlock(&U.lock);
}

static int debug(void *cpu, int what)
{
    return pb_user_debug(cpu_self(cpu), what);
}

static const char *err_text(pb_err *e)
{
    return e && e->text ? e->text : "";
}

/* With one vCPU there is nobody to lock out, nor to forget. */
static void forked(void *cpu, uint32_t stage)
{
    pb_user_gdb_fork(((pb_cpu *)cpu)->self, stage);
    if (__atomic_load_n(&U.n, __ATOMIC_ACQUIRE) == 1)
        return;
    if (stage == 0) {
        pthread_mutex_lock(&U.lock);
        return;
    }
    if (stage == 2) {
        pb_cpu *c = U.all, *next;

        for (U.all = NULL; c; c = next) {
            next = c->next;
            if (c == cpu) {
                c->next = NULL;
                U.all = c;
                continue;
            }
            if (U.cls->unrealize)
                U.cls->unrealize(c->self);
            pb_instance_free(c->self, U.cls->instance_size);
            g_free(c);
        }
    }
    pthread_mutex_unlock(&U.lock);
    if (stage == 2)
        U.n = ((pb_cpu *)cpu)->index + 1; /* lower ones stay unused */
}

static struct pb_svc_user user_service = {
    .size = sizeof user_service, .at = at, .set_space = set_space, .cpu_new = cpu_new,
    .cpu_free = cpu_free, .cpu_self = cpu_self, .err_text = err_text, .fork = forked,
    .debug = debug, .debug_end = pb_user_debug_end,
};

void pb_user_debugged(gboolean on)
{
    __atomic_store_n(&user_service.debugged, (uint32_t)on, __ATOMIC_RELEASE);
}

const void *pb_user_auxv(uint32_t *bytes)
{
    *bytes = 0;
    return PB_HAS(struct pb_user_space, U.space, auxv) ? U.space->auxv(bytes) : NULL;
}

void pb_user_host(pb_dev *d, const char *model, const struct pb_cpu_user *user, uint64_t top)
{
    U.dev = d;
    U.cls = d->cls->table;
    U.user = user;
    U.model = g_strdup(model);
    user_service.top = top;
    pb_host_register(PB_SVC_CPU, &cpu_service);
    pb_host_register(PB_SVC_TIME, &time_service);
    pb_host_register(PB_SVC_USER, &user_service);
}

/* ---- The address space ------------------------------------------------------------------ */

/* A mapping of ours where the program's addresses are, that both can live with. */
static gboolean is_shadow(uint64_t lo, uint64_t hi)
{
#if defined(__SANITIZE_ADDRESS__)
    user_service.kept = PB_USER_SHADOW;
    user_service.kept_end = PB_USER_SHADOW_END;
    return lo >= PB_USER_SHADOW && hi <= PB_USER_SHADOW_END;
#else
    (void)lo, (void)hi;
    return FALSE;
#endif
}

/* Nobody is where the program's addresses are: said by the kernel in one call, and it needs no
 * /proc, which a chroot may not have. */
static gboolean is_free(void)
{
    void *lowest = (void *)(uintptr_t)65536; /* vm.mmap_min_addr */
    size_t n = PB_USER_TOP + PB_USER_GAP - 65536;
    void *all = mmap(lowest, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                     MAP_FIXED_NOREPLACE, -1, 0);

    return all != MAP_FAILED && munmap(all, n) == 0;
}

/* Who is there, and may not be. */
static int look_for_others(pb_err *e)
{
    FILE *f = fopen("/proc/self/maps", "re");
    char line[512];
    uint64_t lo, hi;

    if (!f)
        return pb_err_set(e, PB_EIO, "/proc/self/maps: %s; user mode needs /proc mounted where "
                          "addresses are limited (ulimit -v)", g_strerror(errno));
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "%" G_GINT64_MODIFIER "x-%" G_GINT64_MODIFIER "x", &lo, &hi) != 2 ||
            lo >= PB_USER_TOP + PB_USER_GAP || is_shadow(lo, hi))
            continue;
        fclose(f);
        line[strcspn(line, "\n")] = 0;
        pb_err_set(e, PB_EBUSY, "the emulator itself lies where the program has to go: %s", line);
        pb_err_hint(e, "start it without ThreadSanitizer, and as the position-independent program "
                    "that the build makes");
        return PB_EBUSY;
    }
    fclose(f);
    return PB_OK;
}

int pb_user_reserve(uint64_t top, pb_err *e)
{
    int r = is_free() ? PB_OK : look_for_others(e);

    if (r < 0)
        return r;
    (void)top;
    void *gap = mmap((void *)(uintptr_t)PB_USER_TOP, PB_USER_GAP + 65536, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (gap == MAP_FAILED)
        return pb_err_set(e, PB_ENOMEM, "cannot keep addresses from 0x%" G_GINT64_MODIFIER
                          "x on free: %s", PB_USER_TOP, g_strerror(errno));
    return PB_OK;
}

/* ---- The log ------------------------------------------------------------------------------ */

int pb_user_log_open(const char *path, pb_err *e)
{
    g_autofree char *name = NULL;
    const char *percent = strstr(path, "%d");

    if (percent)
        name = g_strdup_printf("%.*s%d%s", (int)(percent - path), path, (int)getpid(),
                               percent + 2);
    int fd = open(name ? name : path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return pb_err_set(e, PB_EIO, "-D: Could not open '%s': %s", path, g_strerror(errno));
    /* Out of the way of the numbers that the program expects to get. */
    int high = fcntl(fd, F_DUPFD_CLOEXEC, 900);
    if (high >= 0) {
        close(fd);
        fd = high;
    }
    U.log = fd;
    return pb_log_to(fd) < 0 ? pb_err_set(e, PB_EIO, "-D %s: %s", path, g_strerror(errno)) : PB_OK;
}

int pb_user_log_fd(void)
{
    return U.log;
}
