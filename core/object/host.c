/* SPDX-License-Identifier: MIT */
/* host.c - the root table that plugins get: services by id, failures, logs, traces. */
#include "host.h"

#include "../backend/backend.h"
#include "../cpu/cpu.h"
#include "../line/line.h"
#include "../machine/machine.h"
#include "../mem/mem.h"
#include "../state/state.h"
#include "../thread/thread.h"
#include "../time/clock.h"
#include "object.h"

#include <plugboard/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- Services ---------------------------------------------------------------------------- */

static GHashTable *services; /* filled at start-up, read only afterwards */

void pb_host_register(const char *id, const void *table)
{
    if (!services)
        services = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(services, (gpointer)id, (gpointer)table);
}

void pb_host_init(void)
{
    static const struct pb_svc_minor minor_1 = {sizeof minor_1, PB_ABI_MINOR};

    if (services && g_hash_table_contains(services, PB_SVC_MEM))
        return;
    pb_host_register(PB_SVC_MEM, &pb_mem_service);
    pb_host_register(PB_SVC_LINE, &pb_line_service);
    pb_host_register(PB_SVC_TIME, &pb_time_service);
    pb_host_register(PB_SVC_THREAD, &pb_thread_service);
    pb_host_register(PB_SVC_PROP, &pb_prop_service);
    pb_host_register(PB_SVC_STATE, &pb_state_service);
    pb_host_register(PB_SVC_BUS, &pb_bus_service);
    pb_host_register(PB_SVC_BOARD, &pb_board_service);
    pb_host_register(PB_SVC_CPU, &pb_cpu_service);
    pb_host_register(PB_SVC_PART, &pb_part_service);
    pb_host_register(PB_SVC_MINOR_1, &minor_1);
    pb_backend_init();
}

static const void *host_get(const pb_host *h, const char *id)
{
    (void)h;
    return services ? g_hash_table_lookup(services, id) : NULL;
}

static int host_fail(pb_err *e, int code, const char *text)
{
    return pb_err_set(e, code < 0 ? code : PB_EINVAL, "%s", text);
}

/* ---- Logs -------------------------------------------------------------------------------- */

#define LEVELS 8
#define PER_SECOND 20u /* guest errors of one device that are shown */
#define BUCKETS 64u

static uint8_t log_on[LEVELS] = {[PB_LOG_ERROR] = 1, [PB_LOG_WARN] = 1, [PB_LOG_INFO] = 1};
static _Atomic uint64_t log_count[LEVELS];
static FILE *log_file;

static struct { /* by a hash of the device: close enough to limit a flood */
    _Atomic uint64_t second;
    _Atomic uint32_t shown;
} budget[BUCKETS];

void pb_log_enable(uint32_t level, gboolean on)
{
    if (level < LEVELS)
        __atomic_store_n(&log_on[level], (uint8_t)on, __ATOMIC_RELAXED);
}

int pb_log_open(const char *path, pb_err *e)
{
    FILE *f = path ? fopen(path, "w") : NULL;

    if (path && !f) {
        int err = errno;
        pb_err_set(e, PB_EIO, "Could not open '%s': %s", path, g_strerror(err));
        pb_err_hint_errno(e, err, path);
        return PB_EIO;
    }
    if (f)
        setvbuf(f, NULL, _IOLBF, 0);
    if (log_file)
        fclose(log_file);
    log_file = f;
    return 0;
}

int pb_log_to(int fd)
{
    FILE *f = fdopen(fd, "a");

    if (!f)
        return PB_EIO;
    setvbuf(f, NULL, _IOLBF, 0);
    log_file = f;
    return PB_OK;
}

uint64_t pb_log_count(uint32_t level)
{
    return level < LEVELS ? atomic_load(&log_count[level]) : 0;
}

/* 1: show, 0: hide, 2: show and say that more will be hidden. */
static int within_budget(const pb_dev *d)
{
    uint32_t b = (uint32_t)((uintptr_t)d >> 6) % BUCKETS;
    uint64_t now = (uint64_t)pb_clock_now(PB_CLK_REAL) / 1000000000;

    if (atomic_exchange(&budget[b].second, now) != now)
        atomic_store(&budget[b].shown, 0);
    uint32_t n = atomic_fetch_add(&budget[b].shown, 1);
    return n < PER_SECOND ? 1 : n == PER_SECOND ? 2 : 0;
}

