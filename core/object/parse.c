/* SPDX-License-Identifier: MIT */
/* parse.c - numbers, sizes, frequencies, switches and addresses as users type them. */
#include "parse.h"

#include <errno.h>
#include <string.h>

gboolean pb_parse_bool(const char *s, int64_t *v)
{
    static const char *const yes[] = {"on", "yes", "true", "y"};
    static const char *const no[] = {"off", "no", "false", "n"};

    for (int i = 0; i < 4; i++) {
        if (!strcmp(s, yes[i]) || !strcmp(s, no[i])) {
            *v = !strcmp(s, yes[i]);
            return TRUE;
        }
    }
    return FALSE;
}

/* Digits of a C number up to what ends it; '_' may stand between digits. */
static gboolean magnitude(const char *s, uint64_t *v, const char **end)
{
    unsigned base = 10;
    gboolean any = FALSE, gap = FALSE;
    uint64_t n = 0;

    if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        base = 16;
        s += 2;
    } else if (s[0] == '0' && s[1] >= '0' && s[1] <= '7') {
        base = 8;
        s++;
    }
    for (;; s++) {
        int digit = g_ascii_xdigit_value(*s);
        if (*s == '_' && any && !gap) {
            gap = TRUE;
            continue;
        }
        if (digit < 0 || (unsigned)digit >= base)
            break;
        if (n > (UINT64_MAX - (unsigned)digit) / base)
            return FALSE;
        n = n * base + (unsigned)digit;
        any = TRUE;
        gap = FALSE;
    }
    *v = n;
    *end = s;
    return any && !gap;
}

gboolean pb_parse_uint(const char *s, uint64_t *v)
{
    const char *end;

    return magnitude(s, v, &end) && !*end;
}

gboolean pb_parse_int(const char *s, int64_t *v)
{
    gboolean minus = *s == '-';
    uint64_t n;

    if (!pb_parse_uint(s + minus, &n) || n > (uint64_t)INT64_MAX + minus)
        return FALSE;
    *v = minus ? (int64_t)-n : (int64_t)n;
    return TRUE;
}

/* Number with an optional fraction and a suffix out of `suffixes`, each `step` times the
 * one before. */
static gboolean scaled(const char *s, const char *suffixes, uint64_t step, gboolean plain_b,
                       uint64_t *v)
{
    const char *end;
    uint64_t n, scale = 1, frac = 0, parts = 1;

    if (!magnitude(s, &n, &end))
        return FALSE;
    if (*end == '.' && !(s[0] == '0' && (s[1] | 32) == 'x')) {
        end++;
        if (!g_ascii_isdigit(*end))
            return FALSE;
        for (; g_ascii_isdigit(*end); end++)
            if (parts < 1000000000) {
                frac = frac * 10 + (uint64_t)(*end - '0');
                parts *= 10;
            }
    }
    if (*end) {
        if (plain_b && (*end == 'b' || *end == 'B')) {
            end++;
        } else {
            const char *at = strchr(suffixes, g_ascii_toupper(*end));
            if (!at)
                return FALSE;
            for (long i = at - suffixes; i >= 0; i--)
                scale *= step;
            end++;
        }
    }
    if (*end || (scale > 1 && n > (UINT64_MAX - scale) / scale))
        return FALSE;
    /* Rounded to the nearest unit. */
    *v = n * scale + (uint64_t)((double)frac / (double)parts * (double)scale + 0.5);
    return scale > 1 || frac == 0;
}

gboolean pb_parse_size(const char *s, uint64_t *v)
{
    return scaled(s, "KMGTPE", 1024, TRUE, v);
}

gboolean pb_parse_freq(const char *s, uint64_t *v)
{
    g_autofree char *t = g_strdup(s);
    size_t n = strlen(t);

    if (n > 2 && !g_ascii_strcasecmp(t + n - 2, "hz"))
        t[n - 2] = 0;
    return scaled(t, "KMG", 1000, FALSE, v);
}

gboolean pb_parse_mac(const char *s, uint64_t *v)
{
    uint64_t n = 0;

    for (int i = 0; i < 6; i++) {
        int hi = g_ascii_xdigit_value(s[0]), lo = hi < 0 ? -1 : g_ascii_xdigit_value(s[1]);
        if (hi < 0 || lo < 0)
            return FALSE;
        n = n << 8 | (uint64_t)(hi << 4 | lo);
        s += 2;
        if (i < 5 ? *s != ':' && *s != '-' : *s != 0)
            return FALSE;
        s++;
    }
    *v = n;
    return TRUE;
}
