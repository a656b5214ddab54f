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
            RV_BIT(U) | RV_BIT(ZICSR) | RV_BIT(ZIFENCEI) | RV_BIT(ZICNTR))
#define RVA22 (GC | RV_BIT(ZIHPM) | RV_BIT(ZICBOM) | RV_BIT(ZICBOZ) | RV_BIT(ZBA) | RV_BIT(ZBB) | \
               RV_BIT(ZBS) | RV_BIT(SVINVAL) | RV_BIT(SVADE))
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
    uint64_t set = 0;
    for (uint32_t i = 1; c->prop && i < RV_X_COUNT; i++) { /* 0, I, is no switch */
        if (!c->prop->is_set(c->dev, i))
            continue;
        set |= 1ull << i;
        c->isa &= ~(1ull << i);
        if (c->prop->get_int(c->dev, i))
            c->isa |= 1ull << i;
    }
    if (check_needs(c, set, e) < 0)
        return PB_EINVAL;
    if (c->prop && c->prop->is_set(c->dev, RV_P_MMU))
        c->mmu_max = 8 + (uint64_t)c->prop->get_int(c->dev, RV_P_MMU);
    if (!(c->isa & RV_BIT(S)))
        c->mmu_max = 0;
    return PB_OK;
}
