/* SPDX-License-Identifier: MIT */
/* test-x86-random.c - random IR does the same by generated code as by the interpreter: all
 * slots, memory, pc, how it left, reservation, floating-point flags, faults and what they saw.
 *
 *   test-x86-random [--count N] [--seed S] [--arm] [--one]
 * --one: only program S, with listings; --arm: for the guest with Arm's rules
 * Each program is also compiled for hosts without some features. The seed is printed; a
 * failing program's own seed is, too.
 */
#include "x86-ir.h"

#include "xl-check.h"

#include <cache/cache.h>
#include <ir/build.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern uint32_t xl_x86_hide_features; /* host/x86_64/target.c */

static uint64_t count = 10000, first_seed = 1;
static int only_one, one_arm;

struct result {
    struct ir_cpu cpu;
    uint8_t ram[RAM_SIZE];
    int left;
    uint32_t flags;
};

static struct xl_block block;
static struct result by_interp, by_code;

/* ---- Running -------------------------------------------------------------------------------- */

static int interpret(struct ir_machine *m)
{
    struct xl_unit u = {.ir = &block};
    struct xl_run *r = xl_r(&m->cpu.x);
    volatile int left = XL_LEFT_GUEST;

    if (_setjmp(r->top) == 0) {
        r->in_interp = 1;
        left = xl_interp(&m->cpu.x, &u);
    }
    r->in_interp = 0;
    return left;
}

static int execute(struct ir_machine *m, void *code)
{
    struct xl_run *r = xl_r(&m->cpu.x);
    int left;

    r->in_host = 1;
    left = xl_host_x86_64.enter(&m->cpu.x, code);
    r->in_host = 0;
    return left;
}

static void prepare(struct ir_machine *m, uint64_t seed)
{
    struct ir_cpu *c = &m->cpu;
    uint64_t s = seed ^ 0x5555;

    ir_random_state(&s, c);
    memset(m->ram, 0, RAM_SIZE);
    for (uint32_t i = 0; i < RAM_SIZE / 8; i += 1 + (i & 7))
        ((uint64_t *)(void *)m->ram)[i] = ir_rand(&s);
    memset(&c->seen, 0, sizeof(*c) - offsetof(struct ir_cpu, seen));
    c->x.pc = block.pc;
    c->x.pcb = block.pc & ~(uint64_t)XL_PAGE_MASK;
    c->x.poll = ir_rand(&s) % 4 == 0;
    c->x.ll_addr = ir_rand(&s) % 2 ? UINT64_MAX : c->r[1 + ir_rand(&s) % 8];
    c->x.ll_value = *(uint64_t *)(void *)(m->ram + (c->x.ll_addr % RAM_SIZE & ~7u));
    c->x.exit_link = NULL;
    xl_fp_set_flags(&c->x, (uint32_t)ir_rand(&s) & 31);
    xl_fp_set_rm(&c->x, (uint32_t)ir_rand(&s) & 3);
    if (ir_rand(&s) % 4 == 0)
        xl_tlb_flush(&c->x, NULL, NULL, 0, 1);
}

