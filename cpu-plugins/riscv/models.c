/* SPDX-License-Identifier: MIT */
/* models.c - CPU models, and the switches that change them (-cpu rv64,zba=off).
 * The RISC-V Instruction Set Manual, volume I: what each extension depends on; RISC-V
 * Profiles 1.0 (RVA22S64); SiFive U54 Core Complex Manual 21G3.
 *
 * A switch that the user left alone follows the model, and goes off when what it depends on
 * is off; one that the user set on against that is an error.
 */
#include "rv.h"

#include "props.h"

#include <stdio.h>
#include <string.h>

#define GC (RV_BIT(I) | RV_BIT(M) | RV_BIT(A) | RV_BIT(F) | RV_BIT(D) | RV_BIT(C) | RV_BIT(S) | \
            RV_BIT(U) | RV_BIT(ZICSR) | RV_BIT(ZIFENCEI) | RV_BIT(ZICNTR) | RV_BIT(PMP))
#define RVA22 (GC | RV_BIT(ZIHINTPAUSE) | RV_BIT(ZIHPM) | RV_BIT(ZICBOM) | RV_BIT(ZICBOZ) | \
               RV_BIT(ZBA) | RV_BIT(ZBB) | RV_BIT(ZBS) | RV_BIT(SVINVAL) | RV_BIT(SVADE))
#define RV64 ((RVA22 & ~RV_BIT(SVADE)) | RV_BIT(ZBC) | RV_BIT(ZICOND) | RV_BIT(SSTC) | \
              RV_BIT(SVADU))

static const struct model {
    uint64_t isa;
    uint64_t mmu_max;
    uint64_t mvendorid, marchid, mimpid;
} model[] = {
    {RV64, 10, 0, 0, 0},
    {RV64 | RV_BIT(SVADE) | RV_BIT(SMAIA) | RV_BIT(SSAIA), 10, 0, 0, 0},
    {RVA22, 8, 0, 0, 0},
    {GC | RV_BIT(SVADE), 8, 0x489, 0x8000000000000007ull, 0},
};

const struct pb_cpu_model rv_models[] = {
    {"rv64", "RV64GC with Zba Zbb Zbc Zbs, Zicbom Zicboz Zicond, Sstc, Svadu, Svinval, Sv57"},
    {"max", "everything that this plugin has"},
    {"rva22s64", "the mandatory part of profile RVA22S64 that this plugin has, Sv39"},
    {"sifive-u54", "SiFive U54: RV64GC, Sv39"},
};
const uint32_t rv_n_models = sizeof rv_models / sizeof *rv_models;
_Static_assert(sizeof model / sizeof *model == sizeof rv_models / sizeof *rv_models,
               "each model has its name");

static const struct needs {
    uint8_t ext, needs;
} needs[] = {
    {RV_X_ZICNTR, RV_X_ZICSR}, {RV_X_ZIHPM, RV_X_ZICSR}, {RV_X_F, RV_X_ZICSR},
    {RV_X_D, RV_X_F}, {RV_X_S, RV_X_U}, {RV_X_S, RV_X_ZICSR}, {RV_X_SSTC, RV_X_S},
    {RV_X_SVADE, RV_X_S}, {RV_X_SVADU, RV_X_S}, {RV_X_SVINVAL, RV_X_S},
    {RV_X_SMAIA, RV_X_ZICSR}, {RV_X_SSAIA, RV_X_S},
};

static int check_needs(struct rv *c, uint64_t set_by_user, pb_err *e)
{
    for (uint32_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        uint32_t x = needs[i].ext, n = needs[i].needs;
        if (!(c->isa >> x & 1) || (c->isa >> n & 1))
            continue;
        if (set_by_user >> x & 1) {
            char text[128];
            snprintf(text, sizeof text, "-cpu: %s=on needs %s=on", rv_props[x].name,
                     rv_props[n].name);
            return c->host->fail(e, PB_EINVAL, text);
        }
        c->isa &= ~(1ull << x);
    }
    return PB_OK;
}

/* ---- Switches -------------------------------------------------------------------------------- */

static int switched(const struct rv *c, uint32_t prop, int unset)
{
    return c->prop->is_set(c->dev, prop) ? c->prop->get_int(c->dev, prop) != 0 : unset;
}

