/* SPDX-License-Identifier: MIT */
/* machine.c - one machine: made, started, stopped, reset, asked to go. */
#include "machine.h"

#include "../backend/backend.h"
#include "../backend/block-policy.h"
#include "../cpu/cpu.h"
#include "../mem/mem.h"
#include "../object/host.h"
#include "../object/object.h"
#include "../thread/thread.h"
#include "../time/clock.h"
#include "reset.h"

#include <string.h>
#include <sys/random.h>

const char *pb_runstate_name(enum pb_runstate s)
{
    static const char *const name[] = {
        [PB_RUN_PRELAUNCH] = "prelaunch", [PB_RUN_RUNNING] = "running",
        [PB_RUN_PAUSED] = "paused", [PB_RUN_DEBUG] = "debug",
        [PB_RUN_SHUTDOWN] = "shutdown", [PB_RUN_IO_ERROR] = "io-error",
        [PB_RUN_INTERNAL_ERROR] = "internal-error"};

    return (size_t)s < G_N_ELEMENTS(name) ? name[s] : "?";
}

struct pb_machine *pb_machine_new(const char *name, const char *arch, pb_err *e)
{
    struct pb_machine *m = g_new0(struct pb_machine, 1);

    pb_tl.kind = PB_THREAD_MAIN;
    pb_host_init();
    m->name = g_strdup(name);
    m->arch = g_strdup(arch);
    m->devs = g_ptr_array_new();
    m->cpus = g_ptr_array_new();
    m->buses = g_ptr_array_new();
    m->ram = g_array_new(FALSE, TRUE, sizeof(struct pb_ram_bank));
    m->placed = g_ptr_array_new();
    m->options = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    m->used = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    m->domain = pb_domain_new();
    m->state = PB_RUN_PRELAUNCH;
    if (getrandom(&m->seed, sizeof m->seed, 0) != (ssize_t)sizeof m->seed)
        m->seed = (uint64_t)g_get_real_time();
    pb_random_seed(m->seed);
    pb_loads_init(m);
    pb_clock_init(m);
    if (pb_mem_init(m, e) < 0) {
        pb_machine_free(m);
        return NULL;
    }
    return m;
}

int pb_machine_add_ram(struct pb_machine *m, const char *name, uint64_t addr, uint64_t len,
                       pb_err *e)
{
    pb_region *r = pb_region_ram(m, NULL, name, len, 0, e);

    if (!r)
        return e && e->code ? e->code : PB_ENOMEM;
    int rc = pb_region_place(m->system, r, addr, 0, e);
    if (rc < 0) {
        pb_region_free(r);
        return rc;
    }
    struct pb_ram_bank b = {addr, len, r->host};
    g_array_append_val(m->ram, b);
    return 0;
}

static const char *find_model(const struct pb_class *c, const char *model, pb_err *e)
{
    const struct pb_cpu_class *t = c->table;

    if (!model)
        return t->n_models ? t->models[0].name : "default";
    g_autofree const char **names = g_new0(const char *, t->n_models + 1);
    for (uint32_t i = 0; i < t->n_models; i++) {
        names[i] = t->models[i].name;
        if (!strcmp(model, names[i]))
            return names[i];
    }
    pb_err_set(e, PB_ENOENT, "unable to find CPU model '%s'", model);
    const char *near = pb_nearest(model, names);
    if (near)
        pb_err_hint(e, "did you mean '%s'? -cpu help lists all models", near);
    return NULL;
}

pb_dev *pb_machine_add_cpu(struct pb_machine *m, const struct pb_class *c, const char *model,
                           uint32_t index, pb_err *e)
{
    pb_dev *d = pb_dev_new(m, c, NULL, NULL, e);

    if (!d)
        return NULL;
    model = find_model(c, model, e);
    if (!model) {
        pb_dev_free(d);
        return NULL;
    }
    g_free(d->name);
    d->name = g_strdup_printf("cpu%u", index);
    pb_cpu_attach(d, model, index, e);
    g_ptr_array_add(m->cpus, d);
    return d;
}

