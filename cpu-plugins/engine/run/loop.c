/* SPDX-License-Identifier: MIT */
/* loop.c - xl_run(): what a vCPU's thread does.
 *
 * Round by round: requests of others, a pending interrupt, halt, the debugger, mode and
 * context if they may have changed; then the unit at x->pc is found (or made) and entered,
 * and guest code runs until it leaves. Guest exceptions come back to the top of the loop by
 * xl_leave().
 */
#include "priv.h"

#include "../cache/cache.h"

#include <setjmp.h>

_Noreturn void xl_leave(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);

    r->fresh = 1;
    r->n_leaves++;
    xl_ctx_back(x);
    if (r->in_host && !XL_TSAN) {
        x->engine->host_code->leave(x);
        __builtin_unreachable();
    }
    /* ThreadSanitizer keeps a stack of calls beside the real one; it knows of longjmp (not of
     * _longjmp) and would overrun that stack by a jump of our own. */
    longjmp(r->top, 1);
}

void xl_sync(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    const struct xl_host *h = x->engine->host_code;
    const struct xl_unit *u;
    int64_t delta;

    if (r->in_interp) {
        x->pc = x->pcb + (uint64_t)r->delta;
        return;
    }
    if (!r->in_host || !x->ret_pc)
        return;
    /* A return address is the byte behind the call. */
    u = h->find_unit(x->engine, (uintptr_t)x->ret_pc - 1);
    if (u && h->find_pc(u, (uintptr_t)x->ret_pc - 1, &delta) == PB_OK)
        x->pc = xl_pcb(x, u) + (uint64_t)delta;
    else
        xl_log(x, "no guest pc for host address 0x%llx", (unsigned long long)x->ret_pc);
}

/* Leave the state that a poll asks for: handled now, whatever came. */
static void take_poll(struct xl_vcpu *x)
{
    struct xl_ctx *c = x->ctx;

    if (__atomic_load_n(&x->poll, __ATOMIC_RELAXED))
        __atomic_store_n(&x->poll, 0, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&c->jc_base, __ATOMIC_RELAXED) != c->jc)
        __atomic_store_n(&c->jc_base, c->jc, __ATOMIC_SEQ_CST);
}

/* One unit, or with `on` one after the other as long as the jump cache knows the next. */
static int interpret(struct xl_vcpu *x, const struct xl_unit *u, int on)
{
    struct xl_run *r = xl_r(x);
    int left;

    r->in_interp = 1;
    for (;;) {
        const struct xl_jc *j;

        left = xl_interp(x, u);
        if (!on || left != XL_LEFT_LOOKUP || __atomic_load_n(&x->poll, __ATOMIC_RELAXED))
            break;
        j = __atomic_load_n(&x->ctx->jc_base, __ATOMIC_RELAXED) + xl_jc_hash(x->pc);
        if (j->va != x->pc)
            break;
        u = j->host;
        x->pcb = x->pc & ~(uint64_t)XL_PAGE_MASK;
    }
    r->in_interp = 0;
    return left;
}

/* Enter `code`, or without any interpret `u`, at x->pc; XL_LEFT_*, or -1 when something has to be
 * done first. */
XL_NEAR static int enter(struct xl_vcpu *x, void *code, struct xl_unit *u)
{
    struct xl_run *r = xl_r(x);
    int left;

    x->pcb = x->pc & ~(uint64_t)XL_PAGE_MASK;
    x->exit_link = NULL;
    x->ret_pc = 0;
    __atomic_store_n(&x->in_unit, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&x->requests, __ATOMIC_SEQ_CST) ||
        __atomic_load_n(&x->poll, __ATOMIC_SEQ_CST)) {
        xl_out(x);
        return -1;
    }
    if (!code) {
        left = interpret(x, u, !x->engine->host_code && u != r->step);
    } else {
        r->in_host = 1;
        left = x->engine->host_code->enter(x, code);
        r->in_host = 0;
    }
    xl_out(x);
    return left;
}

static void log_exec(struct xl_vcpu *x, const struct xl_unit *u)
{
    if (x->engine->log & XL_LOG_EXEC)
        xl_log(x, "exec cpu %u pc 0x%llx pa 0x%llx mode 0x%llx", x->svc->index(x->cpu),
               (unsigned long long)x->pc, (unsigned long long)u->pa,
               (unsigned long long)x->mode);
}