static void host_log(const pb_host *h, pb_dev *dev, uint32_t level, const char *text)
{
    static const char *const tag[LEVELS] = {
        [PB_LOG_ERROR] = "error: ", [PB_LOG_WARN] = "warning: ", [PB_LOG_INFO] = "",
        [PB_LOG_DEBUG] = "debug: ", [PB_LOG_GUEST] = "guest error: ",
        [PB_LOG_UNIMP] = "unimplemented: "};
    FILE *out = log_file ? log_file : stderr;
    int show = 1;

    (void)h;
    if (level >= LEVELS || !tag[level])
        return;
    atomic_fetch_add(&log_count[level], 1);
    if (!__atomic_load_n(&log_on[level], __ATOMIC_RELAXED))
        return;
    if (level == PB_LOG_GUEST || level == PB_LOG_UNIMP)
        show = within_budget(dev);
    if (!show)
        return;
    fprintf(out, "%s%s%s%s%s\n", tag[level], dev ? dev->name : "", dev ? ": " : "", text,
            show == 2 ? " (and more: not shown until the next second)" : "");
}

/* ---- Trace points ------------------------------------------------------------------------- */

#define MAX_TRACE 4096u

static uint8_t trace_on[MAX_TRACE]; /* 0: the point of whoever came too late */
static struct { char *name, *fmt; } trace_point[MAX_TRACE];
static uint32_t n_trace = 1;
static GPtrArray *trace_patterns; /* text, "-" first: off */

static gboolean trace_wanted(const char *name)
{
    gboolean on = FALSE;

    for (guint i = 0; trace_patterns && i < trace_patterns->len; i++) {
        const char *p = g_ptr_array_index(trace_patterns, i);
        if (g_pattern_match_simple(p + 1, name))
            on = *p == '+';
    }
    return on;
}

void pb_trace_enable(const char *pattern, gboolean on)
{
    if (!trace_patterns)
        trace_patterns = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(trace_patterns, g_strconcat(on ? "+" : "-", pattern, NULL));
    for (uint32_t i = 1; i < n_trace; i++)
        __atomic_store_n(&trace_on[i], (uint8_t)trace_wanted(trace_point[i].name),
                         __ATOMIC_RELAXED);
}

void pb_trace_list(void (*line)(void *user, const char *), void *user)
{
    for (uint32_t i = 1; i < n_trace; i++)
        line(user, trace_point[i].name);
}

static uint32_t host_trace_id(const pb_host *h, const char *name, const char *fmt)
{
    (void)h;
    for (uint32_t i = 1; i < n_trace; i++)
        if (!strcmp(trace_point[i].name, name))
            return i;
    if (n_trace == MAX_TRACE)
        return 0;
    trace_point[n_trace].name = g_strdup(name);
    trace_point[n_trace].fmt = g_strdup(fmt ? fmt : "");
    trace_on[n_trace] = (uint8_t)trace_wanted(name);
    return n_trace++;
}

static void host_trace(const pb_host *h, pb_dev *dev, uint32_t id, const uint64_t *args,
                       uint32_t n_args)
{
    char text[256];
    int at = 0;

    (void)h;
    if (id == 0 || id >= n_trace || !trace_on[id])
        return;
    for (uint32_t i = 0; i < n_args && at < (int)sizeof text - 24; i++)
        at += snprintf(text + at, sizeof text - (size_t)at, " 0x%" G_GINT64_MODIFIER "x",
                       args[i]);
    text[at] = 0;
    fprintf(log_file ? log_file : stderr, "%s %s%s\n", trace_point[id].name,
            dev ? dev->name : "-", text);
}

const pb_host pb_the_host = {
    .size = sizeof(pb_host),
    .abi_minor = PB_ABI_MINOR,
    .name = "plugboard",
    .version = PB_VERSION,
    .get = host_get,
    .fail = host_fail,
    .log = host_log,
    .log_on = log_on,
    .trace_id = host_trace_id,
    .trace = host_trace,
    .trace_on = trace_on,
};
