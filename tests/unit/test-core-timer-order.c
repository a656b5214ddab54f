/* SPDX-License-Identifier: MIT */
/* Timers fire in order of deadline, then of creation; disarmed ones do not; the virtual
 * clock and its timers stand while the machine is stopped. */
#include "core-fixture.h"

#define N 200
static struct fx_dev *f;
static pb_timer *timer[N];
static int order[4 * N];
static _Atomic uint32_t n_fired;

static void fired(void *opaque)
{
    order[atomic_load(&n_fired)] = GPOINTER_TO_INT(opaque);
    atomic_fetch_add(&n_fired, 1);
}

static int64_t deadline[N];

static int wanted(const void *x, const void *y)
{
    int a = *(const int *)x, b = *(const int *)y;

    return deadline[a] != deadline[b] ? (deadline[a] < deadline[b] ? -1 : 1) : a - b;
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    uint64_t seed = 99;
    pb_err e = {0};
    int want[N], n = 0, wrong = 0;

    f = fx_make(m, "fx-serial", "d");
    for (int i = 0; i < N; i++) /* creation number is i */
        timer[i] = pb_timer_new(f->d, "t", PB_CLK_VIRTUAL, fired, GINT_TO_POINTER(i), &e);
    CU_ASSERT_EQUAL(pb_machine_ready(m, &e), 0);
    for (int i = 0; i < N; i++) { /* many ties; armed in random order, some twice */
        int k = (i * 37) % N;
        deadline[k] = (int64_t)(1 + fx_rand(&seed) % 20) * 500000;
        pb_timer_arm(timer[k], 7);
        pb_timer_arm(timer[k], deadline[k]);
    }
    for (int i = 0; i < N; i++) {
        if (i % 10 == 3)
            pb_timer_disarm(timer[i]);
        else
            want[n++] = i;
    }
    CU_ASSERT_EQUAL(pb_timer_deadline(timer[3]), -1);
    CU_ASSERT_EQUAL(pb_timer_deadline(timer[4]), deadline[4]);
    g_usleep(30000);
    CU_ASSERT_EQUAL(atomic_load(&n_fired), 0); /* stopped: nothing fires */
    qsort(want, (size_t)n, sizeof *want, wanted);
    pb_machine_start(m);
    CU_ASSERT(fx_wait(&n_fired, (uint32_t)n, 5000));
    int64_t now = pb_clock_now(PB_CLK_VIRTUAL);
    CU_ASSERT(now >= 10000000);
    for (int i = 0; i < n; i++)
        wrong += order[i] != want[i];
    CU_ASSERT_EQUAL(wrong, 0);

    pb_machine_stop(m, PB_RUN_PAUSED);
    pb_timer_arm(timer[0], pb_clock_now(PB_CLK_VIRTUAL) + 1000000);
    pb_timer *real = pb_timer_new(f->d, "r", PB_CLK_REAL, fired, GINT_TO_POINTER(1000), &e);
    pb_timer_arm(real, pb_clock_now(PB_CLK_REAL) + 1000000);
    CU_ASSERT(fx_wait(&n_fired, (uint32_t)n + 1, 2000)); /* the real clock goes on */
    CU_ASSERT_EQUAL(order[n], 1000);
    g_usleep(20000);
    CU_ASSERT_EQUAL(atomic_load(&n_fired), (uint32_t)n + 1);
    pb_machine_start(m);
    CU_ASSERT(fx_wait(&n_fired, (uint32_t)n + 2, 2000));
    CU_ASSERT_EQUAL(order[n + 1], 0);
    CU_ASSERT(pb_clock_now(PB_CLK_VIRTUAL) < now + 10000000000);
    pb_clock_set_host(1000000000000000000, FALSE);
    int64_t host = pb_clock_now(PB_CLK_HOST);
    CU_ASSERT(host >= 1000000000000000000 && host < 1000000005000000000);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "timers fire by deadline and creation", test);
}