/* ---- Ready ------------------------------------------------------------------------------- */

static int unused_options(struct pb_machine *m, pb_err *e)
{
    GHashTableIter it;
    gpointer key;

    g_hash_table_iter_init(&it, m->options);
    while (g_hash_table_iter_next(&it, &key, NULL)) {
        if (g_hash_table_contains(m->used, key))
            continue;
        pb_err_set(e, PB_EINVAL, "option '%s' has no effect on machine '%s'", (char *)key,
                   m->name);
        pb_err_hint(e, m->boot ? "what starts this machine ('%s') does not use it"
                               : "this machine has no boot plugin to use it%s",
                    m->boot ? m->boot->cls->id : "");
        return PB_EINVAL;
    }
    return 0;
}

int pb_machine_ready(struct pb_machine *m, pb_err *e)
{
    void *self = NULL;
    const struct pb_boot *b = m->boot ? pb_dev_interface(m->boot, PB_BOOT, &self) : NULL;
    int rc = 0;

    if (m->boot && !b)
        return pb_err_set(e, PB_EINVAL, "'%s' is not a boot plugin", m->boot->cls->id);
    if (b)
        rc = b->boot(self, e);
    if (rc < 0)
        return pb_err_set(e, rc, "'%s' could not prepare the start", m->boot->cls->id);
    rc = unused_options(m, e);
    if (rc < 0)
        return rc;
    m->ready = TRUE;
    pb_random_seed(m->seed);
    pb_reset_all(m, PB_RESET_COLD);
    return pb_cpus_start_threads(m, e);
}

/* ---- Run state --------------------------------------------------------------------------- */

void pb_machine_event(struct pb_machine *m, const char *what, const struct pb_fact *facts)
{
    static const struct pb_fact none = {NULL, NULL, FALSE};

    if (m->event)
        m->event(m, what, facts ? facts : &none);
}

/* RESET, SHUTDOWN: whose doing it was. */
static void tell_cause(struct pb_machine *m, const char *what, gboolean guest, const char *reason)
{
    const struct pb_fact facts[] = {{"guest", NULL, guest}, {"reason", reason, FALSE},
                                    {NULL, NULL, FALSE}};

    pb_machine_event(m, what, facts);
}

void pb_machine_start(struct pb_machine *m)
{
    PB_ASSERT_MAIN();
    if (m->state == PB_RUN_RUNNING)
        return;
    m->state = PB_RUN_RUNNING;
    pb_block_retry(m);
    pb_net_hold(m, FALSE);
    pb_clock_run(TRUE);
    pb_cpus_resume(m);
    pb_machine_event(m, "RESUME", NULL);
}

/* Whether it ran. */
static gboolean halt(struct pb_machine *m, enum pb_runstate why)
{
    PB_ASSERT_MAIN();
    gboolean was = m->state == PB_RUN_RUNNING;

    pb_clock_run(FALSE); /* first: the last CPU may be long in stopping, on a busy host */
    pb_cpus_stop(m);
    pb_net_hold(m, TRUE);
    m->state = why;
    return was;
}

void pb_machine_stop(struct pb_machine *m, enum pb_runstate why)
{
    if (halt(m, why))
        pb_machine_event(m, "STOP", NULL);
}

/* A machine that does not run is as new afterwards, whatever had stopped it. */
static void reset(struct pb_machine *m, uint32_t kind, gboolean guest, const char *reason)
{
    PB_ASSERT_MAIN();
    pb_cpus_stop(m);
    pb_block_refuse(m, NULL, TRUE);
    pb_reset_all(m, kind);
    pb_block_refuse(m, NULL, FALSE);
    if (m->state != PB_RUN_RUNNING)
        m->state = PB_RUN_PRELAUNCH;
    tell_cause(m, "RESET", guest, reason);
    if (m->state == PB_RUN_RUNNING)
        pb_cpus_resume(m);
}

void pb_machine_reset(struct pb_machine *m, uint32_t kind)
{
    reset(m, kind, FALSE, "host-qmp-system-reset");
}

