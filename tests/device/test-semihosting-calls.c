/* SPDX-License-Identifier: MIT */
/* semihosting: what a program that is not privileged gets, handles and names that cannot be, memory
 * that ends, blocks of 32-bit words, a console that takes little, a saved state. Operations are
 * Arm's, "Semihosting operations". */
#include "suite.h"

#include <plugboard/semihost.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN = 1, CLOSE, WRITEC, WRITE0, WRITE, READ, READC, ISERROR, ISTTY, SEEK, FLEN = 0x0c,
       REMOVE = 0x0e, RENAME, ERRNO = 0x13, EXIT = 0x18, EXIT_EXTENDED = 0x20 };
#define MEM 0x20000u
#define BASE 0x1000u /* of the program's memory; behind its end is none */
#define BLOCK (BASE + 0x100)
#define TEXT (BASE + 0x200)

static pbt *b;
static pb_dev *d;
static const struct pb_semihost *semihost;
static uint8_t mem[MEM];

static int copy(void *self, uint64_t va, void *buf, uint64_t n, uint32_t write)
{
    (void)self;
    if (va < BASE || va - BASE > MEM || n > MEM - (va - BASE))
        return PB_EFAULT;
    if (write)
        memcpy(mem + (va - BASE), buf, n);
    else
        memcpy(buf, mem + (va - BASE), n);
    return PB_OK;
}

static void bench(const char *props)
{
    b = pbt_new();
    pbt_load(b, "semihosting");
    d = pbt_add(b, "semihosting", "semihosting", props);
    semihost = pbt_provides(d, PB_SEMIHOST);
    pbt_reset_all(b, PB_RESET_COLD);
}

static struct pb_semihost_call k;

static uint32_t call_at(uint64_t op, uint64_t arg, uint32_t word, uint32_t user)
{
    k = (struct pb_semihost_call){.size = sizeof k, .word = word, .user = user, .op = op,
                                  .arg = arg, .copy = copy};
    return semihost->call(pbt_self(d), &k);
}

static uint32_t call(uint64_t op, uint64_t a, uint64_t c, uint64_t e)
{
    const uint64_t block[] = {a, c, e, 0};

    memcpy(mem + (BLOCK - BASE), block, sizeof block);
    return call_at(op, BLOCK, 8, 0);
}

static int64_t done(uint64_t op, uint64_t a, uint64_t c, uint64_t e)
{
    CU_ASSERT_EQUAL(call(op, a, c, e), PB_SEMIHOST_DONE);
    return (int64_t)k.result;
}

static int64_t open_text(const char *name, uint64_t mode)
{
    memcpy(mem + (TEXT - BASE), name, strlen(name));
    return done(OPEN, TEXT, mode, strlen(name));
}

static void test_who_may(void)
{
    bench(NULL);
    CU_ASSERT_EQUAL(call_at(ERRNO, 0, 8, 1), PB_SEMIHOST_PASS);
    CU_ASSERT_EQUAL(call_at(ERRNO, 0, 8, 0), PB_SEMIHOST_DONE);
    pbt_free(b);
    bench("userspace=on");
    CU_ASSERT_EQUAL(call_at(ERRNO, 0, 8, 1), PB_SEMIHOST_DONE);
    pbt_free(b);
}

static void test_hostile(void)
{
    char dir[] = "/tmp/semihost-XXXXXX", path[64];

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    bench(NULL);
    static const uint64_t bad[] = {0, 1, 2, 64, 65, 1ull << 32, UINT64_MAX};
    for (uint32_t i = 0; i < 7; i++)
        for (uint64_t op = CLOSE; op <= FLEN; op++)
            if (op != WRITEC && op != WRITE0 && op != READC && op != ISERROR)
                CU_ASSERT_NOT_EQUAL(done(op, bad[i], TEXT, 8), 0);
    CU_ASSERT_EQUAL(open_text(dir, 0), -1);
    CU_ASSERT_EQUAL(done(ERRNO, 0, 0, 0), 21); /* EISDIR */
    snprintf(path, sizeof path, "%s/fifo", dir);
    CU_ASSERT_EQUAL(mkfifo(path, 0600), 0);
    CU_ASSERT_EQUAL(open_text(path, 0), -1);
    snprintf(path, sizeof path, "%s/file", dir);
    CU_ASSERT_EQUAL(open_text(path, 12), -1); /* no such mode */
    CU_ASSERT_EQUAL(done(OPEN, TEXT, 4, UINT64_MAX), -1);
    CU_ASSERT_EQUAL(done(OPEN, BASE + MEM - 2, 4, 8), -1);
    memcpy(mem + (TEXT - BASE), "a\0b", 3);
    CU_ASSERT_EQUAL(done(OPEN, TEXT, 4, 3), -1);
    int64_t f = open_text(path, 6);
    CU_ASSERT_EQUAL(f, 1);
    CU_ASSERT_EQUAL(done(WRITE, 1, BASE + MEM - 0x1800, UINT64_MAX),
                    (int64_t)(UINT64_MAX - 0x1000));
    CU_ASSERT_EQUAL(done(FLEN, 1, 0, 0), 0x1000); /* whole pieces, up to where memory ends */
    CU_ASSERT_EQUAL(done(SEEK, 1, UINT64_MAX, 0), -1);
    CU_ASSERT_EQUAL(done(SEEK, 1, 0, 0), 0);
    CU_ASSERT_EQUAL(done(READ, 1, BASE + MEM - 4, 64), 64);
    CU_ASSERT_EQUAL(call_at(WRITE0, BASE + MEM - 3, 8, 0), PB_SEMIHOST_DONE); /* no zero there */
    for (uint32_t i = 0; i < 70; i++)
        f = open_text(":semihosting-features", 0);
    CU_ASSERT_EQUAL(f, -1);
    CU_ASSERT_EQUAL(done(ERRNO, 0, 0, 0), 24); /* EMFILE */
    for (uint32_t op = 0; op < 0x140; op++) /* nothing of the block is there */
        if (op != EXIT && op != EXIT_EXTENDED)
            CU_ASSERT_NOT_EQUAL(call_at(op, UINT64_MAX - 3, 8, 0), PB_SEMIHOST_PASS);
    unlink(path);
    snprintf(path, sizeof path, "%s/fifo", dir);
    unlink(path);
    rmdir(dir);
    pbt_free(b);
}

