/* SPDX-License-Identifier: MIT */
/* A device that sets its output while its state is loaded tells no sink: each has in its own state
 * what it made of the line, whether it was loaded before or comes later, whichever its domain. */
#include "core-fixture.h"

static uint32_t set_to;

static void load(struct fx_dev *f)
{
    pb_line_set(fx_out(f, 0), (int32_t)set_to);
}

/* As devices do when they are reset. */
static void reset(struct fx_dev *f, uint32_t kind, uint32_t phase)
{
    (void)kind;
    if (phase == PB_RESET_HOLD && !strcmp(f->d->cls->id, "fx-loader"))
        pb_line_set(fx_out(f, 0), 0);
}

static void test(void)
{
    static const char *const sink[] = {"fx-serial", "fx-own", "fx-parallel"};
    struct pb_machine *m = fx_machine();
    g_autoptr(GByteArray) state = g_byte_array_new();
    struct fx_dev *s[6], *from = NULL;
    pb_err e = {0};

    fx_load = load;
    fx_reset = reset;
    fx_make_cpu(m);
    for (uint32_t i = 0; i < 6; i++) {
        if (i == 3)
            from = fx_make(m, "fx-loader", "from");
        s[i] = fx_make(m, sink[i % 3], NULL);
    }
    for (uint32_t i = 0; i < 6; i++)
        CU_ASSERT_EQUAL_FATAL(pb_wire_connect(from->d, "out", 0, s[i]->d, 2, FALSE, &e), 0);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_line_set(fx_out(from, 0), 1);
    CU_ASSERT_EQUAL(pb_machine_save(m, state, &e), 0);
    for (set_to = 0; set_to < 2; set_to++) {
        CU_ASSERT_EQUAL(pb_machine_load(m, state->data, state->len, &e), 0);
        for (uint32_t i = 0; i < 6; i++) {
            CU_ASSERT_STRING_EQUAL(s[i]->lines, set_to ? "2=0 " : "2=1 2=0 ");
            CU_ASSERT_TRUE(pb_line_service.level(s[i]->d, 2));
            s[i]->lines[0] = '\0';
        }
    }
    pb_line_set(fx_out(from, 0), 0);
    for (uint32_t i = 0; i < 6; i++)
        CU_ASSERT_STRING_EQUAL(s[i]->lines, "2=0 ");
    pb_err_clear(&e);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "no line is told twice when a state is loaded", test);
}
