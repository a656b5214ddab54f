/* SPDX-License-Identifier: MIT */
/* options.c - the user's -smbios options: fields of structures, and files of whole structures.
 * QEMU documentation, -smbios; DSP0134 6.1.2 (headers), 6.1.3 (strings).
 *
 * Not modelled: vm=off (a virtual machine says that it is one). */
#include "smbios.h"

#include <stdlib.h>
#include <string.h>

#define MOST 1000u /* options, and values */
#define HEADER 4u

enum kind { STRING, NUMBER8, NUMBER16, NUMBER64, RELEASE, UUID, SWITCH, ON, PATH, KIND };

static const struct field {
    uint32_t type;
    const char *name;
    enum kind kind;
} fields[] = {
    {0, "vendor", STRING}, {0, "version", STRING}, {0, "date", STRING}, {0, "release", RELEASE},
    {0, "uefi", SWITCH}, {0, "vm", ON},
    {1, "manufacturer", STRING}, {1, "product", STRING}, {1, "version", STRING},
    {1, "serial", STRING}, {1, "uuid", UUID}, {1, "sku", STRING}, {1, "family", STRING},
    {2, "manufacturer", STRING}, {2, "product", STRING}, {2, "version", STRING},
    {2, "serial", STRING}, {2, "asset", STRING}, {2, "location", STRING},
    {3, "manufacturer", STRING}, {3, "version", STRING}, {3, "serial", STRING},
    {3, "asset", STRING}, {3, "sku", STRING},
    {4, "sock_pfx", STRING}, {4, "manufacturer", STRING}, {4, "version", STRING},
    {4, "serial", STRING}, {4, "asset", STRING}, {4, "part", STRING}, {4, "max-speed", NUMBER16},
    {4, "current-speed", NUMBER16}, {4, "processor-id", NUMBER64},
    {4, "processor-family", NUMBER16},
    {8, "internal_reference", STRING}, {8, "external_reference", STRING},
    {8, "connector_type", NUMBER8}, {8, "port_type", NUMBER8},
    {9, "slot_designation", STRING}, {9, "slot_type", NUMBER8},
    {9, "slot_data_bus_width", NUMBER8}, {9, "current_usage", NUMBER8},
    {9, "slot_length", NUMBER8}, {9, "slot_id", NUMBER16},
    {9, "slot_characteristics1", NUMBER8}, {9, "slot_characteristics2", NUMBER8},
    {9, "pci_device", STRING},
    {11, "value", STRING}, {11, "path", PATH},
    {17, "loc_pfx", STRING}, {17, "bank", STRING}, {17, "manufacturer", STRING},
    {17, "serial", STRING}, {17, "asset", STRING}, {17, "part", STRING}, {17, "speed", NUMBER16},
    {41, "designation", STRING}, {41, "kind", KIND}, {41, "instance", NUMBER8},
    {41, "pcidev", STRING},
};
#define FIELDS (sizeof fields / sizeof *fields)

/* ---- Values ------------------------------------------------------------------------ */

int smbios_uuid(const char *text, uint8_t *out)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    uint32_t n = 0;

    if (strlen(text) != sizeof form - 1)
        return -1;
    for (uint32_t i = 0; form[i]; i++) {
        char c = text[i], low = (char)(c | 0x20);
        int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if ((form[i] == '-') != (c == '-') || (form[i] == 'x' && digit < 0))
            return -1;
        if (form[i] == 'x') {
            out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] | digit : digit << 4);
            n++;
        }
    }
    return 0;
}

static int is_number(const char *v, uint64_t most)
{
    char *end;
    uint64_t n = strtoull(v, &end, 0);

    return *v >= '0' && *v <= '9' && !*end && n <= most;
}

