/* SPDX-License-Identifier: MIT */
/* A saved state is from outside: 100,000 mutated ones (seeded) are loaded or refused, and
 * the machine still runs, saves and loads afterwards. Argument: how many. */
#include "core-fixture.h"

#include <fcntl.h>
#include <unistd.h>

static unsigned long rounds = 100000;

static void mutate(GByteArray *s, uint64_t *seed)
{
    static const uint8_t edge[] = {0, 1, 0x7f, 0x80, 0xff};
    int n = 1 + (int)(fx_rand(seed) % 4);

    while (n--) {
        uint32_t at = (uint32_t)(fx_rand(seed) % s->len);
        uint64_t r = fx_rand(seed);
        switch (r % 5) {
        case 0:
            s->data[at] ^= (uint8_t)(1 << (r >> 8) % 8);
            break;
        case 1:
            s->data[at] = edge[(r >> 8) % 5];
            break;
        case 2: /* a long stretch of one value: lengths and counts */
            memset(s->data + at, edge[(r >> 8) % 5], MIN(8u, s->len - at));
            break;
        case 3:
            g_byte_array_set_size(s, MAX(at, 1u));
            break;
        default: /* copy a piece over another */
            memmove(s->data + at, s->data + (r >> 16) % s->len,
                    MIN(64u, s->len - MAX(at, (uint32_t)((r >> 16) % s->len))));
        }
    }
}

static void test(void)
{
    struct pb_machine *m = fx_machine();
    GByteArray *good = g_byte_array_new(), *s = g_byte_array_new();
    uint64_t seed = 4711, v = 5;
    unsigned long loaded = 0, refused = 0;
    pb_err e = {0};

    pb_machine_add_ram(m, "ram", 0x80000000, 0x3000, &e);
    fx_make_cpu(m);
    struct fx_dev *f = fx_make(m, "fx-own", "b");
    fx_make(m, "fx-serial", "a");
    pb_timer_new(f->d, "tick", PB_CLK_VIRTUAL, (void (*)(void *))g_free, NULL, &e);
    pb_line_set(fx_out(f, 0), 1);
    CU_ASSERT_EQUAL_FATAL(pb_machine_ready(m, &e), 0);
    pb_dma_write(&pb_mem(m)->system, 0x80001000, &v, 8);
    CU_ASSERT_EQUAL_FATAL(pb_machine_save(m, good, &e), 0);
    int keep = dup(2), null = open("/dev/null", O_WRONLY); /* warnings of unknown fields */
    dup2(null, 2);
    for (unsigned long i = 0; i < rounds; i++) {
        g_byte_array_set_size(s, 0);
        g_byte_array_append(s, good->data, good->len);
        mutate(s, &seed);
        if (pb_machine_load(m, s->data, s->len, &e) < 0)
            refused++;
        else
            loaded++;
        pb_err_clear(&e);
    }
    dup2(keep, 2);
    CU_ASSERT(loaded > 0 && refused > rounds / 10);
    CU_ASSERT_EQUAL(pb_machine_load(m, good->data, good->len, &e), 0);
    g_byte_array_set_size(s, 0);
    CU_ASSERT_EQUAL(pb_machine_save(m, s, &e), 0);
    CU_ASSERT(s->len == good->len && memcmp(s->data, good->data, s->len) == 0);
    pb_machine_free(m);
    g_byte_array_unref(good);
    g_byte_array_unref(s);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = strtoul(argv[1], NULL, 0);
    return fx_run("core", "mutated states do no harm", test);
}
