/* SPDX-License-Identifier: MIT */
/* host.h - a machine for the tests of backends: nodes from the built plugins and a device
 * that stands at the other end of each kind. */
#ifndef BACKEND_HOST_H
#define BACKEND_HOST_H

#include "backend/backend.h"
#include "machine/machine.h"
#include "object/object.h"
#include "object/host.h"
#include "thread/thread.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The device: links "drive", "netdev" and "chardev". */
struct bk_dev {
    pb_dev *d;
    pb_block *blk;
    pb_net *net;
    pb_char *chr;
};

extern struct pb_machine *bk_m;
extern const struct pb_svc_block *bk_blk;
extern const struct pb_svc_net *bk_net;
extern const struct pb_svc_char *bk_chr;

/* A node of class `cls` with "key=value key=value…" (no spaces in values). NULL: it failed
 * and bk_error holds the text. */
pb_dev *bk_try(enum pb_kind kind, const char *cls, const char *id, const char *props);
pb_dev *bk_node(enum pb_kind kind, const char *cls, const char *id, const char *props);
extern char bk_error[2000];
void bk_drop(pb_dev *d); /* unrealize and free */
/* The device on node `id` of that kind. */
struct bk_dev *bk_device(enum pb_kind kind, const char *id);
void bk_undevice(struct bk_dev *f);

/* One request, waited for; its status. */
int bk_io(struct bk_dev *f, uint32_t op, uint64_t at, void *buf, uint64_t len, uint32_t flags);
/* The same with buf cut into pieces of random sizes. */
int bk_iov(struct bk_dev *f, uint32_t op, uint64_t at, void *buf, uint64_t len, uint64_t *seed);
uint64_t bk_rand(uint64_t *s);
void bk_loop(int ms); /* run the main loop */
/* Run the main loop until fn(user) or `ms` went by; fn's last answer. */
gboolean bk_until(gboolean (*fn)(void *user), void *user, int ms);
/* A scratch directory, removed at the end; and a shell command in it, which must succeed. */
const char *bk_dir(void);
int bk_sh(const char *fmt, ...) G_GNUC_PRINTF(1, 2);
const char *bk_path(const char *name); /* in the directory; valid for 8 calls */

int bk_run(const char *claim, void (*test)(void));

#endif
