/* SPDX-License-Identifier: MIT */
/* Many requests at once, submitted from completions, on every block driver: each slot works
 * in a stretch of its own and finds there what it wrote; drain waits for all. */
#include "host.h"

#define SLOTS 24u
#define STRETCH (128u << 10)

struct slot {
    struct pb_block_req r;
    struct pb_iov v[2];
    struct bk_dev *d;
    uint64_t seed, base;
    uint32_t left, in_read, wrong;
    uint8_t want[STRETCH], buf[STRETCH];
    gboolean writes;
};

static void next(struct slot *s);

static void over(struct pb_block_req *r)
{
    struct slot *s = r->user;

    s->wrong += r->status != PB_OK;
    if (r->op == PB_BLK_READ)
        s->wrong += memcmp(s->buf, s->want + (r->offset - s->base), r->bytes) != 0;
    if (--s->left)
        next(s);
}

static void next(struct slot *s)
{
    uint64_t len = (bk_rand(&s->seed) % 64 + 1) * 512;
    uint64_t at = bk_rand(&s->seed) % ((STRETCH - len) / 512 + 1) * 512, cut;
    unsigned kind = s->writes ? bk_rand(&s->seed) % 8 : 0;

    s->r = (struct pb_block_req){.size = sizeof s->r, .op = PB_BLK_READ, .offset = s->base + at,
                                 .bytes = len, .iov = s->v, .n_iov = 2, .done = over, .user = s};
    if (kind >= 4 && kind < 7) {
        s->r.op = PB_BLK_WRITE;
        s->r.flags = kind == 6 ? PB_BLK_FUA : 0;
        memset(s->buf, (int)bk_rand(&s->seed), len);
        memcpy(s->want + at, s->buf, len);
    } else if (kind == 7) {
        s->r.op = PB_BLK_ZERO;
        memset(s->want + at, 0, len);
    }
    cut = bk_rand(&s->seed) % len;
    s->v[0] = (struct pb_iov){s->buf, (size_t)cut};
    s->v[1] = (struct pb_iov){s->buf + cut, (size_t)(len - cut)};
    bk_blk->submit(s->d->blk, &s->r);
}

static void storm(const char *top, const uint8_t *start, gboolean writes)
{
    static struct slot slot[SLOTS];
    struct bk_dev *d = bk_device(PB_KIND_BLOCK, top);
    uint32_t wrong = 0, left = 0;

    for (uint32_t i = 0; i < SLOTS; i++) {
        slot[i] = (struct slot){.d = d, .seed = 99 + i, .base = i * STRETCH, .left = 150,
                                .writes = writes};
        memcpy(slot[i].want, start + i * STRETCH, STRETCH);
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        next(&slot[i]);
    bk_blk->drain(d->blk);
    for (uint32_t i = 0; i < SLOTS; i++) {
        wrong += slot[i].wrong;
        left += slot[i].left;
    }
    if (wrong || left)
        fprintf(stderr, "%s: %u wrong, %u not done\n", top, wrong, left);
    CU_ASSERT(wrong == 0 && left == 0);
    bk_undevice(d);
}

static void test(void)
{
    static const char *const files[] = {"aio=threads", "aio=auto", "aio=auto cache.direct=on"};
    g_autofree char *start = NULL;
    gsize n;

    for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
        bk_sh("head -c %u /dev/urandom > d.img", SLOTS * STRETCH);
        CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("d.img"), &start, &n, NULL));
        g_autofree char *text = g_strdup_printf("filename=%s %s", bk_path("d.img"), files[i]);
        g_autofree char *dir = g_strdup_printf("file=r dir=%s", bk_dir());
        pb_dev *f = bk_node(PB_KIND_BLOCK, "file", "f", text);
        pb_dev *r = bk_node(PB_KIND_BLOCK, "raw", "r", "file=f probed=on");
        pb_dev *o = bk_node(PB_KIND_BLOCK, "overlay", "o", dir);
        storm("o", (uint8_t *)start, TRUE);
        bk_drop(o);
        storm("r", (uint8_t *)start, TRUE); /* nothing of the overlay came down */
        bk_drop(r);
        bk_drop(f);
        g_clear_pointer(&start, g_free);
    }
    if (system("qemu-img --version >/dev/null 2>&1"))
        return;
    static const char *const how[] = {"", "-c"};
    for (unsigned i = 0; i < 2; i++) {
        bk_sh("rm -f q.img; seq 700000 2>err | head -c %u > d.img;"
              " qemu-img convert %s -O qcow2 d.img q.img", SLOTS * STRETCH, how[i]);
        CU_ASSERT_TRUE_FATAL(g_file_get_contents(bk_path("d.img"), &start, &n, NULL));
        g_autofree char *text = g_strdup_printf("filename=%s read-only=on", bk_path("q.img"));
        g_autofree char *dir = g_strdup_printf("file=q dir=%s", bk_dir());
        pb_dev *f = bk_node(PB_KIND_BLOCK, "file", "f", text);
        pb_dev *q = bk_node(PB_KIND_BLOCK, "qcow2", "q", "file=f");
        storm("q", (uint8_t *)start, FALSE);
        pb_dev *o = bk_node(PB_KIND_BLOCK, "overlay", "o", dir);
        storm("o", (uint8_t *)start, TRUE);
        bk_drop(o);
        bk_drop(q);
        bk_drop(f);
        g_clear_pointer(&start, g_free);
    }
}

int main(void)
{
    return bk_run("many requests at once keep apart", test);
}