static void keep(struct ir_machine *m, struct result *r, int left)
{
    r->cpu = m->cpu;
    memcpy(r->ram, m->ram, RAM_SIZE);
    r->left = left;
    r->flags = xl_fp_flags(&m->cpu.x);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static int differs(const char *what, uint32_t i, uint64_t want, uint64_t got)
{
    if (want == got)
        return 0;
    printf("  %s%u: interpreter 0x%llx, code 0x%llx\n", what, i, (unsigned long long)want,
           (unsigned long long)got);
    return 1;
}

static int compare(const struct result *a, const struct result *b)
{
    const struct ir_cpu *p = &a->cpu, *q = &b->cpu;
    int bad = 0;

    for (uint32_t i = 0; i < N_INT; i++)
        bad |= differs("r", i, p->r[i], q->r[i]);
    for (uint32_t i = 0; i < N_I32; i++)
        bad |= differs("w", i, p->w[i], q->w[i]);
    for (uint32_t i = 0; i < N_FP; i++)
        bad |= differs("f", i, p->f[i], q->f[i]);
    for (uint32_t i = 0; i < N_F32; i++)
        bad |= differs("s", i, p->s[i], q->s[i]);
    for (uint32_t i = 0; i < 2 * N_VEC; i++)
        bad |= differs(i & 1 ? "vhigh" : "vlow", i / 2, p->v[i / 2].d[i & 1],
                       q->v[i / 2].d[i & 1]);
    bad |= differs("pc", 0, p->x.pc, q->x.pc);
    bad |= differs("left", 0, (uint64_t)a->left, (uint64_t)b->left);
    bad |= differs("flags", 0, a->flags, b->flags);
    bad |= differs("ll_addr", 0, p->x.ll_addr, q->x.ll_addr);
    bad |= differs("ll_value", 0, p->x.ll_value, q->x.ll_value);
    bad |= differs("seen", 0, p->seen, q->seen);
    bad |= differs("calls", 0, p->n_calls, q->n_calls);
    bad |= differs("faults", 0, p->n_faults, q->n_faults);
    bad |= differs("fault va", 0, p->fault_va, q->fault_va);
    bad |= differs("fault pc", 0, p->fault_pc, q->fault_pc);
    bad |= differs("fault access", 0, p->fault_access, q->fault_access);
    bad |= differs("fault code", 0, (uint32_t)p->fault_code, (uint32_t)q->fault_code);
    for (uint32_t i = 0; i < RAM_SIZE && !bad; i++)
        bad |= differs("ram", i, a->ram[i], b->ram[i]);
    return bad;
}

static void line(void *user, const char *text)
{
    (void)user;
    puts(text);
}

static void show(uint64_t seed)
{
    printf("  program seed %llu, features hidden 0x%x\n", (unsigned long long)seed,
           xl_x86_hide_features);
    xl_print(&block, line, NULL);
}

/* 1: as it should be. */
static int program(struct ir_machine *m, uint64_t seed)
{
    struct xl_engine *e = m->cpu.x.engine;
    static union { /* room for the links that code may name */
        struct xl_unit unit;
        uint8_t room[sizeof(struct xl_unit) + XL_UNIT_LINKS * sizeof(struct xl_link)];
    } mem;
    struct xl_unit *u = &mem.unit;
    uint64_t s = seed;
    char why[160];
    int rc, same;

    memset(&mem, 0, sizeof(mem));
    u->pa = block.pc;
    u->pa2 = UINT64_MAX;
    u->max_links = XL_UNIT_LINKS;
    ir_random(&s, &block, 4 + (uint32_t)(ir_rand(&s) % (ir_rand(&s) % 8 ? 40 : 400)));
    if (ir_rand(&s) % 2)
        xl_dce(&block);
    if (xl_verify(&block, why, sizeof(why)) != 0) {
        printf("  generator: %s\n", why);
        show(seed);
        return 0;
    }
    rc = xl_host_x86_64.compile(e, &block, u);
    if (rc == PB_ENOSPC) {
        xl_host_x86_64.reset(e);
        rc = xl_host_x86_64.compile(e, &block, u);
    }
    if (rc != PB_OK) {
        printf("  compile: %d\n", rc);
        show(seed);
        return 0;
    }
    prepare(m, seed);
    keep(m, &by_interp, interpret(m));
    prepare(m, seed);
    keep(m, &by_code, execute(m, u->code));
    same = !compare(&by_interp, &by_code);
    if (!same || only_one)
        show(seed);
    xl_arena_clear(e, 0);
    return same;
}

static void programs(uint32_t hide, const char *opts)
{
    struct ir_machine *m;
    uint64_t bad = 0;

    xl_x86_hide_features = hide;
    m = ir_new(opts);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->cpu.x.engine->host_code);
    for (uint64_t i = 0; i < count && bad < 3; i++)
        bad += !program(m, first_seed + i);
    CU_ASSERT_EQUAL(bad, 0);
    ir_free(m);
    xl_x86_hide_features = 0;
}

static void all_features(void)
{
    programs(0, only_one ? "log=out_asm" : NULL);
}

static void no_bmi(void)
{
    programs(1 | 2 | 4, NULL);
}

static void no_avx(void)
{
    programs(32 | 64 | 128, NULL);
}

static void no_gs(void)
{
    programs(512, NULL);
}

static void arm_with(uint32_t hide, const char *opts)
{
    ir_arm(1);
    programs(hide, opts);
    ir_arm(0);
}

static void arm(void)
{
    arm_with(0, only_one ? "log=out_asm" : NULL);
}

static void arm_no_avx(void)
{
    arm_with(32, NULL);
}

static void arm_no_avx2(void)
{
    arm_with(1024 | 512, NULL);
}

static const struct xl_test arm_tests[] = {{"Arm floating point", arm}};
static const struct xl_test tests[] = {
    {"Arm floating point", arm}, {"the same without AVX", arm_no_avx},
    {"the same without AVX2, FMA, AES", arm_no_avx2},
    {"all features", all_features},
    {"without BMI and LZCNT", no_bmi},
    {"without AVX, FMA, PCLMULQDQ", no_avx},
    {"without FSGSBASE", no_gs},
};

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--count") == 0 && i + 1 < argc)
            count = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            first_seed = strtoull(argv[++i], NULL, 0);
        else if (strcmp(argv[i], "--one") == 0)
            only_one = 1;
        else if (strcmp(argv[i], "--arm") == 0)
            one_arm = 1;
    }
    if (only_one)
        count = 1;
    printf("seed %llu, %llu programs\n", (unsigned long long)first_seed,
           (unsigned long long)count);
    if (one_arm)
        return xl_check("x86-64 code", arm_tests, 1);
    return xl_check("x86-64 code", tests + (only_one ? 3 : 0), only_one ? 1 : sizeof(tests) / sizeof(tests[0]));
}
