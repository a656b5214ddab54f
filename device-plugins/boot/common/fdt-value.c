/* SPDX-License-Identifier: MIT */
/* fdt-value.c - a manifest's text for a device-tree property, as its bytes.
 * Devicetree Specification 0.4, 2.2.4 and 6 (the notation).
 *
 *     <0x10 &plic>, <2>    cells; &NAME is the phandle of the device of that name
 *     "two words", "b"     strings
 *     ns16550a other,name  strings too: words between blanks
 *     (nothing)            an empty property
 */
#include "boot.h"

#include <stdlib.h>
#include <string.h>

static int bad(char *text, const char *what, const char *at)
{
    snprintf(text, IMAGE_TEXT, "%s at '%.40s'", what, at);
    return -1;
}

static pb_dev *by_name(struct boot *b, const char *name, size_t n)
{
    pb_dev *d;

    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        const char *dn = b->board->dev_name(d);
        if (strlen(dn) == n && memcmp(dn, name, n) == 0)
            return d;
    }
    return NULL;
}

static int one_cell(struct boot *b, const char **p, uint32_t *v, char *text)
{
    if (**p == '&') {
        size_t n = strcspn(*p + 1, " >\t");
        pb_dev *d = by_name(b, *p + 1, n);
        *v = d ? boot_dev_phandle(b, d) : 0;
        if (!*v)
            return bad(text, "no device of that name in the device tree", *p);
        *p += 1 + n;
        return 0;
    }
    char *end;
    unsigned long long x = strtoull(*p, &end, 0);
    if (end == *p || x > UINT32_MAX)
        return bad(text, "expected a number of 32 bits or &NAME", *p);
    *v = (uint32_t)x;
    *p = end;
    return 0;
}

static int cells(struct boot *b, const char *p, uint8_t *out, char *text)
{
    int n = 0;

    for (;;) {
        uint32_t v;
        p += strspn(p, " \t,");
        if (*p == '<') {
            p++;
            continue;
        }
        if (*p == '>') {
            p += 1 + strspn(p + 1, " \t");
            if (!*p)
                return n;
            if (*p != ',')
                return bad(text, "expected ','", p);
            continue;
        }
        if (!*p)
            return bad(text, "expected '>'", "the end");
        if (one_cell(b, &p, &v, text) < 0)
            return -1;
        if (n + 4 > BOOT_VALUE_MAX)
            return bad(text, "too long", p);
        for (int i = 3; i >= 0; i--)
            out[n++] = (uint8_t)(v >> (8 * i));
    }
}

static int quoted(const char *p, uint8_t *out, char *text)
{
    int n = 0;

    while (*p) {
        if (*p != '"')
            return bad(text, "expected '\"'", p);
        size_t len = strcspn(p + 1, "\"");
        if (p[1 + len] != '"')
            return bad(text, "the string does not end", p);
        if (n + len + 1 > BOOT_VALUE_MAX)
            return bad(text, "too long", p);
        memcpy(out + n, p + 1, len);
        n += (int)len;
        out[n++] = 0;
        p += len + 2;
        p += strspn(p, " \t,");
    }
    return n;
}

int boot_fdt_value(struct boot *b, const char *value, uint8_t *out, char *text)
{
    int n = 0;

    value += strspn(value, " \t");
    if (*value == '<')
        return cells(b, value, out, text);
    if (*value == '"')
        return quoted(value, out, text);
    while (*value) {
        size_t len = strcspn(value, " \t");
        if (n + len + 1 > BOOT_VALUE_MAX)
            return bad(text, "too long", value);
        memcpy(out + n, value, len);
        n += (int)len;
        out[n++] = 0;
        value += len + strspn(value + len, " \t");
    }
    return n;
}

static int refers(const char *value, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = value; p && (p = strchr(p, '&')) != NULL; p++) {
        if (strncmp(p + 1, name, n) == 0 && strchr(" >\t", p[1 + n]))
            return 1;
    }
    return 0;
}

static int keys_refer(struct boot *b, pb_dev *d, const char *name)
{
    const char *key;

    for (uint32_t i = 0; (key = b->board->dev_fdt_key(d, i)) != NULL; i++) {
        if (refers(b->board->dev_fdt(d, key), name))
            return 1;
    }
    return 0;
}

int boot_fdt_referred(struct boot *b, const char *name)
{
    pb_dev *d;

    if (keys_refer(b, b->dev, name))
        return 1;
    for (uint32_t i = 0; (d = b->board->device(b->dev, i)) != NULL; i++) {
        if (keys_refer(b, d, name))
            return 1;
    }
    return 0;
}