/* The exit that was left may lead to `u` directly from now on. Its unit, if it did not before. */
static const struct xl_unit *link_to(struct xl_vcpu *x, struct xl_unit *u)
{
    struct xl_engine *e = x->engine;
    struct xl_link *l = x->exit_link;
    const struct xl_unit *from = NULL;

    x->exit_link = NULL;
    /* Generated code came to l's unit by a jump: in C's terms its making is before this. */
    (void)__atomic_load_n(&e->published, __ATOMIC_ACQUIRE);
    if (!l || xl_r(x)->borrowed || (u->pa2 != UINT64_MAX && !e->direct) ||
        !xl_linkable(e->guest, e->direct, l->target))
        return NULL;
    pthread_mutex_lock(&e->lock);
    if (!l->to && !l->from->dead && !u->dead && l->from->mode == u->mode &&
        (l->from->pa & ~(uint64_t)XL_PAGE_MASK) + (uint64_t)l->target == u->pa) {
        xl_unit_link(e, l, u);
        from = l->from;
    }
    pthread_mutex_unlock(&e->lock);
    return from;
}

static int debug_stop(struct xl_vcpu *x, uint32_t kind, uint64_t addr)
{
    struct xl_run *r = xl_r(x);

    r->stop_kind = kind;
    r->stop_addr = addr;
    return PB_EXIT_DEBUG;
}

/* What the debugger wants before the next unit: an exit code, or -1. */
static int debug_before(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);

    if (r->wp_hit == 2) { /* the instruction that hit is done */
        r->wp_hit = r->wp_pass = 0;
        return debug_stop(x, r->stop_kind, r->stop_addr);
    }
    if (r->n_bp && !x->stop_step && !r->wp_hit && xl_bp_at(x, x->pc) &&
        !(r->bp_skip && r->bp_skip_pc == x->pc)) {
        r->bp_skip = 1;
        r->bp_skip_pc = x->pc;
        return debug_stop(x, 0, x->pc);
    }
    return -1;
}

/* Requests, interrupts, halt; an exit code, or -1 to go on. */
static int before_unit(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    int code = (int)x->leave_code;

    if (code) {
        x->leave_code = 0;
        return code;
    }
    take_poll(x);
    if (__atomic_load_n(&x->requests, __ATOMIC_SEQ_CST) && (xl_do_requests(x) & XL_REQ_KICK)) {
        __atomic_fetch_and(&x->requests, ~XL_REQ_KICK, __ATOMIC_SEQ_CST);
        return PB_EXIT_KICK;
    }
    /* A debugger's step is the instruction that it looks at, not an interrupt's first. */
    if (__atomic_load_n(&x->pending, __ATOMIC_SEQ_CST) && x->guest->interrupt &&
        (!x->stop_step || __atomic_load_n(&x->halted, __ATOMIC_SEQ_CST))) {
        if (x->guest->interrupt(x) && (x->engine->log & XL_LOG_INT))
            xl_log(x, "int cpu %u to pc 0x%llx", x->svc->index(x->cpu),
                   (unsigned long long)x->pc);
        r->fresh = 1;
    }
    if (__atomic_load_n(&x->halted, __ATOMIC_SEQ_CST))
        return PB_EXIT_HALT;
    if (r->fresh) {
        r->fresh = 0;
        xl_ctx_switch(x);
        x->exit_link = NULL;
    }
    code = debug_before(x);
    if (code < 0 && r->n_points && xl_point_hit(x)) {
        xl_ctx_switch(x);
        x->exit_link = NULL;
    }
    return code;
}

/* Chaos: as if someone had written to the unit that is about to run. */
static void drop_one(struct xl_vcpu *x, const struct xl_unit *u)
{
    struct xl_engine *e = x->engine;

    pthread_mutex_lock(&e->lock);
    xl_drop_range(e, u->pa, 1);
    pthread_mutex_unlock(&e->lock);
    xl_forget_code(x);
    xl_ask_others(e, x, XL_REQ_JC);
    x->exit_link = NULL;
}

/* Generated code finds `u` by itself from now on: by a link, or by the jump cache, which has no
 * room for what is mostly not jumped to. */
