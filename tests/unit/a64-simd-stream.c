/* SPDX-License-Identifier: MIT */
/* a64-simd-stream.c - random floating-point and SIMD code: interpreter, generated code, QEMU.
 *
 * a64-simd-stream [-s SEED] [-c PROGRAMS] [-n UNITS] [-q QEMU] [-f FPCR-MASK] [-g PREFIX]
 *                 [-x NAME,NAME] [-k]
 * The interpreter is stepped beside QEMU's log: after each unit FPSR (cleared each time), NZCV
 * and the register named Rd must agree, at the end the buffer. Then the whole program runs in
 * the interpreter and in generated code, and all state must agree; and again with every n-th access
 * failing first, where the state at each fault must agree as well. -q none: without QEMU;
 * -g: rows whose name has that prefix; -x: without these; -k: keep the ELF files. Exit status
 * 77 when there is no QEMU.
 */
#include "cpu-host.h"
#include "a64-simd-random.h"

#include "aarch64.h"
#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RAM_SIZE 0x400000u

static uint32_t shown;

static struct cpu_host *host_new(const char *engine)
{
    struct cpu_host *r = cpu_host_new(A64S_BASE, RAM_SIZE, "max", NULL, engine);
    if (!r)
        exit(1);
    r->cls->reset(r->arm, A64S_BASE, NULL, 0);
    r->arm->user = 1; /* no MMU, no exception levels */
    return r;
}

static int step(struct cpu_host *r)
{
    r->cls->step(r->arm, 1);
    int ended = r->cls->run(r->arm) == PB_EXIT_DEBUG ? 0 : -1;
    r->cls->step(r->arm, 0);
    return ended;
}

static void note_fault(struct a64 *c, struct stream_faults *f)
{
    const uint64_t other[] = {c->trap.kind, c->trap.access, a64_nzcv(c), a64_fpsr(c)};
    uint64_t state = stream_hash(0, c->gpr, sizeof c->gpr);
    state = stream_hash(stream_hash(state, c->v, sizeof c->v), other, sizeof other);
    stream_fault(f, c->x.pc, c->trap.addr, state);
}

/* Faults are noted and their instructions done again. */
static int run_to(struct cpu_host *r, uint64_t end, struct stream_faults *f)
{
    r->cls->breakpoint(r->arm, 0, end, 4, 1);
    f->n = 0;
    for (uint32_t k = 0; k < STREAM_FAULTS; k++) {
        uint32_t why = r->cls->run(r->arm);
        if (why == PB_EXIT_DEBUG)
            break;
        if (why == PB_EXIT_TRAP)
            note_fault(r->arm, f);
    }
    return r->arm->x.pc == end ? 0 : -1;
}

static uint32_t load(struct cpu_host *r, const struct a64s *p)
{
    struct a64 *c = r->arm;
    memcpy(r->ram + (A64S_TABLE - A64S_BASE), p->table, sizeof p->table);
    memcpy(r->ram + (A64S_BUFFER - A64S_BASE), p->buffer, sizeof p->buffer);
    for (uint32_t k = 0; k < p->n_insns; k++) {
        uint32_t w = a64s_place(p->insn[k], A64S_BASE + 4 * k);
        memcpy(r->ram + 4 * k, &w, 4);
    }
    memcpy(c->gpr, p->x, sizeof p->x);
    memcpy(c->v, p->v, sizeof p->v);
    a64_set_nzcv(c, 0);
    a64_set_fpcr(c, p->fpcr);
    a64_set_fpsr(c, 0);
    c->x.pc = A64S_BASE;
    return A64S_BASE + 4 * p->n_insns;
}

/* ---- Beside QEMU ----------------------------------------------------------------------------- */

static int run_qemu(const char *qemu, const char *elf, void *log, size_t size, uint8_t *buffer)
{
    char cmd[512];
    snprintf(cmd, sizeof cmd, "timeout 60 %s %s", qemu, elf);
    FILE *f = popen(cmd, "r");
    if (!f)
        return -1;
    size_t n = fread(log, 1, size, f);
    n += fread(buffer, 1, A64S_BUFFER_SIZE, f);
    return pclose(f) == 0 && n == size + A64S_BUFFER_SIZE ? 0 : -1;
}

static void show(const struct a64s *p, uint32_t u, uint64_t in[4][2], const struct a64s_log *ours,
                 const struct a64s_log *theirs)
{
    uint32_t w = p->insn[p->unit[u].first + p->unit[u].n - 1];
    if (shown++ > 40)
        return;
    printf("seed %llu fpcr %llx: %s %08x\n", (unsigned long long)p->seed,
           (unsigned long long)p->fpcr, a64_rows[p->unit[u].row].name, w);
    const char *const names[] = {"n", "m", "d", "a"};
    for (int k = 0; k < 4; k++)
        printf("   %s %016llx %016llx\n", names[k], (unsigned long long)in[k][1],
               (unsigned long long)in[k][0]);
    const struct a64s_log *both[] = {ours, theirs};
    for (int k = 0; k < 2; k++)
        printf("   %s v %016llx %016llx x %llx fpsr %llx nzcv %llx\n", k ? "qemu" : "ours",
               (unsigned long long)both[k]->v[1], (unsigned long long)both[k]->v[0],
               (unsigned long long)both[k]->x, (unsigned long long)both[k]->fpsr,
               (unsigned long long)both[k]->nzcv);
}

