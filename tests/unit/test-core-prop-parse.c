/* SPDX-License-Identifier: MIT */
/* Properties take QEMU's spellings, are range-checked, and fail in QEMU's words. */
#include "core-fixture.h"

static pb_dev *d;

struct row {
    const char *key, *value;
    int ok;
    const char *text; /* as read back, or part of the error */
};
static const struct row rows[] = {
    {"on", "yes", 1, "on"},
    {"on", "false", 1, "off"},
    {"on", "maybe", 0, "Property 'fx-serial.on' doesn't take value 'maybe'"},
    {"count", "100", 1, "100"},
    {"count", "0x10", 1, "16"},
    {"count", "1_0", 1, "10"},
    {"count", "010", 1, "8"},
    {"count", "0", 0, "'0' (minimum: 1, maximum: 100)"},
    {"count", "101", 0, "doesn't take value '101'"},
    {"count", "", 0, "doesn't take value ''"},
    {"count", "5x", 0, "doesn't take value '5x'"},
    {"count", "-1", 0, "doesn't take value '-1'"},
    {"count", "1__0", 0, "doesn't take value"},
    {"count", "_1", 0, "doesn't take value"},
    {"count", "18446744073709551616", 0, "doesn't take value"},
    {"temp", "-40", 1, "-40"},
    {"temp", "-0x10", 1, "-16"},
    {"temp", "-41", 0, "minimum: -40"},
    {"size", "64K", 1, "65536"},
    {"size", "1.5M", 1, "1572864"},
    {"size", "2g", 1, "2147483648"},
    {"size", "0x1000", 1, "4096"},
    {"size", "512b", 1, "512"},
    {"size", "1.5", 0, "doesn't take value '1.5'"},
    {"size", "16777216T", 0, "doesn't take value"},
    {"size", "64Q", 0, "doesn't take value"},
    {"size", "64KB", 0, "doesn't take value"},
    {"hz", "24M", 1, "24000000"},
    {"hz", "1.8432MHz", 1, "1843200"},
    {"hz", "50Hz", 1, "50"},
    {"mac", "52:54:00:12:34:56", 1, "52:54:00:12:34:56"},
    {"mac", "52-54-00-12-34-ff", 1, "52-54-00-12-34-ff"},
    {"mac", "xx", 0, "Property 'fx-serial.mac' doesn't take value 'xx'"},
    {"mac", "52:54:00:12:34", 0, "doesn't take value"},
    {"mac", "52:54:00:12:34:56:78", 0, "doesn't take value"},
    {"mac", "", 0, "doesn't take value"},
    {"colour", "blue", 1, "blue"},
    {"colour", "pink", 0, "doesn't take value 'pink'"},
    {"colr", "blue", 0, "Property 'fx-serial.colr' not found"},
};

static void links(struct pb_machine *m)
{
    pb_err e = {0};
    void *self;
    const struct pb_place at = {.file = "x.machine", .line = 3, .col = 9};
    pb_dev *x = fx_add(m, "fx-serial", "x"), *y = fx_add(m, "fx-serial", "y");

    CU_ASSERT_EQUAL(pb_dev_set(x, "peer", "y", NULL, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_realize(x, &e), 0); /* y comes later: its handle is known */
    CU_ASSERT_PTR_NOT_NULL(pb_prop_service.get_link(x, 6, "fx.id/1", &self));
    CU_ASSERT_PTR_EQUAL(self, y->self);
    CU_ASSERT_PTR_NULL(pb_prop_service.get_link(x, 6, "other/1", &self));
    CU_ASSERT_EQUAL(pb_prop_service.is_set(x, 6), 1);
    CU_ASSERT_EQUAL(pb_prop_service.is_set(x, 5), 0);
    CU_ASSERT_EQUAL(pb_prop_service.get_int(x, 5), 1); /* green */
    CU_ASSERT_EQUAL(pb_dev_set(y, "peer", "zzz", &at, &e), 0);
    CU_ASSERT_EQUAL(pb_dev_realize(y, &e), PB_ENOENT);
    CU_ASSERT_STRING_EQUAL(e.text,
                           "x.machine:3:9: Property 'fx-serial.peer' can't find value 'zzz'");
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_dev_set(x, "count", "5", NULL, &e), PB_EBUSY); /* realized */
    pb_err_clear(&e);
    CU_ASSERT_PTR_NULL(pb_dev_new(m, x->cls, "y", NULL, &e));
    CU_ASSERT_STRING_EQUAL(e.text, "Duplicate ID 'y' for device");
    pb_err_clear(&e);
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    pb_err e = {0};

    d = fx_add(m, "fx-serial", "d");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int rc = pb_dev_set(d, rows[i].key, rows[i].value, NULL, &e);
        g_autofree char *text = rc == 0 ? pb_dev_get_text(d, rows[i].key) : g_strdup(e.text);
        gboolean good = (rc == 0) == rows[i].ok &&
                        (rows[i].ok ? !strcmp(text, rows[i].text)
                                    : strstr(text, rows[i].text) != NULL);
        CU_ASSERT(good);
        if (!good)
            fprintf(stderr, "%s=%s: %s\n", rows[i].key, rows[i].value, text);
        pb_err_clear(&e);
    }
    CU_ASSERT_EQUAL(pb_dev_set(d, "colr", "x", NULL, &e), PB_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.hint, "did you mean 'colour'?");
    pb_err_clear(&e);
    CU_ASSERT_EQUAL(pb_dev_set(d, "colour", "x", NULL, &e), PB_EINVAL);
    CU_ASSERT_STRING_EQUAL(e.hint, "it takes: red, green, blue");
    pb_err_clear(&e);
    links(m);
    pb_machine_free(m);
}

int main(void)
{
    return fx_run("core", "properties are parsed and checked", test);
}