int pb_machine_powerdown(struct pb_machine *m, pb_err *e)
{
    for (guint i = 0; i < m->devs->len; i++) {
        void *self;
        pb_dev *d = m->devs->pdata[i];
        const struct pb_power_button *b = pb_dev_interface(d, PB_POWER_BUTTON, &self);
        if (d->realized && PB_HAS(struct pb_power_button, b, press)) {
            b->press(self);
            pb_machine_event(m, "POWERDOWN", NULL);
            return PB_OK;
        }
    }
    pb_err_set(e, PB_ENOTSUP, "machine '%s' has no power button that its guest could see",
               m->name);
    pb_err_hint(e, "power off in the guest, or use 'quit'");
    return PB_ENOTSUP;
}

struct request {
    uint32_t what;
    int code;
};

static void shut_down(struct pb_machine *m, int code, gboolean guest, const char *reason)
{
    gboolean was = halt(m, PB_RUN_SHUTDOWN);

    m->exit_code = code;
    tell_cause(m, "SHUTDOWN", guest, reason);
    if (was && m->no_shutdown)
        pb_machine_event(m, "STOP", NULL);
}

static void handle_request(void *opaque)
{
    static const char *const reasons[] = {"guest-reset", "guest-shutdown", "guest-panic",
                                          "host-ui"};
    static const struct pb_fact off[] = {{"action", "poweroff", FALSE}, {NULL, NULL, FALSE}};
    struct pb_machine *m = opaque;
    struct request *r = g_atomic_pointer_exchange(&m->request, NULL);

    if (r && m->state != PB_RUN_SHUTDOWN) {
        const char *reason = reasons[MIN(r->what, 3)];
        if (r->what == 2)
            pb_machine_event(m, "GUEST_PANICKED", off);
        if (r->what == 0 && !m->no_reboot)
            reset(m, PB_RESET_COLD, TRUE, reason);
        else
            shut_down(m, r->what == 0 ? 0 : r->code, r->what < 3, reason);
    }
    g_free(r);
}

void pb_machine_request(struct pb_machine *m, uint32_t what, int code)
{
    struct request *r = g_new0(struct request, 1);

    *r = (struct request){what, code};
    pb_cpus_ask(m); /* the guest does not go on from here */
    if (g_atomic_pointer_compare_and_exchange(&m->request, NULL, r))
        pb_main_turn(NULL, handle_request, m);
    else
        g_free(r); /* one is on its way: the first counts */
}

/* ---- End --------------------------------------------------------------------------------- */

void pb_machine_leave(struct pb_machine *m)
{
    if (m->ready)
        pb_machine_stop(m, PB_RUN_SHUTDOWN);
    pb_mem_leave(m);
    for (guint i = m->devs->len; i-- > 0;) {
        pb_dev *d = g_ptr_array_index(m->devs, i);
        if (d->cls->kind != PB_KIND_CPU)
            pb_dev_unrealize(d);
    }
}

void pb_machine_free(struct pb_machine *m)
{
    if (!m)
        return;
    if (m->ready)
        pb_machine_stop(m, PB_RUN_SHUTDOWN);
    for (guint i = m->devs->len; i-- > 0;)
        pb_dev_unrealize(g_ptr_array_index(m->devs, i));
    while (m->devs->len)
        pb_dev_free(g_ptr_array_index(m->devs, m->devs->len - 1));
    pb_thread_release(NULL);
    pb_clock_fini(m);
    pb_mem_fini(m);
    g_free(m->request);
    pb_cpu_shared_free(m);
    pb_loads_free(m);
    pb_domain_free(m->domain);
    g_ptr_array_free(m->devs, TRUE);
    g_ptr_array_free(m->cpus, TRUE);
    g_ptr_array_free(m->buses, TRUE);
    g_ptr_array_free(m->placed, TRUE);
    g_array_free(m->ram, TRUE);
    g_hash_table_destroy(m->options);
    g_hash_table_destroy(m->used);
    g_free(m->name);
    g_free(m->arch);
    g_free(m->guest);
    g_free(m);
}
