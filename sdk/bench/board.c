/* SPDX-License-Identifier: MIT */
/* board.c - pb.board/1: a machine as far as boot plugins look at one. Devices are those of
 * the bench in the order they were made, placed by pbt_map(); loads and entries are kept
 * for the test to look at. */
#include "internal.h"

void pbt_option(pbt *b, const char *name, const char *value)
{
    pbt__kv_set(&b->opt, &b->n_opt, name, value);
}

uint32_t pbt_option_used(pbt *b, const char *name)
{
    return pbt__kv(b->used, b->n_used, name) != NULL;
}

void pbt_firmware(pbt *b, const char *name, const char *path)
{
    pbt__kv_set(&b->fw, &b->n_fw, name, path);
}

void pbt_fdt(pb_dev *d, const char *key, const char *value)
{
    pbt__kv_set(&d->fdt, &d->n_fdt, key, value);
}

pb_dev *pbt_cpu(pbt *b, const char *facts)
{
    char name[32], *copy = pbt__dup(facts), *save = NULL;
    uint32_t n = 0;

    for (pb_dev *d = b->devs; d; d = d->next)
        n += d->node == NODE_CPU;
    snprintf(name, sizeof name, "cpu%u", n);
    pb_dev *c = pbt__node(b, name, NODE_CPU);
    c->power = PB_CPU_ON;
    for (char *f = strtok_r(copy, ";", &save); f; f = strtok_r(NULL, ";", &save)) {
        char *eq = strchr(f, '=');
        if (eq) {
            *eq = 0;
            pbt__kv_set(&c->kv, &c->n_kv, f, eq + 1);
        }
    }
    free(copy);
    return c;
}

int pbt_boot(pb_dev *boot)
{
    const struct pb_boot *t = pbt_provides(boot, PB_BOOT);
    pbt *b = boot->b;
    struct pbt_ctx c;

    if (!t)
        pbt__die(b, "'%s' is no boot device", boot->name);
    b->err.code = 0;
    b->err.text[0] = 0;
    pbt__enter(b, &c, TAG_MAIN, boot);
    int rc = t->boot(boot->self, &b->err);
    pbt__leave(b, &c, boot);
    return rc;
}

const uint8_t *pbt_loaded(pbt *b, uint64_t gpa, uint64_t *len)
{
    for (uint32_t i = 0; i < b->n_loads; i++) {
        if (b->loads[i].gpa == gpa) {
            *len = b->loads[i].len;
            return b->loads[i].data;
        }
    }
    return NULL;
}

const uint8_t *pbt_loaded_named(pbt *b, const char *what, uint64_t *gpa, uint64_t *len)
{
    for (uint32_t i = 0; i < b->n_loads; i++) {
        if (strncmp(b->loads[i].what, what, strlen(what)) == 0) {
            *gpa = b->loads[i].gpa;
            *len = b->loads[i].len;
            return b->loads[i].data;
        }
    }
    return NULL;
}

int pbt_entry(pbt *b, uint32_t cpu, uint64_t *pc, uint64_t *args, uint32_t max)
{
    uint32_t own = 0;

    for (uint32_t i = 0; i < b->n_entries; i++)
        own |= b->entries[i].cpu == cpu;
    for (uint32_t i = b->n_entries; i-- > 0;) {
        if (b->entries[i].cpu != (own ? cpu : UINT32_MAX))
            continue;
        *pc = b->entries[i].pc;
        for (uint32_t k = 0; k < max && k < b->entries[i].n; k++)
            args[k] = b->entries[i].args[k];
        return (int)b->entries[i].n;
    }
    return PB_ENOENT;
}

int pbt_requested(pbt *b, uint32_t *what, int32_t *code)
{
    *what = b->req_what;
    *code = b->req_code;
    return (int)b->requested;
}

/* ---- The service ------------------------------------------------------------------- */

static const char *board_option(pb_dev *d, const char *name)
{
    return pbt__kv(d->b->opt, d->b->n_opt, name);
}

static void board_used(pb_dev *d, const char *name)
{
    pbt__kv_set(&d->b->used, &d->b->n_used, name, "");
}

static const char *board_find_firmware(pb_dev *d, const char *name, pb_err *e)
{
    const char *path = pbt__kv(d->b->fw, d->b->n_fw, name);
    char text[200];

    snprintf(text, sizeof text, "firmware '%s' was not given to the bench", name);
    if (!path)
        d->b->host.fail(e, PB_ENOENT, text);
    return path;
}

