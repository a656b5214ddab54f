/* SPDX-License-Identifier: MIT */
/* unwind.c - the vDSO is one, its functions work, and what unwinds through a signal's frame finds
 * the interrupted function, with the registers that it had: a backtrace, and a thread that a
 * handler ends, whose cleanups run as a C++ exception's would. */
#define _GNU_SOURCE
#include "check.h"

#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#if defined(__riscv)
#define PREFIX "__vdso_"
#define VERSION "LINUX_4.15"
#else
#define PREFIX "__kernel_"
#define VERSION "LINUX_2.6.39"
#endif

/* ---- The object ---------------------------------------------------------------------------- */

static uintptr_t vdso;

static uint64_t entry_of(int64_t tag)
{
    const Elf64_Ehdr *e = (const void *)vdso;
    const Elf64_Phdr *p = (const void *)(vdso + e->e_phoff);

    for (int i = 0; i < e->e_phnum; i++)
        for (const Elf64_Dyn *d = (const void *)(vdso + p[i].p_vaddr);
             p[i].p_type == PT_DYNAMIC && d->d_tag != DT_NULL; d++)
            if (d->d_tag == tag)
                return d->d_un.d_val;
    CHECK(!"the entry of the dynamic section");
    return 0;
}

static void *symbol(const char *name)
{
    const char *strings = (const char *)(vdso + entry_of(DT_STRTAB));
    const Elf64_Sym *s = (const void *)(vdso + entry_of(DT_SYMTAB));
    const uint32_t *hash = (const void *)(vdso + entry_of(DT_HASH));
    const uint16_t *version = (const void *)(vdso + entry_of(DT_VERSYM));

    for (uint32_t i = hash[2]; i; i = hash[2 + hash[0] + i])
        if (!strcmp(strings + s[i].st_name, name)) {
            CHECK(version[i] == 2);
            return (void *)(vdso + s[i].st_value);
        }
    CHECK(!"the symbol");
    return NULL;
}

static void object(void)
{
    int (*now)(clockid_t, struct timespec *);
    const Elf64_Verdef *v;
    const Elf64_Verdaux *a;
    struct timespec ours, theirs;

    vdso = getauxval(AT_SYSINFO_EHDR);
    CHECK(vdso && !memcmp((const void *)vdso, ELFMAG "\2\1\1", 7));
    v = (const void *)(vdso + entry_of(DT_VERDEF));
    v = (const void *)((uintptr_t)v + v->vd_next);
    a = (const void *)((uintptr_t)v + v->vd_aux);
    CHECK(v->vd_ndx == 2 && !v->vd_next &&
          !strcmp((const char *)(vdso + entry_of(DT_STRTAB)) + a->vda_name, VERSION));
    now = (int (*)(clockid_t, struct timespec *))symbol(PREFIX "clock_gettime");
    CHECK(now(CLOCK_MONOTONIC, &ours) == 0);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &theirs) == 0);
    CHECK(theirs.tv_sec - ours.tv_sec <= 1 && theirs.tv_sec >= ours.tv_sec);
    CHECK(now(12345, &ours) == -EINVAL);
    symbol(PREFIX "gettimeofday");
    symbol(PREFIX "rt_sigreturn");
}

static int unwind_data(struct dl_phdr_info *i, size_t size, void *found)
{
    (void)size;
    for (int k = 0; i->dlpi_addr == vdso && k < i->dlpi_phnum; k++)
        *(int *)found |= i->dlpi_phdr[k].p_type == PT_GNU_EH_FRAME;
    return 0;
}

/* ---- A backtrace ----------------------------------------------------------------------------- */

static volatile int in_trampoline, in_interrupted, *nowhere;

static void interrupted(uint64_t seed);

static _Unwind_Reason_Code frame(struct _Unwind_Context *c, void *arg)
{
    int exact = 0;
    uintptr_t ip = _Unwind_GetIPInfo(c, &exact);

    (void)arg;
    if (ip == (uintptr_t)symbol(PREFIX "rt_sigreturn"))
        in_trampoline = 1;
    else if (in_trampoline && _Unwind_FindEnclosingFunction((void *)ip) == (void *)interrupted)
        in_interrupted += 1 + exact; /* the instruction itself, not one behind a call */
    return _URC_NO_REASON;
}

static void handler(int sig, siginfo_t *si, void *uc)
{
    (void)sig, (void)si, (void)uc;
    _Unwind_Backtrace(frame, NULL);
    pthread_exit(NULL);
}

/* ---- Cleanups ---------------------------------------------------------------------------------- */

static volatile uint64_t cleaned;

static void clean(uint64_t *v)
{
    cleaned = cleaned * 3 + *v;
}

__attribute__((noinline)) static void interrupted(uint64_t seed)
{
    uint64_t v __attribute__((cleanup(clean))) = seed * 5;

    *nowhere = (int)v;
}

/* What it has in registers across the call must be there again when it is cleaned up. */
__attribute__((noinline)) static void *caller(void *arg)
{
    uint64_t a = (uint64_t)(uintptr_t)arg, b = a * 7;
    uint64_t v __attribute__((cleanup(clean))) = 0;

    __asm__ volatile("" : "+r"(a), "+r"(b));
    interrupted(a);
    v = a + b;
    return (void *)(uintptr_t)(a ^ b ^ v);
}

int main(void)
{
    struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
    int found = 0;
    pthread_t t;

    object();
    dl_iterate_phdr(unwind_data, &found);
    CHECK(found);
    CHECK(sigaction(SIGSEGV, &act, NULL) == 0);
    CHECK(pthread_create(&t, NULL, caller, (void *)11) == 0 && pthread_join(t, NULL) == 0);
    CHECK(in_trampoline && in_interrupted == 2);
    CHECK(cleaned == 55 * 3);
    return 0;
}