static int check_fixed(const struct rv *c, pb_err *e)
{
    static const struct fixed {
        uint32_t prop;
        int value;
    } fixed[] = {
#define RV_FIXED(id, prop, value, text) {RV_P_##id, value},
#include "fixed.def"
#undef RV_FIXED
    };
    for (uint32_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const struct pb_prop *p = &rv_props[fixed[i].prop];
        char text[160];
        if (switched(c, fixed[i].prop, fixed[i].value) == fixed[i].value)
            continue;
        snprintf(text, sizeof text, "-cpu: %s=%s: this CPU %s %s%s", p->name,
                 fixed[i].value ? "off" : "on", fixed[i].value ? "always has" : "has no", p->doc,
                 fixed[i].value ? "" : " yet");
        return c->host->fail(e, PB_ENOTSUP, text);
    }
    if ((c->prop->is_set(c->dev, RV_P_VLEN) || c->prop->is_set(c->dev, RV_P_ELEN)) &&
        !c->prop->is_set(c->dev, RV_P_V))
        return c->host->fail(e, PB_ENOTSUP, "-cpu: vlen, elen: this CPU has no vector extension "
                             "yet; v=off says so");
    return PB_OK;
}

static int take_extensions(struct rv *c, pb_err *e)
{
    const uint64_t g = RV_BIT(M) | RV_BIT(A) | RV_BIT(F) | RV_BIT(D) | RV_BIT(ZICSR) |
                       RV_BIT(ZIFENCEI);
    uint64_t set = 0;
    for (uint32_t i = 1; i < RV_X_COUNT; i++) { /* 0, I, is no switch */
        set |= (uint64_t)(c->prop->is_set(c->dev, i) != 0) << i;
        c->isa = (c->isa & ~(1ull << i)) | (uint64_t)switched(c, i, c->isa >> i & 1) << i;
    }
    if (switched(c, RV_P_G, 0)) {
        if (set & g & ~c->isa)
            return c->host->fail(e, PB_EINVAL, "-cpu: g=on needs m, a, f, d, zicsr and zifencei");
        c->isa |= g;
    }
    return check_needs(c, set, e);
}

/* A mode has the smaller ones with it; the largest that is on bounds what the model has. */
static int take_modes(struct rv *c, pb_err *e)
{
    uint64_t largest_on = 0, least_off = 11;
    if (c->prop->is_set(c->dev, RV_P_MMU))
        c->mmu_max = 8 + (uint64_t)c->prop->get_int(c->dev, RV_P_MMU);
    for (uint32_t i = 0; i < 3; i++) {
        if (switched(c, RV_P_SV39 + i, 0))
            largest_on = 8 + i;
        else if (least_off == 11 && !switched(c, RV_P_SV39 + i, 1))
            least_off = 8 + i;
    }
    if (largest_on > least_off)
        return c->host->fail(e, PB_EINVAL, "-cpu: a mode of translation cannot be on when a "
                             "smaller one (sv39, sv48) is off");
    if (largest_on)
        c->mmu_max = largest_on;
    else if (c->mmu_max >= least_off)
        c->mmu_max = least_off == 8 ? 0 : least_off - 1;
    if (!switched(c, RV_P_MMU_ON, 1))
        c->mmu_max = 0;
    return PB_OK;
}

static int take_switches(struct rv *c, pb_err *e)
{
    int r = check_fixed(c, e);
    if (r < 0 || (r = take_extensions(c, e)) < 0 || (r = take_modes(c, e)) < 0)
        return r;
    if (c->prop->is_set(c->dev, RV_P_VENDOR))
        c->mvendorid = (uint32_t)c->prop->get_int(c->dev, RV_P_VENDOR);
    if (c->prop->is_set(c->dev, RV_P_ARCH))
        c->marchid = (uint64_t)c->prop->get_int(c->dev, RV_P_ARCH);
    if (c->prop->is_set(c->dev, RV_P_IMP))
        c->mimpid = (uint64_t)c->prop->get_int(c->dev, RV_P_IMP);
    c->short_isa = (uint32_t)switched(c, RV_P_SHORT, 0);
    return PB_OK;
}

int rv_configure(struct rv *c, const char *name, pb_err *e)
{
    uint32_t m = 0;
    while (name && *name && m < rv_n_models && strcmp(rv_models[m].name, name))
        m++;
    if (m == rv_n_models) {
        char text[160];
        snprintf(text, sizeof text, "-cpu: no model '%.64s'; there are rv64, max, rva22s64, "
                 "sifive-u54", name);
        return c->host->fail(e, PB_EINVAL, text);
    }
    c->isa = model[m].isa;
    c->mmu_max = model[m].mmu_max;
    c->mvendorid = model[m].mvendorid;
    c->marchid = model[m].marchid;
    c->mimpid = model[m].mimpid;
    int r = c->prop ? take_switches(c, e) : PB_OK;
    if (r < 0)
        return r;
    if (!(c->isa & RV_BIT(S)))
        c->mmu_max = 0;
    return PB_OK;
}
