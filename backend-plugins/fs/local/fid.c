/* SPDX-License-Identifier: MIT */
/* fid.c - the table of fids. A fid that is dropped while a request uses it lives until
 * that request puts it back. */
#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static struct fid **bucket(struct share *s, uint32_t id)
{
    return &s->fids[(id * 2654435761u) >> 22];
}

static void fid_free(struct fid *f)
{
    if (f->dir)
        closedir(f->dir); /* closes io too */
    else if (f->io >= 0)
        close(f->io);
    close(f->path);
    if (f->xattr)
        free(f->xattr->value);
    free(f->xattr);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

struct fid *fid_get(struct share *s, uint32_t id)
{
    struct fid *f;

    pthread_mutex_lock(&s->lock);
    for (f = *bucket(s, id); f && f->id != id; f = f->next)
        ;
    if (f)
        f->users++;
    pthread_mutex_unlock(&s->lock);
    return f;
}

void fid_put(struct share *s, struct fid *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&s->lock);
    uint32_t left = --f->users;
    pthread_mutex_unlock(&s->lock);
    if (left == 0)
        fid_free(f);
}

int fid_add(struct share *s, uint32_t id, int path, struct fid **out)
{
    struct fid *f = calloc(1, sizeof *f), *old;
    struct fid **b = bucket(s, id);

    if (!f || id == NOFID) {
        free(f);
        close(path);
        return f ? EINVAL : ENOMEM;
    }
    f->id = id;
    f->path = path;
    f->io = -1;
    f->users = out ? 2 : 1;
    pthread_mutex_init(&f->lock, NULL);
    pthread_mutex_lock(&s->lock);
    for (old = *b; old && old->id != id; old = old->next)
        ;
    if (!old) {
        f->next = *b;
        *b = f;
    }
    pthread_mutex_unlock(&s->lock);
    if (old) {
        fid_free(f);
        return EBADF;
    }
    if (out)
        *out = f;
    return 0;
}

int fid_drop(struct share *s, uint32_t id)
{
    struct fid **p, *f = NULL;

    pthread_mutex_lock(&s->lock);
    for (p = bucket(s, id); *p && (*p)->id != id; p = &(*p)->next)
        ;
    if (*p) {
        f = *p;
        *p = f->next;
    }
    pthread_mutex_unlock(&s->lock);
    fid_put(s, f);
    return f ? 0 : EBADF;
}

void fid_drop_all(struct share *s)
{
    for (size_t i = 0; i < sizeof s->fids / sizeof *s->fids; i++) {
        for (;;) {
            pthread_mutex_lock(&s->lock);
            struct fid *f = s->fids[i];
            if (f)
                s->fids[i] = f->next;
            pthread_mutex_unlock(&s->lock);
            if (!f)
                break;
            fid_put(s, f);
        }
    }
}
