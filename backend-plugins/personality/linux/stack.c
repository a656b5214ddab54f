/* SPDX-License-Identifier: MIT */
/* stack.c - the first thread's stack: arguments, environment, auxiliary vector.
 * System V ABI, 3.4 (process initialisation); Linux include/uapi/linux/auxvec.h.
 */
#include "linux.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#ifndef AT_RSEQ_FEATURE_SIZE
#define AT_RSEQ_FEATURE_SIZE 27
#endif

struct build {
    uint64_t sp, low;
    int failed;
};

static uint64_t push(struct build *b, const void *from, uint64_t n)
{
    if (b->sp - b->low < n) {
        b->failed = 1;
        return b->sp;
    }
    b->sp -= n;
    if (lx_put(b->sp, from, n) < 0)
        b->failed = 1;
    return b->sp;
}

static uint64_t push_text(struct build *b, const char *s)
{
    return push(b, s, strlen(s) + 1);
}

static size_t count(char *const *v)
{
    size_t n = 0;

    while (v[n])
        n++;
    return n;
}

static void aux(uint64_t key, uint64_t v)
{
    L.auxv[L.auxv_bytes / 8] = key;
    L.auxv[L.auxv_bytes / 8 + 1] = v;
    L.auxv_bytes += 16;
}

static void make_auxv(uint64_t execfn, uint64_t random, uint64_t platform)
{
    const struct lx_elf *e = &L.elf;
    void *self = lx_self->self;

    L.auxv_bytes = 0;
    aux(AT_SYSINFO_EHDR, L.vdso);
    aux(AT_PHDR, e->phdr);
    aux(AT_PHENT, e->phent);
    aux(AT_PHNUM, e->phnum);
    aux(AT_PAGESZ, 4096);
    aux(AT_BASE, e->interp_base);
    aux(AT_FLAGS, 0);
    aux(AT_ENTRY, e->entry);
    aux(AT_UID, getuid());
    aux(AT_EUID, geteuid());
    aux(AT_GID, getgid());
    aux(AT_EGID, getegid());
    aux(AT_HWCAP, L.user->features(self, 0));
    aux(AT_HWCAP2, L.user->features(self, 1));
    aux(AT_CLKTCK, (uint64_t)sysconf(_SC_CLK_TCK));
    aux(AT_SECURE, getauxval(AT_SECURE));
    aux(AT_RANDOM, random);
    aux(AT_EXECFN, execfn);
    if (platform)
        aux(AT_PLATFORM, platform);
    aux(AT_NULL, 0);
}

/* 16 bytes for the program's own canaries. */
static void random_bytes(uint8_t *to)
{
    if (!L.start->seed) {
        if (getrandom(to, 16, 0) == 16)
            return;
    }
    uint64_t z = L.start->seed ? strtoull(L.start->seed, NULL, 0) : (uint64_t)getpid();

    for (int i = 0; i < 16; i++) { /* a linear congruential step each */
        z = z * 6364136223846793005u + 1442695040888963407u;
        to[i] = (uint8_t)(z >> 56);
    }
}

static int map_stack(struct build *b)
{
    uint64_t size = (L.start->stack + 4095) & ~(uint64_t)4095, jitter = 0;
    int64_t r;

    if (!L.start->seed && getrandom(&jitter, sizeof jitter, 0) < 0)
        jitter = 0;
    jitter = (jitter & 0xffff) << 12;
    r = lx_mmap(L.svc->top - 4096 - jitter - size, size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (r < 0)
        return (int)r;
    L.stack_base = b->low = (uint64_t)r;
    L.stack_size = size;
    b->sp = b->low + size;
    return 0;
}

uint64_t lx_stack_make(char *const *argv, char *const *envp, char *why, size_t n)
{
    size_t argc = count(argv), envc = count(envp), words = argc + envc + 3;
    struct build b = {0};
    uint64_t execfn, random, platform = 0, *v;
    uint8_t bytes[16];

    if (map_stack(&b) < 0) {
        snprintf(why, n, "no room for a stack of %llu bytes", (unsigned long long)L.start->stack);
        return 0;
    }
    v = malloc(words * sizeof *v);
    if (!v) {
        snprintf(why, n, "no memory for its arguments");
        return 0;
    }
    push(&b, &(uint64_t){0}, 8);
    execfn = push_text(&b, L.exe);
    L.env_end = b.sp;
    v[0] = argc;
    for (size_t i = envc; i-- > 0;)
        v[2 + argc + i] = push_text(&b, envp[i]);
    L.arg_end = b.sp;
    for (size_t i = argc; i-- > 0;)
        v[1 + i] = push_text(&b, argv[i]);
    L.arg_start = b.sp;
    v[1 + argc] = v[2 + argc + envc] = 0;
    if (L.arch->platform)
        platform = push_text(&b, L.arch->platform);
    random_bytes(bytes);
    random = push(&b, bytes, sizeof bytes);
    b.sp &= ~(uint64_t)15;
    make_auxv(execfn, random, platform);
    if ((words * 8 + L.auxv_bytes) % 16)
        push(&b, &(uint64_t){0}, 8);
    push(&b, L.auxv, L.auxv_bytes);
    push(&b, v, words * 8);
    free(v);
    L.stack_start = b.sp;
    if (b.failed)
        snprintf(why, n, "its arguments and environment do not fit on the stack; -s makes it "
                 "larger");
    return b.failed ? 0 : b.sp;
}