/* What is wrong with it; NULL: nothing. */
static const char *wrong(const struct field *f, const char *v)
{
    uint8_t uuid[16];
    char *end;

    switch (f->kind) {
    case NUMBER8: return is_number(v, UINT8_MAX) ? NULL : "is no number up to 255";
    case NUMBER16: return is_number(v, UINT16_MAX) ? NULL : "is no number up to 65535";
    case NUMBER64: return is_number(v, UINT64_MAX) ? NULL : "is no number";
    case SWITCH: return strcmp(v, "on") && strcmp(v, "off") ? "is on or off" : NULL;
    case ON: return strcmp(v, "on") ? "is on: a virtual machine says that it is one" : NULL;
    case KIND:
        for (uint32_t i = 0; smbios_kinds[i]; i++)
            if (!strcmp(v, smbios_kinds[i]))
                return NULL;
        return "is other, unknown, video, scsi, ethernet, tokenring, sound, pata, sata or sas";
    case UUID:
        return smbios_uuid(v, uuid) ? "is no UUID; they look like "
                                      "12345678-1234-1234-1234-123456789abc" : NULL;
    case RELEASE:
        if (*v < '0' || *v > '9' || strtoul(v, &end, 10) > 255 || *end != '.' || end[1] < '0' ||
            end[1] > '9' || strtoul(end + 1, &end, 10) > 255 || *end)
            return "is no MAJOR.MINOR, each up to 255";
        return NULL;
    default: return NULL;
    }
}

/* ---- The text ---------------------------------------------------------------------- */

/* The next KEY=VALUE, a comma in a value being two; NULL at the end. Both end with a NUL then. */
static char *next(char **at, char **value)
{
    char *key = *at, *in = key, *out = key;

    if (!*key)
        return NULL;
    while (*in && (*in != ',' || in[1] == ',')) {
        in += *in == ',';
        *out++ = *in++;
    }
    *at = *in ? in + 1 : in;
    *out = 0;
    *value = strchr(key, '=');
    if (*value)
        *(*value)++ = 0;
    return key;
}

static int add(struct boot *b, struct smbios_user *u, uint32_t type, const char *name,
               const char *value, pb_err *e)
{
    if (u->n == MOST)
        return boot_fail(b, e, PB_EINVAL, "-smbios: more than %u values", MOST);
    struct smbios_value *v = realloc(u->v, (u->n + 1) * sizeof *v);
    if (!v)
        return boot_fail(b, e, PB_ENOMEM, "-smbios: out of memory");
    u->v = v;
    v[u->n++] = (struct smbios_value){type, u->n_options, name, value};
    return PB_OK;
}

static int known_type(uint32_t type)
{
    for (size_t i = 0; i < FIELDS; i++) {
        if (fields[i].type == type)
            return 1;
    }
    return 0;
}

/* path= of type 11: the file is the string. */
static int add_path(struct boot *b, struct smbios_user *u, const char *path, pb_err *e)
{
    char text[IMAGE_TEXT], **more = realloc(u->text, (u->n_texts + 1) * sizeof *more);
    struct image m;

    if (!more)
        return boot_fail(b, e, PB_ENOMEM, "-smbios: out of memory");
    u->text = more;
    if (image_open(&m, path, text) < 0)
        return boot_fail(b, e, PB_ENOENT, "-smbios type=11: path: %s", text);
    uint64_t len = m.len;
    char *copy = len < 1 << 20 ? malloc(len + 1) : NULL;
    if (copy) {
        memcpy(copy, m.data, len);
        copy[len] = 0;
    }
    image_free(&m);
    if (!copy)
        return boot_fail(b, e, PB_EINVAL, "-smbios type=11: '%s' is larger than 1 MiB", path);
    more[u->n_texts++] = copy;
    if (strlen(copy) != len)
        return boot_fail(b, e, PB_EINVAL, "-smbios type=11: '%s' has a NUL in it, where the guest "
                         "would see its end", path);
    return add(b, u, 11, "value", copy, e);
}

static int one_field(struct boot *b, struct smbios_user *u, uint32_t type, const char *key,
                     const char *value, pb_err *e)
{
    for (size_t i = 0; i < FIELDS; i++) {
        const struct field *f = &fields[i];
        if (f->type != type || strcmp(f->name, key))
            continue;
        const char *why = value ? wrong(f, value) : "needs a value";
        if (why)
            return boot_fail(b, e, PB_EINVAL, "-smbios type=%u: %s %s", type, key, why);
        return f->kind == PATH ? add_path(b, u, value, e) : add(b, u, type, f->name, value, e);
    }
    char text[300] = "";
    for (size_t i = 0; i < FIELDS; i++) {
        size_t n = strlen(text);
        if (fields[i].type == type)
            snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "", fields[i].name);
    }
    return boot_fail(b, e, PB_EINVAL, "-smbios type=%u: no field '%s'; there are %s", type, key,
                     text);
}

static int take(struct boot *b, struct smbios_user *u, char *text, pb_err *e);

