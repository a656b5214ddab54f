/* SPDX-License-Identifier: MIT */
/* models.c - CPU models, and the switches that change them (-cpu max,lse=off).
 * Technical Reference Manuals: Cortex-A35 100236, A53 DDI 0500, A55 100442, A57 DDI 0488,
 * A72 100095, A76 100798, Neoverse N1 100616.
 */
#include "aarch64.h"

#include "props.h"

#include <stdio.h>
#include <string.h>

#define V80 (A64_BIT(BASE) | A64_BIT(FP) | A64_BIT(AES) | A64_BIT(SHA1) | A64_BIT(SHA256) | \
             A64_BIT(CRC32) | A64_BIT(EL2) | A64_BIT(EL3) | A64_BIT(PMU))
#define V81 (V80 | A64_BIT(LSE) | A64_BIT(RDM) | A64_BIT(LOR) | A64_BIT(PAN) | A64_BIT(VHE) | \
             A64_BIT(HPDS) | A64_BIT(HAFDBS) | A64_BIT(VMID16))
#define V82 (V81 | A64_BIT(UAO) | A64_BIT(PAN2) | A64_BIT(DPB) | A64_BIT(FP16) | \
             A64_BIT(DOTPROD) | A64_BIT(XNX))
#define A55 (V82 | A64_BIT(LRCPC)) /* and A76, N1 */
#define MAX (V82 | A64_BIT(PAUTH) | A64_BIT(JSCVT) | A64_BIT(FCMA) | A64_BIT(LRCPC) | \
             A64_BIT(LRCPC2) | A64_BIT(FLAGM) | A64_BIT(FLAGM2) | A64_BIT(FRINTTS) | \
             A64_BIT(SB) | A64_BIT(E0PD) | A64_BIT(TLBIOS) | A64_BIT(TLBIR) | \
             A64_BIT(SHA512) | A64_BIT(SHA3) | \
             A64_BIT(SM3) | A64_BIT(SM4) | A64_BIT(FHM))

static const struct model {
    uint64_t isa;
} model[A64_MODELS] = {{V80}, {V80}, {V80}, {MAX}, {V80}, {A55}, {A55}, {A55}};

/* Saved states have their numbers: new ones go to the end. */
const struct pb_cpu_model a64_models[A64_MODELS] = {
    {"cortex-a57", "Arm Cortex-A57: Armv8.0-A"},
    {"cortex-a53", "Arm Cortex-A53: Armv8.0-A"},
    {"cortex-a72", "Arm Cortex-A72: Armv8.0-A"},
    {"max", "everything that this plugin has"},
    {"cortex-a35", "Arm Cortex-A35: Armv8.0-A"},
    {"cortex-a55", "Arm Cortex-A55: Armv8.2-A"},
    {"cortex-a76", "Arm Cortex-A76: Armv8.2-A"},
    {"neoverse-n1", "Arm Neoverse N1: Armv8.2-A"},
};

/* ---- Sets of features, by number in mode words ----------------------------------------------- */

#define MAX_SETS 16
static uint64_t sets[MAX_SETS];
static uint32_t n_sets;

uint64_t a64_isa_of(uint64_t mode)
{
    return sets[mode >> A64_MODE_ISA_SHIFT & (MAX_SETS - 1)];
}

int a64_isa_index(uint64_t isa, uint32_t *index)
{
    for (*index = 0; *index < n_sets; ++*index)
        if (sets[*index] == isa)
            return PB_OK;
    if (n_sets == MAX_SETS)
        return PB_ENOMEM;
    sets[n_sets++] = isa;
    return PB_OK;
}

/* ---- Switches -------------------------------------------------------------------------------- */

static int switched(const struct a64 *c, uint32_t prop, int unset)
{
    return c->prop->is_set(c->dev, prop) ? c->prop->get_int(c->dev, prop) != 0 : unset;
}

/* QEMU's switches that can only say what is so. */
static int check_fixed(const struct a64 *c, pb_err *e)
{
    static const struct fixed {
        uint32_t prop;
        int value;
    } fixed[] = {
#define A64_FIXED(id, prop, value, text) {A64_P_##id, value},
#include "fixed.def"
#undef A64_FIXED
    };
    for (uint32_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const struct pb_prop *p = &a64_props[fixed[i].prop];
        char text[160];
        if (switched(c, fixed[i].prop, fixed[i].value) == fixed[i].value)
            continue;
        snprintf(text, sizeof text, "-cpu: %s=%s: this CPU %s %s%s", p->name,
                 fixed[i].value ? "off" : "on", fixed[i].value ? "always has" : "has no", p->doc,
                 fixed[i].value ? "" : " yet");
        return c->host->fail(e, PB_ENOTSUP, text);
    }
    if (!switched(c, A64_P_IMPDEF, 1))
        return c->host->fail(e, PB_ENOTSUP, "-cpu: pauth-impdef=off: the only algorithm of pointer "
                             "authentication here is our own");
    return PB_OK;
}

/* What has no meaning without the registers of floating point and Advanced SIMD. */
#define NEEDS_FP (A64_BIT(AES) | A64_BIT(SHA1) | A64_BIT(SHA256) | A64_BIT(SHA512) | \
                  A64_BIT(SHA3) | A64_BIT(SM3) | A64_BIT(SM4) | A64_BIT(RDM) | A64_BIT(FP16) | \
                  A64_BIT(DOTPROD) | A64_BIT(FHM) | A64_BIT(JSCVT) | A64_BIT(FCMA) | \
                  A64_BIT(FRINTTS))

static int take_switches(struct a64 *c, pb_err *e)
{
    for (uint32_t i = 1; i < A64_X_COUNT; i++)
        c->isa = (c->isa & ~(1ull << i)) | (uint64_t)switched(c, i, c->isa >> i & 1) << i;
    int vfp = switched(c, A64_P_VFP, 1), neon = switched(c, A64_P_NEON, 1);
    if (vfp != neon)
        return c->host->fail(e, PB_EINVAL, "-cpu: AArch64 CPUs must have both vfp and neon or "
                             "neither");
    if (!vfp)
        c->isa &= ~A64_BIT(FP);
    if (!(c->isa & A64_BIT(FP)))
        c->isa &= ~NEEDS_FP;
    if (!(c->isa & A64_BIT(PAUTH)) && switched(c, A64_P_IMPDEF, 0))
        return c->host->fail(e, PB_EINVAL, "-cpu: cannot enable pauth-impdef without pauth");
    return check_fixed(c, e);
}

int a64_configure(struct a64 *c, const char *name, pb_err *e)
{
    uint32_t m = 0;
    while (name && *name && m < A64_MODELS && strcmp(a64_models[m].name, name))
        m++;
    if (m == A64_MODELS) {
        char text[160];
        snprintf(text, sizeof text, "-cpu: no model '%.64s'; -cpu help lists them", name);
        return c->host->fail(e, PB_EINVAL, text);
    }
    c->model = m;
    c->isa = model[m].isa;
    int r = c->prop ? take_switches(c, e) : PB_OK;
    if (r < 0)
        return r;
    if (c->isa & A64_BIT(PAKEYS) && !c->user)
        return c->host->fail(e, PB_EINVAL, "-cpu: pauth-keys is for programs without a machine; "
                             "a kernel enables its keys itself");
    if (a64_isa_index(c->isa, &c->isa_index) < 0)
        return c->host->fail(e, PB_ENOMEM, "-cpu: more than 16 different sets of features");
    return PB_OK;
}