/* Where QEMU 7.2 is wrong: it sign-extends what FCVTZS Hd, Hn, #fbits gives to 32 bits (C7.2),
 * and FJCVTZS sets Z for a subnormal that FPCR.FZ flushed (FPToFixedJS). */
static void correct(const struct a64s *p, uint32_t u, struct a64s_log *theirs)
{
    uint32_t w = p->insn[p->unit[u].first + p->unit[u].n - 1];
    if (p->unit[u].row == A64_fcvtzs_si && (w >> 19 & 15) < 4)
        theirs->v[0] &= 0xffff;
    if (p->unit[u].row == A64_fjcvtzs && theirs->fpsr & 0x80)
        theirs->nzcv = 0;
}

static uint32_t compare_units(struct cpu_host *r, const struct a64s *p, const struct a64s_log *log)
{
    struct a64 *c = r->arm;
    uint32_t bad = 0;
    for (uint32_t u = 0; u < p->units; u++) {
        uint32_t w = p->insn[p->unit[u].first + p->unit[u].n - 1], rd = w & 31;
        uint64_t in[4][2];
        for (uint32_t k = 0; k < p->unit[u].n; k++) {
            const uint32_t reg[] = {w >> 5 & 31, w >> 16 & 31, rd, w >> 10 & 31};
            for (int i = 0; i < 4; i++)
                memcpy(in[i], c->v[reg[i]].d, 16);
            if (step(r) < 0) {
                printf("seed %llu: no step at %llx\n", (unsigned long long)p->seed,
                       (unsigned long long)c->x.pc);
                return 1;
            }
        }
        struct a64s_log ours = {a64_fpsr(c), a64_nzcv(c), rd < 8 ? c->gpr[rd] : 0,
                                {c->v[rd].d[0], c->v[rd].d[1]}};
        a64_set_fpsr(c, 0);
        struct a64s_log theirs = log[u];
        correct(p, u, &theirs);
        if (memcmp(&ours, &theirs, sizeof ours)) {
            bad++;
            show(p, u, in, &ours, &theirs);
        }
        /* what follows begins with the same state on both sides */
        memcpy(c->v[rd].d, log[u].v, 16);
        if (rd < 8)
            c->gpr[rd] = log[u].x;
        a64_set_nzcv(c, log[u].nzcv);
    }
    return bad;
}

static uint32_t beside_qemu(const struct a64s *p, const char *qemu, const char *elf)
{
    static struct a64s_log log[A64S_MAX_UNITS];
    static uint8_t buffer[A64S_BUFFER_SIZE];
    if (a64s_write_elf(p, elf) < 0 ||
        run_qemu(qemu, elf, log, p->units * sizeof *log, buffer) < 0) {
        printf("seed %llu: %s failed on %s\n", (unsigned long long)p->seed, qemu, elf);
        return 1;
    }
    struct cpu_host *r = host_new("interp");
    load(r, p);
    uint32_t bad = compare_units(r, p, log);
    const uint8_t *ours = r->ram + (A64S_BUFFER - A64S_BASE);
    for (uint32_t at = 0; at < A64S_BUFFER_SIZE && !bad; at++)
        if (ours[at] != buffer[at] && !bad++)
            printf("seed %llu: buffer differs at %x\n", (unsigned long long)p->seed, at);
    cpu_host_free(r);
    return bad;
}

/* ---- Interpreter and generated code --------------------------------------------------------- */

struct result {
    uint64_t x[32], v[32][2], fpsr, nzcv;
    uint8_t buffer[A64S_BUFFER_SIZE];
};

static struct stream_faults interp_faults, code_faults;

static int run_whole(const struct a64s *p, const char *engine, struct result *out,
                     struct stream_faults *f)
{
    struct cpu_host *r = host_new(engine);
    int ended = run_to(r, load(r, p), f);
    memcpy(out->x, r->arm->gpr, sizeof out->x);
    memcpy(out->v, r->arm->v, sizeof out->v);
    out->fpsr = a64_fpsr(r->arm);
    out->nzcv = a64_nzcv(r->arm);
    memcpy(out->buffer, r->ram + (A64S_BUFFER - A64S_BASE), A64S_BUFFER_SIZE);
    if (ended < 0)
        printf("seed %llu: %s ended at %llx\n", (unsigned long long)p->seed,
               engine ? engine : "generated code", (unsigned long long)r->arm->x.pc);
    cpu_host_free(r);
    return ended;
}

static struct result by_interp, by_code;

static int whole_differs(const struct a64s *p)
{
    return run_whole(p, "interp", &by_interp, &interp_faults) < 0 ||
           run_whole(p, NULL, &by_code, &code_faults) < 0 ||
           memcmp(&by_interp, &by_code, sizeof by_code);
}