static void publish(struct xl_vcpu *x, struct xl_unit *u)
{
    const struct xl_unit *from = x->exit_link ? link_to(x, u) : NULL;
    int put = !from && xl_jc_put(x, x->pc, u->code, u->pa2 != UINT64_MAX);

    if (!x->engine->tell)
        return;
    if (from)
        xl_learn_note(x, from->pa);
    if (put)
        xl_learn_note(x, XL_NO_UNIT);
}

static struct xl_unit *next_unit(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    struct xl_unit *u;

    if (x->stop_step || r->wp_hit || r->bp_skip) {
        u = xl_step_unit(x, x->pc, 1);
        x->exit_link = NULL;
        return u;
    }
    r->n_lookups++;
    if (!r->borrowed && xl_has_notes(x->engine))
        xl_learn(x);
    u = xl_find(x, x->pc);
    if (!u || (r->borrowed && !u->code) || (r->n_bp && xl_bp_near(x, x->pc)) ||
        xl_stops_at(x->engine, x->pc) || (x->engine->log & XL_LOG_EXEC))
        return u; /* each execution comes here */
    if (!r->borrowed && xl_chaos(x, x->engine->chaos_drop)) {
        drop_one(x, u); /* it still runs this once */
    } else if (!x->engine->host_code) {
        xl_jc_put(x, x->pc, u, u->pa2 != UINT64_MAX);
    } else if (u->code) {
        publish(x, u);
    }
    return u;
}

/* The code that a jump to x->pc would lead to from generated code, or NULL. A system call mostly
 * comes back to where it did before, and a child of fork() touches fewer pages so. */
static void *known(struct xl_vcpu *x)
{
    const struct xl_run *r = xl_r(x);
    const struct xl_engine *e = x->engine;
    const struct xl_jc *j;

    if (!e->host_code || x->stop_step || x->exit_link || r->wp_hit || r->bp_skip || r->n_bp ||
        r->borrowed || e->chaos_drop || e->log & XL_LOG_EXEC || xl_has_notes(e))
        return NULL;
    j = __atomic_load_n(&x->ctx->jc_base, __ATOMIC_RELAXED) + xl_jc_hash(x->pc);
    return j->va == x->pc ? j->host : NULL;
}

/* One round; an exit code, or -1 to go on. */
static int one_round(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    int code = before_unit(x), left;
    struct xl_unit *u = NULL;
    void *host;

    r->touch = 0;
    if (code >= 0)
        return code;
    host = known(x);
    if (!host) {
        u = next_unit(x);
        if (!u)
            return -1; /* tables were emptied, or bytes changed meanwhile: again */
        host = u->code;
        log_exec(x, u);
    }
    if (r->wp_hit == 1)
        r->wp_pass = 1;
    left = enter(x, host, u);
    if (left < 0)
        return -1;
    if (left == XL_LEFT_STATE || left == XL_LEFT_GUEST)
        r->fresh = 1;
    if (left == XL_LEFT_POLL && u && u == r->step)
        return -1;
    r->bp_skip = 0;
    if (r->wp_hit == 1 && r->wp_pass) {
        r->wp_hit = 2;
        r->wp_pass = 0;
        return -1;
    }
    return x->stop_step ? debug_stop(x, 0, x->pc) : -1;
}

uint32_t xl_run(struct xl_vcpu *x)
{
    struct xl_run *r = xl_r(x);
    volatile int left = 0;
    int code;

    r->fresh = 1;
    if (_setjmp(r->top)) { /* xl_leave(), outside generated code */
        r->in_interp = r->in_host = r->touch = 0;
        xl_build_end(x);
        xl_out(x);
        r->bp_skip = 0;
        if (r->wp_hit == 1 && r->wp_pass) {
            r->wp_hit = 2;
            r->wp_pass = 0;
        }
        left = 1;
    }
    x->exit_link = NULL;
    x->ret_pc = 0;
    xl_safepoint(x);
    if (left && x->stop_step && !r->wp_hit)
        code = debug_stop(x, 0, x->pc);
    else
        do {
            xl_safepoint(x);
            code = one_round(x);
        } while (code < 0);
    x->exit_link = NULL;
    __atomic_store_n(&r->inside, 0, __ATOMIC_SEQ_CST);
    return (uint32_t)code;
}
