/* SPDX-License-Identifier: MIT */
/* system.c - plugboard-system-ARCH: command line, machine, main loop, exit status. */
#include "main.h"

#include "../backend/backend.h"
#include "../cli/sys.h"
#include "../gdb/gdb.h"
#include "../monitor/monitor.h"
#include "../object/host.h"
#include "../plugin/find.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static GMainLoop *loop;
static int exit_status = -1; /* of a shutdown; -1: none yet */
static const char *host_reason; /* it is not the guest that ends; QMP's word */

static void quit_with(int status, const char *reason)
{
    if (exit_status < 0) {
        exit_status = status;
        host_reason = reason;
    }
    if (loop)
        g_main_loop_quit(loop);
}

/* GLib's own signal sources take a thread; a descriptor does. */
static int signal_fd = -1;

static void on_signal(int sig)
{
    uint64_t one = sig == SIGINT ? 1 : (uint64_t)1 << 32;
    int was = errno;

    if (write(signal_fd, &one, sizeof one) < 0) {
        /* full of signals that the main loop will see */
    }
    errno = was;
}

static gboolean on_signal_fd(gint fd, GIOCondition c, gpointer data)
{
    uint64_t n = 0;

    (void)c;
    (void)data;
    if (read(fd, &n, sizeof n) == (ssize_t)sizeof n && n >> 32)
        fprintf(stderr, "%s: terminating on signal\n", pb_progname);
    quit_with(0, "host-signal");
    return G_SOURCE_CONTINUE;
}

static void catch_signals(void)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signal_fd < 0)
        return; /* they end the process at once then */
    g_unix_fd_add(signal_fd, G_IO_IN, on_signal_fd, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
        sigaction(signals[i], &a, NULL);
}

static gboolean on_quit(gpointer data)
{
    (void)data;
    quit_with(0, "host-qmp-quit");
    return G_SOURCE_REMOVE;
}

void pb_main_quit(void)
{
    g_idle_add(on_quit, NULL);
}

static void on_event(struct pb_machine *m, const char *what, const struct pb_fact *facts)
{
    pb_monitor_event(m, what, facts);
    if (!strcmp(what, "SHUTDOWN") && !m->no_shutdown)
        quit_with(m->exit_code, NULL);
}

/* Monitors hear of an end that the guest does not see. */
static void last_event(struct pb_machine *m)
{
    const struct pb_fact facts[] = {{"guest", NULL, FALSE}, {"reason", host_reason, FALSE},
                                    {NULL, NULL, FALSE}};

    if (host_reason)
        pb_monitor_event(m, "SHUTDOWN", facts);
    m->event = NULL;
}

/* ---- Ready and done ------------------------------------------------------------------ */

static int write_pidfile(const char *path, pb_err *e)
{
    FILE *f = path ? fopen(path, "we") : NULL;

    if (!path)
        return PB_OK;
    if (f && fprintf(f, "%d\n", (int)getpid()) >= 0 && !fclose(f))
        return PB_OK;
    int err = errno;
    pb_err_set(e, PB_EIO, "-pidfile: could not write '%s': %s", path, g_strerror(err));
    pb_err_hint_errno(e, err, path);
    return PB_EIO;
}

/* Every option must have been understood by someone: none is ignored. */
static int check_unused(struct pb_sys *s)
{
    const struct pb_given *g = pb_cli_unused(s->cli);

    if (!g)
        return PB_OK;
    return pb_err_set(s->e, PB_ENOTSUP, "-%s: no part of this plugboard can do that",
                      g->opt->name);
}

static int gdb(struct pb_sys *s)
{
    const char *dev = pb_cli_text(s->cli, "gdb");

    if (pb_cli_flag(s->cli, "s"))
        dev = "tcp:127.0.0.1:1234";
    return dev && strcmp(dev, "none") ? pb_gdb_start(s->m, dev, s->e) : PB_OK;
}

static int monitors(struct pb_sys *s)
{
    int r = PB_OK;

    for (guint i = 0; i < s->monitors->len && r == PB_OK; i++) {
        const struct pb_wanted_mon *w = s->monitors->pdata[i];
        r = w->control ? pb_qmp_open(s->m, w->id, w->pretty, s->e)
                       : pb_monitor_open(s->m, w->id, s->e);
    }
    return r;
}