/* An instruction makes fewer accesses than 17. */
static uint32_t faults_differ(const struct a64s *p)
{
    char engine[48];
    static struct result faulting;
    snprintf(engine, sizeof engine, "interp,chaos-fault=%u", 17 + (uint32_t)(p->seed % 31));
    for (int i = 0; i < 2; i++) {
        if (run_whole(p, i ? engine + 7 : engine, &faulting, i ? &code_faults : &interp_faults) < 0)
            return 1;
        if (memcmp(&by_interp, &faulting, sizeof faulting)) {
            printf("seed %llu: the end differs with %s\n", (unsigned long long)p->seed, engine);
            return 1;
        }
    }
    return (uint32_t)stream_faults_differ(&interp_faults, &code_faults, p->seed);
}

static void show_difference(const struct result *a, const struct result *b)
{
    for (uint32_t n = 0; n < 32; n++) {
        if (a->x[n] != b->x[n])
            printf("   x%u %llx, code %llx\n", n, (unsigned long long)a->x[n],
                   (unsigned long long)b->x[n]);
        if (memcmp(a->v[n], b->v[n], 16))
            printf("   v%u %016llx %016llx, code %016llx %016llx\n", n,
                   (unsigned long long)a->v[n][1], (unsigned long long)a->v[n][0],
                   (unsigned long long)b->v[n][1], (unsigned long long)b->v[n][0]);
    }
    if (a->fpsr != b->fpsr || a->nzcv != b->nzcv)
        printf("   fpsr %llx, code %llx; nzcv %llx, code %llx\n", (unsigned long long)a->fpsr,
               (unsigned long long)b->fpsr, (unsigned long long)a->nzcv,
               (unsigned long long)b->nzcv);
    for (uint32_t at = 0; at < A64S_BUFFER_SIZE; at++)
        if (a->buffer[at] != b->buffer[at]) {
            printf("   buffer at %x: %x, code %x\n", at, a->buffer[at], b->buffer[at]);
            break;
        }
}

/* The shortest beginning of the program that differs ends with the culprit. */
static uint32_t both_engines(struct a64s *p)
{
    if (!whole_differs(p))
        return faults_differ(p);
    uint32_t low = 0, high = p->units, units = p->units, insns = p->n_insns;
    while (high - low > 1) {
        p->units = (low + high) / 2;
        p->n_insns = p->unit[p->units].first;
        if (whole_differs(p))
            high = p->units;
        else
            low = p->units;
    }
    printf("seed %llu fpcr %llx: generated code differs after unit %u, %s %08x\n",
           (unsigned long long)p->seed, (unsigned long long)p->fpcr, high - 1,
           a64_rows[p->unit[high - 1].row].name,
           p->insn[p->unit[high - 1].first + p->unit[high - 1].n - 1]);
    p->units = high;
    p->n_insns = p->unit[high - 1].first + p->unit[high - 1].n;
    if (whole_differs(p))
        show_difference(&by_interp, &by_code);
    p->units = units;
    p->n_insns = insns;
    return 1;
}

int main(int argc, char **argv)
{
    static struct a64s p;
    const char *qemu = "qemu-aarch64";
    char dir[] = "/tmp/a64-simd-XXXXXX", elf[64], find[256];
    uint64_t seed = 1, insns = 0, faults = 0;
    uint32_t programs = 10, units = 1000, keep = 0, bad = 0;
    p.fpcr_mask = 0x07c80000;
    for (int o; (o = getopt(argc, argv, "s:c:n:q:f:g:x:k")) != -1;)
        switch (o) {
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'c': programs = (uint32_t)atoi(optarg); break;
        case 'n': units = (uint32_t)atoi(optarg); break;
        case 'q': qemu = strcmp(optarg, "none") ? optarg : NULL; break;
        case 'f': p.fpcr_mask = strtoull(optarg, NULL, 0); break;
        case 'g': p.group = optarg; break;
        case 'x': p.without = optarg; break;
        case 'k': keep = 1; break;
        default: return 2;
        }
    snprintf(find, sizeof find, "command -v %s >/dev/null", qemu ? qemu : "true");
    if (qemu && system(find) != 0)
        return 77;
    if (units >= A64S_MAX_UNITS || !mkdtemp(dir))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (uint32_t i = 0; i < programs; i++) {
        p.seed = seed + i;
        p.units = units;
        a64s_make(&p);
        snprintf(elf, sizeof elf, "%s/%llu.elf", dir, (unsigned long long)p.seed);
        uint32_t wrong = qemu ? beside_qemu(&p, qemu, elf) : 0;
        wrong += both_engines(&p);
        if (!keep)
            unlink(elf);
        bad += wrong;
        insns += p.units;
        faults += code_faults.n;
    }
    printf("%u programs, %llu units, %llu faults, %u differ\n", programs,
           (unsigned long long)insns, (unsigned long long)faults, bad);
    rmdir(dir);
    return bad != 0;
}
