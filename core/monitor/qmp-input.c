/* SPDX-License-Identifier: MIT */
/* qmp-input.c - keys and pointers, pictures and memory of the guest. */
#include "qmp.h"

#include "keys.h"

#include <plugboard/input.h>

#include <string.h>

/* ---- Keys -------------------------------------------------------------------------------- */

/* A KeyValue's name as sendkey has it; NULL and `e`: it is none. */
static char *key_name(struct pb_qmp *q, const struct pb_json *key)
{
    const struct pb_json *data = pb_json_get(key, "data");
    gboolean number = !strcmp(pb_json_get(key, "type")->text, "number");
    gint64 code;

    if (number && data->type == PB_JSON_NUMBER &&
        g_ascii_string_to_signed(data->text, 10, 1, 255, &code, NULL))
        return g_strdup_printf("0x%x", (unsigned)code);
    if (!number && data->type == PB_JSON_STRING && !strchr(data->text, '-') &&
        pb_key_named(data->text) >= 0)
        return g_strdup(data->text);
    pb_err_set(q->e, PB_EINVAL, "Parameter 'data' does not accept value '%s'",
               data->text ? data->text : "");
    return NULL;
}

int pb_qmp_send_key(struct pb_qmp *q)
{
    const struct pb_json *keys = pb_json_get(q->args, "keys");
    const char *hold = pb_qmp_text(q, "hold-time");
    g_autoptr(GString) names = g_string_new(NULL);

    for (guint i = 0; i < keys->items->len; i++) {
        g_autofree char *name = key_name(q, keys->items->pdata[i]);
        if (!name)
            return PB_EINVAL;
        g_string_append_printf(names, "%s%s", names->len ? "-" : "", name);
    }
    char *v[] = {names->str, (char *)hold, NULL};
    return pb_mon_sendkey(q->mon, hold ? 2 : 1, v, q->e);
}

/* ---- Events ------------------------------------------------------------------------------ */

static const struct { const char *name; int code; } buttons[] = {
    {"left", PB_BTN_LEFT}, {"right", PB_BTN_LEFT + 1}, {"middle", PB_BTN_LEFT + 2}};

static const char key_form[] = "key:KeyValue down:bool", button_form[] = "button:InputButton "
    "down:bool", move_form[] = "axis:InputAxis value:int";

static int one_event(struct pb_qmp *q, const struct pb_json *j, struct pb_input_event *ev)
{
    const char *type = pb_json_get(j, "type")->text;
    const struct pb_json *data = pb_json_get(j, "data");
    gboolean key = !strcmp(type, "key"), button = !strcmp(type, "btn");

    if (data->type != PB_JSON_OBJECT)
        return pb_err_set(q->e, PB_EINVAL, "Invalid parameter type for 'data', expected: object");
    if (pb_qmp_check(key ? key_form : button ? button_form : move_form, data, q->e) < 0)
        return PB_EINVAL;
    if (!key && !button) {
        gint64 value;
        if (!g_ascii_string_to_signed(pb_json_get(data, "value")->text, 10, -PB_INPUT_AXIS_MAX,
                                      PB_INPUT_AXIS_MAX, &value, NULL))
            return pb_err_set(q->e, PB_EINVAL, "Parameter 'value' is from -%d to %d",
                              PB_INPUT_AXIS_MAX, PB_INPUT_AXIS_MAX);
        *ev = (struct pb_input_event){
            !strcmp(type, "rel") ? PB_INPUT_MOVE : PB_INPUT_PLACE,
            !strcmp(pb_json_get(data, "axis")->text, "x") ? PB_AXIS_X : PB_AXIS_Y,
            (int32_t)value, 0};
        return PB_OK;
    }
    *ev = (struct pb_input_event){PB_INPUT_KEY, 0, *pb_json_get(data, "down")->text == 't', 0};
    if (key) {
        g_autofree char *name = key_name(q, pb_json_get(data, "key"));
        if (!name)
            return PB_EINVAL;
        ev->code = (uint32_t)pb_key_named(name);
    }
    for (guint i = 0; button && i < G_N_ELEMENTS(buttons); i++)
        if (!strcmp(buttons[i].name, pb_json_get(data, "button")->text))
            ev->code = (uint32_t)buttons[i].code;
    return PB_OK;
}

#define EVENTS_MAX 64

/* All of them are looked at before the first is sent; runs for one device go at once. */
int pb_qmp_input_events(struct pb_qmp *q)
{
    const struct pb_json *list = pb_json_get(q->args, "events");
    struct pb_input_event ev[EVENTS_MAX];
    gboolean keys[EVENTS_MAX];
    guint n = list->items->len, run;

    if (n > EVENTS_MAX)
        return pb_err_set(q->e, PB_EINVAL, "Parameter 'events' takes %d at most", EVENTS_MAX);
    for (guint i = 0; i < n; i++) {
        const struct pb_json *j = list->items->pdata[i];
        if (one_event(q, j, &ev[i]) < 0)
            return PB_EINVAL;
        keys[i] = !strcmp(pb_json_get(j, "type")->text, "key");
    }
    for (guint i = 0; i < n; i += run) {
        for (run = 1; i + run < n && keys[i + run] == keys[i]; run++)
            ;
        int r = pb_mon_input(q->mon, keys[i], &ev[i], run, q->e);
        if (r < 0)
            return r;
    }
    return PB_OK;
}

int pb_qmp_query_mice(struct pb_qmp *q)
{
    const struct pb_input *p;
    gboolean now;

    pb_write_open(q->w, PB_QMP_RETURN, '[');
    for (guint i = 0; (p = pb_mon_mouse(q->mon, i, &now)); i++) {
        pb_write_open(q->w, NULL, '{');
        pb_write_text(q->w, "name", p->title);
        pb_write_uint(q->w, "index", i);
        pb_write_bool(q->w, "current", now);
        pb_write_bool(q->w, "absolute", (p->takes & PB_INPUT_ABSOLUTE) != 0);
        pb_write_close(q->w, '}');
    }
    pb_write_close(q->w, ']');
    return PB_OK;
}

/* ---- Files ------------------------------------------------------------------------------- */

int pb_qmp_screendump(struct pb_qmp *q)
{
    const char *format = pb_qmp_text(q, "format");

    return pb_mon_save_screen(q->mon, pb_qmp_text(q, "filename"),
                              format && !strcmp(format, "png"), q->e);
}

static int save(struct pb_qmp *q, gboolean virt)
{
    gint64 cpu = pb_qmp_int(q, "cpu-index", q->mon->cpu), bytes = pb_qmp_int(q, "size", 0);
    struct pb_mon mon = {.m = q->m, .cpu = (guint)cpu};

    if (cpu < 0 || cpu >= q->m->cpus->len)
        return pb_err_set(q->e, PB_EINVAL, "Parameter 'cpu-index' expects a CPU number");
    if (bytes < 0)
        return pb_err_set(q->e, PB_EINVAL, "Parameter 'size' expects a size");
    return pb_mon_save_memory(&mon, virt, (uint64_t)pb_qmp_int(q, "val", 0), (uint64_t)bytes,
                              pb_qmp_text(q, "filename"), q->e);
}

int pb_qmp_memsave(struct pb_qmp *q)
{
    return save(q, TRUE);
}

int pb_qmp_pmemsave(struct pb_qmp *q)
{
    return save(q, FALSE);
}

int pb_qmp_inject_nmi(struct pb_qmp *q)
{
    return pb_err_set(q->e, PB_ENOTSUP, "machine does not provide NMIs");
}
