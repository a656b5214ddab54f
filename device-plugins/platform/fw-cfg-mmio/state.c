/* SPDX-License-Identifier: MIT */
/* state.c - files and given items in a saved state, whose lengths are what they are. */
#include "fw-cfg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t given[] = FW_CFG_GIVEN;

/* "length" and "data" with their number. */
static int save_bytes(const struct pb_svc_state *st, pb_state *s, const char *kind, uint32_t i,
                      const struct item *it)
{
    char name[32];
    int rc;

    snprintf(name, sizeof name, "%slength%u", kind, i);
    if ((rc = st->put(s, name, PB_S_U32, &it->len, 1)) < 0)
        return rc;
    snprintf(name, sizeof name, "%sdata%u", kind, i);
    return it->len ? st->put(s, name, PB_S_BYTES, it->data, it->len) : PB_OK;
}

int fw_cfg_save(void *self, pb_state *s, pb_err *e)
{
    struct fw_cfg *f = self;
    const struct pb_svc_state *st = f->h->get(f->h, PB_SVC_STATE);
    int rc = st->put(s, "files", PB_S_U32, &f->n_files, 1);
    char name[32];

    for (uint32_t i = 0; i < f->n_files && rc >= 0; i++) {
        const struct item *it = &f->file[i];
        snprintf(name, sizeof name, "name%u", i);
        rc = st->put(s, name, PB_S_BYTES, it->name, sizeof it->name);
        if (rc >= 0)
            rc = save_bytes(st, s, "", i, it);
    }
    for (uint32_t i = 0; i < sizeof given && rc >= 0; i++)
        rc = save_bytes(st, s, "item-", given[i], &f->fixed[given[i]]);
    return rc < 0 ? f->h->fail(e, rc, "fw-cfg-mmio: cannot save the files") : PB_OK;
}

#define FILE_MAX (512u << 20) /* bytes of a file in saved state */

/* `it` is empty. */
static int load_bytes(const struct pb_svc_state *st, pb_state *s, const char *kind, uint32_t i,
                      struct item *it)
{
    uint32_t len = 0;
    char name[32];

    snprintf(name, sizeof name, "%slength%u", kind, i);
    if (st->get(s, name, PB_S_U32, &len, 1) < 0 || len > FILE_MAX)
        return PB_EINVAL;
    it->data = malloc(len ? len : 1);
    if (!it->data)
        return PB_ENOMEM;
    it->len = len;
    snprintf(name, sizeof name, "%sdata%u", kind, i);
    return len ? st->get(s, name, PB_S_BYTES, it->data, len) : PB_OK;
}

/* Version 1 had none: then those go that this machine was started with. */
static int load_items(struct fw_cfg *f, const struct pb_svc_state *st, pb_state *s)
{
    int rc = PB_OK;

    for (uint32_t i = 0; i < sizeof given && rc >= 0; i++) {
        struct item *it = &f->fixed[given[i]];
        free(it->data);
        memset(it, 0, sizeof *it);
        if (st->version(s) > (given[i] == KEY_MENU ? 2 : 1))
            rc = load_bytes(st, s, "item-", given[i], it);
    }
    return rc;
}

static int load_file(struct fw_cfg *f, const struct pb_svc_state *st, pb_state *s, uint32_t i)
{
    struct item *it = &f->file[i];
    char name[32];

    snprintf(name, sizeof name, "name%u", i);
    if (st->get(s, name, PB_S_BYTES, it->name, sizeof it->name) < 0)
        return PB_EINVAL;
    it->name[NAME_MAX_LEN] = 0;
    f->n_files = i + 1; /* freed with the device from here on */
    return load_bytes(st, s, "", i, it);
}

int fw_cfg_load(void *self, pb_state *s, pb_err *e)
{
    struct fw_cfg *f = self;
    const struct pb_svc_state *st = f->h->get(f->h, PB_SVC_STATE);
    uint32_t n = 0;
    int rc = st->get(s, "files", PB_S_U32, &n, 1);

    if (rc < 0 || n > MAX_FILES)
        return f->h->fail(e, PB_EINVAL, "fw-cfg-mmio: the saved state has no good file count");
    while (f->n_files) {
        struct item *it = &f->file[--f->n_files];
        free(it->data);
        memset(it, 0, sizeof *it);
    }
    for (uint32_t i = 0; i < n; i++) {
        if ((rc = load_file(f, st, s, i)) < 0)
            return f->h->fail(e, rc, "fw-cfg-mmio: a saved file is damaged");
    }
    if ((rc = load_items(f, st, s)) < 0)
        return f->h->fail(e, rc, "fw-cfg-mmio: a saved item is damaged");
    return fw_cfg_make_directory(f) < 0 ? f->h->fail(e, PB_ENOMEM, "fw_cfg: out of memory") : PB_OK;
}