int smbios_options(struct boot *b, struct smbios_user *u, pb_err *e)
{
    char name[16];
    const char *given;

    *u = (struct smbios_user){0};
    for (uint32_t i = 0; i < MOST; i++) {
        snprintf(name, sizeof name, "smbios%u", i);
        if (!(given = b->board->option(b->dev, name)))
            break;
        b->board->used(b->dev, name);
        char **more = realloc(u->text, (u->n_texts + 1) * sizeof *more), *copy = strdup(given);
        if (more)
            u->text = more;
        if (!more || !copy) {
            free(copy);
            return boot_fail(b, e, PB_ENOMEM, "-smbios: out of memory");
        }
        u->text[u->n_texts++] = copy;
        int rc = take(b, u, copy, e);
        if (rc < 0)
            return rc;
        u->n_options++;
    }
    return PB_OK;
}

void smbios_options_free(struct smbios_user *u)
{
    for (uint32_t i = 0; i < u->n_texts; i++)
        free(u->text[i]);
    free(u->text);
    free(u->v);
    free(u->files.data);
}

const char *smbios_value(const struct smbios_user *u, uint32_t type, const char *name)
{
    for (uint32_t i = u->n; i-- > 0;) {
        if (u->v[i].type == type && strcmp(u->v[i].name, name) == 0)
            return u->v[i].value;
    }
    return NULL;
}

int smbios_given(const struct smbios_user *u, uint32_t type)
{
    for (uint32_t i = 0; i < u->n; i++) {
        if (u->v[i].type == type)
            return 1;
    }
    return 0;
}

/* ---- Files ------------------------------------------------------------------------- */

/* Bytes of the structure there with its strings; 0: it is not whole. */
static uint32_t structure(const uint8_t *at, uint32_t left)
{
    if (left < HEADER || at[1] < HEADER || at[1] > left)
        return 0;
    for (uint32_t i = at[1]; i + 1 < left; i++) {
        if (!at[i] && !at[i + 1])
            return i + 2;
    }
    return 0;
}

int smbios_in_files(const struct smbios_user *u, uint32_t type)
{
    for (uint32_t at = 0, n; at < u->files.len; at += n) {
        n = structure(u->files.data + at, u->files.len - at);
        if (u->files.data[at] == type)
            return 1;
    }
    return 0;
}

static int add_file(struct boot *b, struct smbios_user *u, const char *path, pb_err *e)
{
    char text[IMAGE_TEXT];
    struct image m;
    uint32_t at = 0, n = 1;

    if (image_open(&m, path, text) < 0)
        return boot_fail(b, e, PB_ENOENT, "-smbios: %s", text);
    uint32_t len = m.len < 1 << 20 ? (uint32_t)m.len : 0;
    while (at < len && (n = structure(m.data + at, len - at)) != 0)
        at += n;
    if (len && n)
        acpi_put(&u->files, m.data, len);
    image_free(&m);
    if (!len || !n)
        return boot_fail(b, e, PB_EINVAL, "-smbios: '%s' holds no SMBIOS structures: what is at "
                         "byte %u is not whole; the file is a copy of tables, with their strings",
                         path, at);
    return u->files.failed ? boot_fail(b, e, PB_ENOMEM, "-smbios: out of memory") : PB_OK;
}

static int take(struct boot *b, struct smbios_user *u, char *text, pb_err *e)
{
    char *key, *value, *end;
    int rc = PB_OK;

    if (!(key = next(&text, &value)) || !value || (strcmp(key, "type") && strcmp(key, "file")))
        return boot_fail(b, e, PB_EINVAL, "-smbios: expected type=N,FIELD=VALUE… or file=FILE");
    if (strcmp(key, "file") == 0) {
        if (*text)
            return boot_fail(b, e, PB_EINVAL, "-smbios: file= stands alone, not with '%s'", text);
        return add_file(b, u, value, e);
    }
    unsigned long type = strtoul(value, &end, 10);
    if (!*value || *end || type > 255 || !known_type((uint32_t)type))
        return boot_fail(b, e, PB_EINVAL, "-smbios type=%s: fields are known of types 0, 1, 2, 3, "
                         "4, 8, 9, 11, 17 and 41; give others by file=FILE", value);
    while (rc == PB_OK && (key = next(&text, &value)) != NULL)
        rc = one_field(b, u, (uint32_t)type, key, value, e);
    return rc;
}