static uint32_t board_ram(pb_dev *d, struct pb_board_reg *v, uint32_t max)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->b->n_ram; i++) {
        if (!d->b->ram[i].rom && n++ < max)
            v[n - 1] = (struct pb_board_reg){d->b->ram[i].gpa, d->b->ram[i].len};
    }
    return n;
}

static pb_dev *nth(pbt *b, int node, uint32_t i)
{
    for (pb_dev *d = b->devs; d; d = d->next) {
        if (d->node == node && i-- == 0)
            return d;
    }
    return NULL;
}

static uint32_t board_n_cpus(pb_dev *d)
{
    uint32_t n = 0;

    while (nth(d->b, NODE_CPU, n))
        n++;
    return n;
}

static pb_dev *board_cpu(pb_dev *d, uint32_t i)
{
    return nth(d->b, NODE_CPU, i);
}

static const char *board_cpu_fact(pb_dev *d, uint32_t i, const char *name)
{
    pb_dev *c = nth(d->b, NODE_CPU, i);

    return c ? pbt__kv(c->kv, c->n_kv, name) : NULL;
}

static pb_dev *board_device(pb_dev *d, uint32_t i)
{
    return nth(d->b, NODE_DEVICE, i);
}

static const char *board_dev_name(pb_dev *d)
{
    return d->name;
}

static const char *board_dev_class(pb_dev *d)
{
    return d->cls ? d->cls->id : "";
}

static uint32_t board_dev_regs(pb_dev *d, struct pb_board_reg *v, uint32_t max)
{
    uint32_t n = 0;

    for (uint32_t i = 0; d->cls && i < d->cls->n_regions; i++) {
        if (d->at[i] != UINT64_MAX && d->pub[i] && n++ < max)
            v[n - 1] = (struct pb_board_reg){d->at[i], pbt_region_len(d, i)};
    }
    return n;
}

static uint32_t board_dev_wires(pb_dev *d, struct pb_board_wire *v, uint32_t max)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->n_out; i++) {
        for (uint32_t s = 0; s < d->out[i].n_sinks; s++) {
            if (n++ < max)
                v[n - 1] = (struct pb_board_wire){
                    d->out[i].name, d->out[i].index, d->out[i].sink[s].input,
                    d->out[i].sink[s].dev};
        }
    }
    return n;
}

static const char *board_dev_fdt(pb_dev *d, const char *key)
{
    return pbt__kv(d->fdt, d->n_fdt, key);
}

static const char *board_dev_fdt_key(pb_dev *d, uint32_t i)
{
    return i < d->n_fdt ? d->fdt[i].key : NULL;
}

static uint64_t board_dev_clock(pb_dev *d, uint32_t input)
{
    return input < 4 ? d->hz[input] : 0;
}

static int overlaps(uint64_t a, uint64_t an, uint64_t z, uint64_t zn)
{
    return a < z + zn && z < a + an;
}

static int in_memory(pbt *b, uint64_t gpa, uint64_t len, uint32_t rom)
{
    for (uint32_t i = 0; i < b->n_ram; i++) {
        const struct pbt_ram *m = &b->ram[i];
        if ((rom || !m->rom) && gpa >= m->gpa && gpa - m->gpa < m->len &&
            len <= m->len - (gpa - m->gpa))
            return 1;
    }
    return 0;
}

static int board_load(pb_dev *d, const char *what, uint64_t gpa, const void *data, uint64_t len,
                      pb_err *e)
{
    pbt *b = d->b;
    char text[300];

    pbt__need_main(b, "pb.board load()");
    if (!in_memory(b, gpa, len, 1)) {
        snprintf(text, sizeof text, "%s: no memory at 0x%llx for %llu bytes", what,
                 (unsigned long long)gpa, (unsigned long long)len);
        return b->host.fail(e, PB_EFAULT, text);
    }
    for (uint32_t i = 0; i < b->n_loads; i++) {
        if (!overlaps(gpa, len, b->loads[i].gpa, b->loads[i].len))
            continue;
        snprintf(text, sizeof text, "%s overlaps %s", what, b->loads[i].what);
        return b->host.fail(e, PB_EBUSY, text);
    }
    b->loads = pbt__grow(b->loads, b->n_loads, sizeof *b->loads);
    struct pbt_load *l = &b->loads[b->n_loads++];
    *l = (struct pbt_load){pbt__dup(what), gpa, len, pbt__alloc(len), d->realized ? NULL : d};
    memcpy(l->data, data, len);
    return PB_OK;
}

void pbt__drop_loads(pb_dev *d)
{
    pbt *b = d->b;

    for (uint32_t i = 0; i < b->n_loads; i++) {
        if (b->loads[i].realizing != d)
            continue;
        free(b->loads[i].what);
        free(b->loads[i].data);
        memmove(&b->loads[i], &b->loads[i + 1], (--b->n_loads - i) * sizeof *b->loads);
        i--;
    }
}