static int prepare(struct pb_sys *s)
{
    static int (*const steps[])(struct pb_sys *) = {
        pb_sys_help,  pb_sys_machine, pb_sys_only,  pb_sys_create, pb_sys_process, pb_sys_boot,
        pb_sys_action, pb_sys_objects,
        pb_sys_chardevs, pb_sys_block, pb_sys_net,   pb_sys_fs,
        pb_sys_semihosting, pb_sys_build,
        pb_sys_fw_cfg,   pb_sys_devices, pb_sys_boot_order, gdb, monitors, check_unused};
    int r = PB_OK;

    if (pb_cli_flag(s->cli, "no-user-config"))
        pb_find_no_user();
    for (guint i = 0; i < G_N_ELEMENTS(steps) && r == PB_OK; i++) {
        /* what -S, -pidfile and the like mean is here */
        if (steps[i] == check_unused) {
            pb_cli_flag(s->cli, "S");
            pb_cli_text(s->cli, "pidfile");
            pb_cli_flag(s->cli, "daemonize");
        }
        r = steps[i](s);
    }
    return r;
}

static int run(struct pb_sys *s)
{
    struct pb_machine *m = s->m;

    m->event = on_event;
    pb_sys_check_peers(s);
    if (pb_machine_ready(m, s->e) < 0)
        return PB_EINVAL;
    if (s->dumpdtb)
        return PB_DONE;
    if (write_pidfile(pb_cli_text(s->cli, "pidfile"), s->e) < 0)
        return PB_EIO;
    pb_daemon_ready();
    if (!pb_cli_flag(s->cli, "S"))
        pb_machine_start(m);
    if (exit_status < 0)
        g_main_loop_run(loop);
    last_event(m);
    pb_machine_stop(m, PB_RUN_SHUTDOWN);
    const char *pid = pb_cli_text(s->cli, "pidfile");
    if (pid)
        unlink(pid);
    return PB_OK;
}

static void finish(struct pb_sys *s)
{
    pb_gdb_stop();
    pb_monitor_close_all();
#ifndef PB_DEBUG /* builds that look for leaks take everything down */
    if (s->m)
        pb_machine_leave(s->m);
    return;
#endif
    if (s->m)
        pb_machine_free(s->m);
    if (s->conf.options)
        g_hash_table_unref(s->conf.options);
    if (s->flashes)
        g_hash_table_unref(s->flashes);
    g_ptr_array_unref(s->wanted);
    g_ptr_array_unref(s->monitors);
    g_array_unref(s->bootable);
    g_hash_table_unref(s->objects);
    g_hash_table_unref(s->drive_units);
    g_free(s->cpu_model);
    if (s->engine)
        g_string_free(s->engine, TRUE);
    g_free(s->smp);
    g_free(s->dumpdtb);
    pb_plan_free(s->plan);
    pb_manifest_free(s->manifest);
    pb_cli_free(s->cli);
}

static void wanted_free(gpointer p)
{
    struct pb_wanted *w = p;

    for (guint i = 0; i < w->sets->len; i++) {
        g_free(g_array_index(w->sets, struct pb_plan_set, i).key);
        g_free(g_array_index(w->sets, struct pb_plan_set, i).value);
    }
    g_array_unref(w->sets);
    g_free(w->cls);
    g_free(w->bus);
    g_free(w);
}

int pb_system_main(const char *arch, int argc, char **argv)
{
    pb_err e = {0};
    struct pb_sys s = {.e = &e};

    pb_prefault();
    s.cli = pb_cli_parse(arch, argc, argv, &e);
    if (!s.cli || (pb_cli_flag(s.cli, "daemonize") && pb_daemon_start(&e) < 0)) {
        pb_cli_cure(&e);
        pb_err_report(&e);
        pb_err_clear(&e);
        return 1;
    }
    s.globals.v = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_set));
    s.cpu_sets = g_array_new(FALSE, FALSE, sizeof(struct pb_plan_set));
    s.wanted = g_ptr_array_new_with_free_func(wanted_free);
    s.monitors = g_ptr_array_new_with_free_func(pb_wanted_mon_free);
    s.objects = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    s.bootable = g_array_new(FALSE, FALSE, sizeof(struct pb_bootable));
    s.drive_units = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    pb_host_init();
    pb_registry_scan();
    loop = g_main_loop_new(NULL, FALSE);
    catch_signals();
    signal(SIGPIPE, SIG_IGN);
    pb_char_on_quit(pb_main_quit);
    pb_monitor_on_quit(pb_main_quit);
    pb_terminal_guard();
    int r = prepare(&s);
    if (r == PB_OK)
        r = run(&s);
    finish(&s);
    if (r < 0) {
        pb_terminal_restore();
        pb_cli_cure(&e);
        if (e.text)
            pb_err_report(&e);
        pb_err_clear(&e);
        return 1;
    }
    fflush(stdout);
    return r == PB_DONE ? 0 : exit_status < 0 ? 0 : exit_status;
}
