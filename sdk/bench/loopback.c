/* SPDX-License-Identifier: MIT */
/* loopback.c - the properties of a class about which nothing is known but its table: links to
 * backends get loop-back ones.
 */
#include "internal.h"

#include <stdlib.h>

static const char *backend_for(const struct pb_prop *p)
{
    static const char *const ids[] = {PB_IF_CHAR, PB_IF_BLOCK, PB_IF_NET, PB_IF_FS};

    for (const char *const *c = p->choices; c && *c; c++)
        for (int i = 0; i < 4; i++)
            if (strcmp(*c, ids[i]) == 0)
                return ids[i];
    return NULL;
}

/* A share that knows no request: Rlerror EOPNOTSUPP, with the tag of the question. */
static int32_t no_share(void *user, const uint8_t *t, uint32_t n, uint8_t *r, uint32_t max)
{
    const uint8_t answer[11] = {11, 0, 0, 0, 7, n > 6 ? t[5] : 0, n > 6 ? t[6] : 0, 95, 0, 0, 0};

    (void)user;
    if (max < sizeof answer)
        return PB_EINVAL;
    memcpy(r, answer, sizeof answer);
    return sizeof answer;
}

static int is_given(const char *props, const char *key)
{
    size_t n = strlen(key);

    for (const char *p = props; p && *p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
        if (strncmp(p, key, n) == 0 && (p[n] == '=' || p[n] == ',' || !p[n]))
            return 1;
    return 0;
}

static void make_one(pbt *b, const char *kind, const char *name)
{
    if (strcmp(kind, PB_IF_CHAR) == 0)
        pbt_char_new(b, name);
    else if (strcmp(kind, PB_IF_BLOCK) == 0)
        pbt_block_new(b, name, 32u << 20, 0);
    else if (strcmp(kind, PB_IF_NET) == 0)
        pbt_net_new(b, name);
    else
        pbt_fs_new(b, name, no_share, NULL);
}

char *pbt_loopbacks(pbt *b, const struct pb_prop *p, uint32_t n, const char *given, uint32_t bare,
                    const char **missing)
{
    char *out = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&out, &len);

    if (!f)
        pbt__die(b, "out of memory");
    fputs(given ? given : "", f);
    for (uint32_t i = 0; i < n; i++) {
        const char *kind = p[i].type == PB_T_LINK ? backend_for(&p[i]) : NULL;
        if (is_given(given, p[i].name))
            continue;
        if ((p[i].flags & PB_P_REQUIRED) && !kind && !p[i].def) {
            fclose(f);
            free(out);
            *missing = p[i].name;
            return NULL;
        }
        if (!kind || (bare && !(p[i].flags & PB_P_REQUIRED)))
            continue;
        make_one(b, kind, p[i].name);
        fprintf(f, "%s%s=%s", ftell(f) ? "," : "", p[i].name, p[i].name);
    }
    fclose(f);
    return out;
}