static uint64_t board_place(pb_dev *d, uint64_t from, uint64_t len, uint64_t align)
{
    pbt *b = d->b;
    uint64_t at = (from + align - 1) & ~(align - 1);

    for (uint32_t tries = 0; tries <= 2 * (b->n_loads + b->n_ram) + 2; tries++) {
        uint64_t next = UINT64_MAX;
        uint32_t moved = 0;
        for (uint32_t i = 0; i < b->n_loads && !moved; i++) {
            if (overlaps(at, len, b->loads[i].gpa, b->loads[i].len)) {
                at = (b->loads[i].gpa + b->loads[i].len + align - 1) & ~(align - 1);
                moved = 1;
            }
        }
        if (moved)
            continue;
        if (in_memory(b, at, len, 0))
            return at;
        for (uint32_t i = 0; i < b->n_ram; i++) {
            if (b->ram[i].gpa > at && b->ram[i].gpa < next)
                next = b->ram[i].gpa;
        }
        if (next == UINT64_MAX)
            return UINT64_MAX;
        at = (next + align - 1) & ~(align - 1);
    }
    return UINT64_MAX;
}

static int board_entry(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n,
                       pb_err *e)
{
    pbt *b = d->b;

    pbt__need_main(b, "pb.board entry()");
    if (n > 8 || b->n_entries == sizeof b->entries / sizeof *b->entries)
        return b->host.fail(e, PB_EINVAL, "too many entry arguments, or entries");
    b->entries[b->n_entries].cpu = i;
    b->entries[b->n_entries].pc = pc;
    b->entries[b->n_entries].n = n;
    for (uint32_t k = 0; k < n; k++)
        b->entries[b->n_entries].args[k] = args[k];
    b->n_entries++;
    return PB_OK;
}

static void board_request(pb_dev *d, uint32_t what, int32_t code)
{
    d->b->requested++;
    d->b->req_what = what;
    d->b->req_code = code;
}

static int board_cpu_start(pb_dev *d, uint32_t i, uint64_t pc, const uint64_t *args, uint32_t n)
{
    pb_dev *c = nth(d->b, NODE_CPU, i);

    if (!c || n > 8)
        return PB_EINVAL;
    if (c->power != PB_CPU_OFF)
        return PB_EBUSY;
    c->power = PB_CPU_STARTING;
    c->start_pc = pc;
    c->n_start = n;
    if (n)
        memcpy(c->start_args, args, n * sizeof *args);
    return PB_OK;
}

static int board_cpu_stop(pb_dev *d, uint32_t i)
{
    pb_dev *c = nth(d->b, NODE_CPU, i);

    if (!c)
        return PB_EINVAL;
    c->power = PB_CPU_OFF;
    return PB_OK;
}

static int board_cpu_power(pb_dev *d, uint32_t i)
{
    pb_dev *c = nth(d->b, NODE_CPU, i);

    return c ? (int)c->power : PB_EINVAL;
}

void pbt_cpu_power(pb_dev *cpu, uint32_t power)
{
    cpu->power = power;
}

int pbt_cpu_started(pb_dev *cpu, uint64_t *pc, uint64_t *args, uint32_t max)
{
    if (cpu->power != PB_CPU_STARTING)
        return -1;
    cpu->power = PB_CPU_ON;
    *pc = cpu->start_pc;
    for (uint32_t i = 0; i < cpu->n_start && i < max; i++)
        args[i] = cpu->start_args[i];
    return (int)cpu->n_start;
}

static const char *board_machine(pb_dev *d)
{
    (void)d;
    return "bench";
}

const struct pb_svc_board pbt__svc_board = {
    .size = sizeof pbt__svc_board, .option = board_option, .used = board_used,
    .find_firmware = board_find_firmware, .ram = board_ram, .n_cpus = board_n_cpus,
    .cpu = board_cpu, .cpu_fact = board_cpu_fact, .device = board_device,
    .dev_name = board_dev_name, .dev_class = board_dev_class, .dev_regs = board_dev_regs,
    .dev_wires = board_dev_wires, .dev_fdt = board_dev_fdt,
    .dev_fdt_key = board_dev_fdt_key, .dev_clock = board_dev_clock, .load = board_load,
    .place = board_place, .entry = board_entry, .request = board_request,
    .machine = board_machine, .cpu_start = board_cpu_start, .cpu_stop = board_cpu_stop,
    .cpu_power = board_cpu_power,
};
