/* SPDX-License-Identifier: MIT */
/* host.c - see host.h. */
#include "host.h"

#include <signal.h>
#include <stdarg.h>

struct pb_machine *bk_m;
const struct pb_svc_block *bk_blk = &pb_block_service;
const struct pb_svc_net *bk_net = &pb_net_service;
const struct pb_svc_char *bk_chr = &pb_char_service;
char bk_error[2000];
static char dir[64];

/* ---- The device -------------------------------------------------------------------------- */

enum { P_DRIVE, P_NETDEV, P_CHARDEV };
static const char *const if_block[] = {PB_IF_BLOCK, NULL}, *const if_net[] = {PB_IF_NET, NULL},
                        *const if_char[] = {PB_IF_CHAR, NULL};
static const struct pb_prop props[] = {
    {.name = "drive", .type = PB_T_LINK, .choices = if_block},
    {.name = "netdev", .type = PB_T_LINK, .choices = if_net},
    {.name = "chardev", .type = PB_T_LINK, .choices = if_char},
};

static int dev_realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    struct bk_dev *f = self;

    (void)h, (void)e;
    f->d = d;
    return PB_OK;
}

static const struct pb_device_class device = {
    .size = sizeof device, .flags = PB_DEV_HOTPLUG, .id = "bk-device", .title = "bk-device",
    .props = props, .n_props = G_N_ELEMENTS(props), .instance_size = sizeof(struct bk_dev),
    .realize = dev_realize};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &device}};
static const struct pb_plugin plugin = {
    .size = sizeof plugin, .epoch = PB_ABI_EPOCH, .abi_minor = PB_ABI_MINOR,
    .id = "org.plugboard.backend-test", .version = "1", .license = "MIT", .classes = classes,
    .n_classes = 1};

struct bk_dev *bk_device(enum pb_kind kind, const char *id)
{
    pb_err e = {0};
    pb_dev *d = pb_dev_new(bk_m, pb_class_find(PB_KIND_DEVICE, "bk-device"), NULL, NULL, &e);
    const char *key = kind == PB_KIND_BLOCK ? "drive" : kind == PB_KIND_NET ? "netdev" : "chardev";

    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    int rc = pb_dev_set(d, key, id, NULL, &e);
    if (rc == 0)
        rc = pb_dev_realize(d, &e);
    pb_err_report(&e);
    CU_ASSERT_EQUAL_FATAL(rc, 0);
    struct bk_dev *f = d->self;
    f->blk = pb_prop_service.get_block(d, P_DRIVE);
    f->net = pb_prop_service.get_net(d, P_NETDEV);
    f->chr = pb_prop_service.get_char(d, P_CHARDEV);
    return f;
}

void bk_undevice(struct bk_dev *f)
{
    bk_drop(f->d);
}

/* ---- Nodes ------------------------------------------------------------------------------- */

pb_dev *bk_try(enum pb_kind kind, const char *cls, const char *id, const char *text)
{
    pb_err e = {0};
    const struct pb_class *c = pb_class_find(kind, cls);
    g_auto(GStrv) words = g_strsplit(text, " ", -1);

    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    bk_error[0] = 0;
    pb_dev *d = pb_dev_new(bk_m, c, id, NULL, &e);
    int rc = d ? 0 : -1;
    for (char **w = words; rc == 0 && *w; w++) {
        char *eq = strchr(*w, '=');
        if (!eq)
            continue;
        *eq = 0;
        rc = pb_dev_set(d, *w, eq + 1, NULL, &e);
    }
    if (rc == 0)
        rc = pb_dev_realize(d, &e);
    if (rc == 0)
        return d;
    snprintf(bk_error, sizeof bk_error, "%s%s%s", e.text ? e.text : "", e.hint ? " / " : "",
             e.hint ? e.hint : "");
    pb_err_clear(&e);
    if (d)
        pb_dev_free(d);
    return NULL;
}

