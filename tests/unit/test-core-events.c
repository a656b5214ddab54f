/* SPDX-License-Identifier: MIT */
/* Who listens to a machine hears what happened to it, in order, and whose doing it was; one that was
 * shut down runs again after a reset. */
#include "core-fixture.h"

static GString *heard;
static _Atomic uint32_t count;

static void listen(struct pb_machine *m, const char *what, const struct pb_fact *facts)
{
    (void)m;
    g_string_append(heard, what);
    for (const struct pb_fact *f = facts; f->key; f++)
        g_string_append_printf(heard, " %s=%s", f->key, f->text ? f->text
                                                        : f->truth ? "yes" : "no");
    g_string_append_c(heard, '\n');
    atomic_fetch_add(&count, 1);
}

static void expect(const char *text)
{
    if (strcmp(heard->str, text))
        printf("heard:\n%s", heard->str);
    CU_ASSERT_STRING_EQUAL(heard->str, text);
    g_string_truncate(heard, 0);
    atomic_store(&count, 0);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    heard = g_string_new(NULL);
    fx_make_cpu(m);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    m->event = listen;
    m->no_shutdown = TRUE;
    pb_machine_start(m);
    pb_machine_stop(m, PB_RUN_PAUSED);
    pb_machine_stop(m, PB_RUN_PAUSED);
    pb_machine_start(m);
    expect("RESUME\nSTOP\nRESUME\n");

    pb_machine_request(m, 0, 0);
    CU_ASSERT_TRUE(fx_wait(&count, 1, 5000));
    expect("RESET guest=yes reason=guest-reset\n");
    CU_ASSERT_EQUAL(m->state, PB_RUN_RUNNING);

    pb_machine_request(m, 1, 0);
    CU_ASSERT_TRUE(fx_wait(&count, 2, 5000));
    expect("SHUTDOWN guest=yes reason=guest-shutdown\nSTOP\n");
    CU_ASSERT_EQUAL(m->state, PB_RUN_SHUTDOWN);

    pb_machine_reset(m, PB_RESET_COLD);
    CU_ASSERT_EQUAL(m->state, PB_RUN_PRELAUNCH);
    pb_machine_start(m);
    expect("RESET guest=no reason=host-qmp-system-reset\nRESUME\n");

    m->no_shutdown = FALSE;
    pb_machine_request(m, 2, 3);
    CU_ASSERT_TRUE(fx_wait(&count, 2, 5000));
    expect("GUEST_PANICKED action=poweroff\nSHUTDOWN guest=yes reason=guest-panic\n");
    CU_ASSERT_EQUAL(m->exit_code, 3);
    m->event = NULL;
    pb_machine_free(m);
    g_string_free(heard, TRUE);
}

int main(void)
{
    return fx_run("core", "events and their causes", test);
}
