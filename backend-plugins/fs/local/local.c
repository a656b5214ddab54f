/* SPDX-License-Identifier: MIT */
/* local.c - file share `local`: a directory of the host, by 9P2000.L. See local.h. */
#include "local.h"

#include <plugboard/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { P_PATH, P_MODEL, P_READONLY, P_FMODE, P_DMODE };
enum { MAPPED = 4 }; /* as mapped-xattr, its older name */
static const char *const models[] = {"passthrough", "mapped-xattr", "mapped-file", "none", "mapped",
                                     NULL};
static const struct pb_prop props[] = {
    {.name = "path", .doc = "directory to share", .type = PB_T_STR, .flags = PB_P_REQUIRED},
    {.name = "security_model", .doc = "whose the guest's files are", .choices = models,
     .type = PB_T_ENUM},
    {.name = "readonly", .doc = "refuse every change", .def = "off", .type = PB_T_BOOL},
    {.name = "fmode", .doc = "mode of new files in the mapped models", .def = "0600",
     .type = PB_T_UINT, .min = 0, .max = 0777},
    {.name = "dmode", .doc = "mode of new directories in the mapped models", .def = "0700",
     .type = PB_T_UINT, .min = 0, .max = 0777},
};

/* A guest may keep a fid for every file it has seen. */
static void raise_file_limit(void)
{
    struct rlimit l;

    if (!getrlimit(RLIMIT_NOFILE, &l) && l.rlim_cur < l.rlim_max) {
        l.rlim_cur = l.rlim_max;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

static int local_open(void *self, pb_dev *node, const pb_host *h, pb_err *e)
{
    struct share *s = self;
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct stat st;
    char text[600];

    s->node = node;
    s->h = h;
    s->thread = h->get(h, PB_SVC_THREAD);
    s->path = prop->get_str(node, P_PATH);
    if (!prop->is_set(node, P_MODEL))
        return h->fail(e, PB_EINVAL,
                       "security_model property not set\nvalid options are: "
                       "security_model=[passthrough|mapped-xattr|mapped-file|none]");
    int64_t model = prop->get_int(node, P_MODEL);
    s->model = model == MAPPED ? MAPPED_XATTR : (enum model)model;
    s->read_only = (uint32_t)prop->get_int(node, P_READONLY);
    s->fmode = (uint32_t)prop->get_int(node, P_FMODE);
    s->dmode = (uint32_t)prop->get_int(node, P_DMODE);
    s->root = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->root < 0 || fstat(s->root, &st) || faccessat(s->root, ".", R_OK | X_OK, AT_EACCESS)) {
        snprintf(text, sizeof text, "cannot share '%s': %s: it takes a directory that this user may "
                                    "read", s->path, strerror(errno));
        if (s->root >= 0)
            close(s->root);
        return h->fail(e, PB_ENOENT, text);
    }
    s->root_dev = st.st_dev;
    s->root_ino = st.st_ino;
    s->msize = 8192;
    pthread_mutex_init(&s->lock, NULL);
    raise_file_limit();
    return PB_OK;
}

static void local_reset(void *self)
{
    fid_drop_all(self);
}

static void local_close(void *self)
{
    struct share *s = self;

    fid_drop_all(s);
    close(s->root);
    pthread_mutex_destroy(&s->lock);
}

static void describe(void *self, char *buf, uint32_t n)
{
    struct share *s = self;
    snprintf(buf, n, "%s, %s%s", s->path, models[s->model], s->read_only ? ", read-only" : "");
}

static const struct pb_fs_ops ops = {
    .size = sizeof ops, .submit = message_submit, .reset = local_reset};

static const struct pb_backend_class local_class = {
    .size = sizeof local_class,
    .id = "local",
    .doc = "a directory of the host",
    .props = props,
    .n_props = sizeof props / sizeof *props,
    .instance_size = sizeof(struct share),
    .ops = &ops,
    .open = local_open,
    .close = local_close,
    .describe = describe,
};

static const struct pb_class_ref classes[] = {{PB_CLASS_FS, &local_class}};
static const char *const needs[] = {PB_SVC_FS, PB_SVC_THREAD, PB_SVC_PROP, NULL};

PB_PLUGIN_ENTRY = {
    .size = sizeof(struct pb_plugin),
    .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR,
    .flags = PB_PLUGIN_UNLOADABLE,
    .id = "org.plugboard.fs-local",
    .version = "0.1.0",
    .license = "MIT",
    .doc = "File share of a host directory",
    .needs = needs,
    .classes = classes,
    .n_classes = 1,
};