pb_dev *bk_node(enum pb_kind kind, const char *cls, const char *id, const char *text)
{
    pb_dev *d = bk_try(kind, cls, id, text);

    if (!d)
        fprintf(stderr, "%s %s: %s\n", cls, text, bk_error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    return d;
}

void bk_drop(pb_dev *d)
{
    pb_dev_unrealize(d);
    pb_dev_free(d);
}

/* ---- Requests ---------------------------------------------------------------------------- */

static void finished(struct pb_block_req *r)
{
    __atomic_store_n((int *)r->user, 1, __ATOMIC_RELEASE);
}

static int submit(struct bk_dev *f, struct pb_block_req *r)
{
    int over = 0;

    r->size = sizeof *r;
    r->done = finished;
    r->user = &over;
    r->status = 77;
    bk_blk->submit(f->blk, r);
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(20);
    bk_blk->drain(f->blk); /* `r` is on a stack that goes */
    return r->status;
}

int bk_io(struct bk_dev *f, uint32_t op, uint64_t at, void *buf, uint64_t len, uint32_t flags)
{
    struct pb_iov v = {buf, (size_t)len};
    struct pb_block_req r = {.op = op, .offset = at, .bytes = len, .iov = &v, .n_iov = 1,
                             .flags = flags};
    return submit(f, &r);
}

int bk_iov(struct bk_dev *f, uint32_t op, uint64_t at, void *buf, uint64_t len, uint64_t *seed)
{
    struct pb_iov v[64];
    struct pb_block_req r = {.op = op, .offset = at, .bytes = len, .iov = v};
    uint64_t done = 0;

    while (done < len) {
        uint64_t n = r.n_iov == 63 ? len - done : bk_rand(seed) % (len - done) + 1;
        v[r.n_iov++] = (struct pb_iov){(char *)buf + done, (size_t)n};
        done += n;
    }
    return submit(f, &r);
}

/* ---- Helpers ----------------------------------------------------------------------------- */

uint64_t bk_rand(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

gboolean bk_until(gboolean (*fn)(void *), void *user, int ms)
{
    gint64 end = g_get_monotonic_time() + ms * 1000;

    while (!fn(user)) {
        if (g_get_monotonic_time() > end)
            return fn(user);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(100);
    }
    return TRUE;
}

static gboolean never(void *user)
{
    (void)user;
    return FALSE;
}

void bk_loop(int ms)
{
    bk_until(never, NULL, ms);
}

const char *bk_dir(void)
{
    return dir;
}

const char *bk_path(const char *name)
{
    static char text[8][256];
    static unsigned k;
    char *p = text[k++ % 8];

    snprintf(p, sizeof text[0], "%s/%s", dir, name);
    return p;
}

int bk_sh(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    g_autofree char *cmd = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    g_autofree char *all = g_strdup_printf("cd %s && LC_ALL=C timeout 60 sh -c '%s' >/dev/null",
                                           dir, cmd);
    int rc = system(all);
    if (rc)
        fprintf(stderr, "failed: %s\n", cmd);
    return rc;
}

int bk_run(const char *claim, void (*test)(void))
{
    pb_err e = {0};

    signal(SIGPIPE, SIG_IGN);
    snprintf(dir, sizeof dir, "%s/pb-backend-XXXXXX", g_get_tmp_dir());
    if (!mkdtemp(dir) || CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    pb_registry_scan();
    pb_registry_add_static(&plugin);
    bk_m = pb_machine_new("backend-test", "none", &e);
    pb_err_report(&e);
    CU_pSuite s = CU_add_suite("backend", NULL, NULL);
    CU_add_test(s, claim, test);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    if (bk_m)
        CU_basic_run_tests();
    int failed = !bk_m || CU_get_number_of_failures();
    CU_cleanup_registry();
    if (bk_m)
        pb_machine_free(bk_m);
    g_autofree char *rm = g_strdup_printf("rm -rf %s", dir);
    return system(rm) || failed;
}