static void test_exit(void)
{
    static const struct { uint32_t op, word; uint64_t block[2]; uint64_t arg; int code; } v[] = {
        {EXIT_EXTENDED, 8, {0x20026, 7}, 0, 7},
        {EXIT, 8, {0x20026, 9}, 0, 9},
        {EXIT, 8, {0x20023, 9}, 0, 1},
        {EXIT, 4, {0, 0}, 0x20026, 0},
        {EXIT, 4, {0, 0}, 0x20023, 1},
    };
    uint32_t what;
    int32_t code;

    for (uint32_t i = 0; i < sizeof v / sizeof *v; i++) {
        bench(NULL);
        memcpy(mem + (BLOCK - BASE), v[i].block, sizeof v[i].block);
        CU_ASSERT_EQUAL(call_at(v[i].op, v[i].arg ? v[i].arg : BLOCK, v[i].word, 0),
                        PB_SEMIHOST_DONE);
        CU_ASSERT_EQUAL(pbt_requested(b, &what, &code), 1);
        CU_ASSERT(what == 1 && code == v[i].code);
        pbt_free(b);
    }
}

static void test_words_of_four(void)
{
    const uint32_t block[] = {(uint32_t)-5};

    bench(NULL);
    memcpy(mem + (BLOCK - BASE), block, sizeof block);
    mem[BLOCK - BASE + 4] = 1;
    CU_ASSERT_EQUAL(call_at(ISERROR, BLOCK, 4, 0), PB_SEMIHOST_DONE);
    CU_ASSERT_NOT_EQUAL(k.result, 0);
    pbt_free(b);
}

/* The console takes 16 bytes, then none, and so on: the call comes again until all have gone. */
static void test_console(void)
{
    uint32_t times = 0, rc;
    size_t n = 0;

    b = pbt_new();
    pb_dev *c = pbt_char_new(b, "c0");
    pbt_load(b, "semihosting");
    d = pbt_add(b, "semihosting", "semihosting", "chardev=c0");
    semihost = pbt_provides(d, PB_SEMIHOST);
    pbt_reset_all(b, PB_RESET_COLD);
    CU_ASSERT_EQUAL(open_text(":tt", 4), 1);
    CU_ASSERT_EQUAL(open_text(":tt", 0), 2);
    for (uint32_t i = 0; i < 1000; i++)
        mem[0x1000 + i] = (uint8_t)('a' + i % 26);
    do {
        pbt_char_limit(c, times++ % 2 ? 16 : 0);
        rc = call(WRITE, 1, BASE + 0x1000, 1000);
        if (times == 20)
            pbt_reload(b);
    } while (rc == PB_SEMIHOST_AGAIN && times < 1000);
    const uint8_t *sent = pbt_char_sent(c, &n);
    CU_ASSERT_FATAL(rc == PB_SEMIHOST_DONE && k.result == 0 && n == 1000);
    CU_ASSERT_EQUAL(memcmp(sent, mem + 0x1000, 1000), 0);
    CU_ASSERT_EQUAL(call(READC, 0, 0, 0), PB_SEMIHOST_AGAIN);
    pbt_char_type(c, "xyz", 3);
    CU_ASSERT_EQUAL(done(READC, 0, 0, 0), 'x');
    pbt_reload(b);
    CU_ASSERT_EQUAL(done(READ, 2, BASE + 0x1000, 64), 62);
    CU_ASSERT_EQUAL(memcmp(mem + 0x1000, "yz", 2), 0);
    pbt_free(b);
}

int main(void)
{
    static const struct suite_test tests[] = {
        {"who may call", test_who_may},
        {"hostile calls", test_hostile},
        {"exit codes", test_exit},
        {"words of 32 bits", test_words_of_four},
        {"a slow console", test_console},
    };

    return SUITE_RUN("semihosting", tests);
}
