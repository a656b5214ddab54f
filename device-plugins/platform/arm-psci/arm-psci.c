/* SPDX-License-Identifier: MIT */
/* arm-psci.c - the firmware services of an Arm machine that has no firmware: power of CPUs and
 * of the machine, and random numbers.
 * Arm DEN 0022F (PSCI 1.1; sections are of it), DEN 0028F (SMCCC 1.1), DEN 0098 (TRNG 1.0).
 *
 * CPUs link to it (PB_SMCCC) and pass on HVC or SMC calls, whichever the conduit is. It is the
 * only service there: function identifiers that it does not know get NOT_SUPPORTED. Where firmware
 * starts at EL3 (PB_ARM_START) it says nothing, and all CPUs leave reset together: such firmware
 * expects them at its reset vector and keeps the others itself until its own CPU_ON.
 *
 * Not modelled: power-down states (CPU_SUSPEND returns as from standby that ended at once),
 * SYSTEM_SUSPEND, statistics, MEM_PROTECT, vendor resets.
 */
#include <plugboard/arm.h>
#include <plugboard/board.h>
#include <plugboard/device.h>
#include <plugboard/plugin.h>

#include <stdlib.h>
#include <string.h>

/* Function identifiers without bit 30, which says that arguments have 64 bits. */
enum {
    PSCI_VERSION = 0x84000000, CPU_SUSPEND = 0x84000001, CPU_OFF = 0x84000002,
    CPU_ON = 0x84000003, AFFINITY_INFO = 0x84000004, MIGRATE_INFO_TYPE = 0x84000006,
    SYSTEM_OFF = 0x84000008, SYSTEM_RESET = 0x84000009, PSCI_FEATURES = 0x8400000a,
    SYSTEM_RESET2 = 0x84000012, TRNG_VERSION = 0x84000050, TRNG_FEATURES = 0x84000051,
    TRNG_GET_UUID = 0x84000052, TRNG_RND = 0x84000053, SMCCC_VERSION = 0x80000000,
    SMCCC_ARCH_FEATURES = 0x80000001, ARCH_WORKAROUND_3 = 0x80003fff,
    ARCH_WORKAROUND_2 = 0x80007fff, ARCH_WORKAROUND_1 = 0x80008000
};
#define BITS64 0x40000000u
/* 5.2.2 and the like: results */
enum { SUCCESS = 0, NOT_SUPPORTED = -1, INVALID_PARAMETERS = -2, ALREADY_ON = -4,
       ON_PENDING = -5, INVALID_ADDRESS = -9 };
enum { AFF_ON, AFF_OFF, AFF_ON_PENDING };
enum { P_CONDUIT, P_EL };

#define AFFINITY 0xff00ffffffull

struct psci {
    const pb_host *h;
    pb_dev *dev;
    const struct pb_svc_board *board;
    const struct pb_svc_time *time;
    uint32_t conduit, el;
    uint32_t silent; /* there is firmware */
    uint32_t n_cpus;
    uint64_t *mpidr; /* mpidr[n_cpus]: affinity fields */
};

/* ---- CPUs (5.4 to 5.7) --------------------------------------------------------------- */

static uint32_t find_cpu(const struct psci *p, uint64_t affinity)
{
    for (uint32_t i = 0; i < p->n_cpus; i++)
        if (p->mpidr[i] == affinity)
            return i;
    return UINT32_MAX;
}

static int64_t cpu_on(struct psci *p, uint64_t target, uint64_t entry, uint64_t context)
{
    uint64_t args[5] = {context, 0, 0, 0, p->el};
    uint32_t i = find_cpu(p, target);

    if (i == UINT32_MAX)
        return INVALID_PARAMETERS;
    if (entry & 3)
        return INVALID_ADDRESS;
    switch (p->board->cpu_start(p->dev, i, entry, args, p->el ? 5 : 4)) {
    case PB_OK:
        return SUCCESS;
    case PB_EBUSY:
        return p->board->cpu_power(p->dev, i) == PB_CPU_STARTING ? ON_PENDING : ALREADY_ON;
    default:
        return INVALID_PARAMETERS;
    }
}

static int64_t affinity_info(struct psci *p, uint64_t target, uint64_t level)
{
    uint32_t i = find_cpu(p, target);

    if (level != 0 || i == UINT32_MAX) /* PSCI 1.0 on: levels above may be left out */
        return INVALID_PARAMETERS;
    switch (p->board->cpu_power(p->dev, i)) {
    case PB_CPU_ON:
        return AFF_ON;
    case PB_CPU_OFF:
        return AFF_OFF;
    default:
        return AFF_ON_PENDING;
    }
}

/* ---- Features and random numbers ------------------------------------------------------ */

/* 5.16: 0 for what there is and has no flags. */
static int64_t psci_features(uint32_t f)
{
    switch (f) {
    case CPU_SUSPEND: case CPU_SUSPEND | BITS64: case CPU_OFF: case CPU_ON:
    case CPU_ON | BITS64: case AFFINITY_INFO: case AFFINITY_INFO | BITS64: case PSCI_VERSION:
    case MIGRATE_INFO_TYPE: case SYSTEM_OFF: case SYSTEM_RESET: case PSCI_FEATURES:
    case SYSTEM_RESET2: case SYSTEM_RESET2 | BITS64: case SMCCC_VERSION:
        return SUCCESS;
    default:
        return NOT_SUPPORTED;
    }
}

/* DEN 0028, 7.3: the CPU that is modelled needs none of the workarounds: 1. */
static int64_t arch_features(uint32_t f)
{
    switch (f) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return SUCCESS;
    case ARCH_WORKAROUND_1:
    case ARCH_WORKAROUND_2:
    case ARCH_WORKAROUND_3:
        return 1;
    default:
        return NOT_SUPPORTED;
    }
}

static int64_t trng_features(uint32_t f)
{
    return f == TRNG_VERSION || f == TRNG_FEATURES || f == TRNG_GET_UUID || f == TRNG_RND ||
                   f == (TRNG_RND | BITS64)
               ? SUCCESS : NOT_SUPPORTED;
}

/* DEN 0098, 2.1.5: `bits` of entropy in x3 downwards, zero above. */
static int64_t trng_rnd(struct psci *p, uint64_t x[18], uint32_t width)
{
    uint64_t bits = width == 32 ? (uint32_t)x[1] : x[1];

    if (bits < 1 || bits > 3 * width)
        return INVALID_PARAMETERS;
    for (uint32_t i = 3; i >= 1; i--) {
        uint32_t n = bits < width ? (uint32_t)bits : width;
        uint64_t v = 0;
        if (n)
            p->time->random_bytes(p->dev, &v, sizeof v);
        x[i] = n == 64 ? v : v & ((1ull << n) - 1);
        bits -= n;
    }
    return SUCCESS;
}

static void trng_uuid(uint64_t x[18])
{
    x[0] = 0x91b24e5e; /* of this source, made once */
    x[1] = 0x4c66f3c2;
    x[2] = 0x5d0e1fa4;
    x[3] = 0x7b3a6890;
}

/* ---- Calls ----------------------------------------------------------------------------- */

static int64_t power(struct psci *p, uint32_t cpu, uint32_t f, const uint64_t x[18])
{
    switch (f) {
    case CPU_OFF:
        p->board->cpu_stop(p->dev, cpu);
        return SUCCESS; /* nobody reads it */
    case CPU_ON:
        return cpu_on(p, x[1], x[2], x[3]);
    case AFFINITY_INFO:
        return affinity_info(p, x[1], x[2]);
    case SYSTEM_OFF:
        p->board->request(p->dev, 1, 0);
        return SUCCESS;
    case SYSTEM_RESET2: /* 5.12: SYSTEM_WARM_RESET alone */
        if ((uint32_t)x[1] != 0)
            return INVALID_PARAMETERS;
        p->board->request(p->dev, 0, 0);
        return SUCCESS;
    default: /* SYSTEM_RESET */
        p->board->request(p->dev, 0, 0);
        return SUCCESS;
    }
}

/* Has the function a form with 64-bit arguments? */
static int has_64(uint32_t f)
{
    return f == CPU_SUSPEND || f == CPU_ON || f == AFFINITY_INFO || f == SYSTEM_RESET2 ||
           f == TRNG_RND;
}

static int64_t answer(struct psci *p, uint32_t cpu, uint64_t x[18])
{
    uint32_t f = (uint32_t)x[0], base = f & ~BITS64;

    if (f & BITS64 && !has_64(base))
        return NOT_SUPPORTED;
    for (int i = 1; !(f & BITS64) && i < 4; i++)
        x[i] = (uint32_t)x[i];
    switch (base) {
    case PSCI_VERSION:
        return 0x10001;
    case SMCCC_VERSION:
        return 0x10001;
    case TRNG_VERSION:
        return 0x10000;
    case CPU_SUSPEND:
        return SUCCESS;
    case MIGRATE_INFO_TYPE:
        return 2; /* there is no Trusted OS that could move */
    case PSCI_FEATURES:
        return psci_features((uint32_t)x[1]);
    case SMCCC_ARCH_FEATURES:
        return arch_features((uint32_t)x[1]);
    case TRNG_FEATURES:
        return trng_features((uint32_t)x[1]);
    case TRNG_RND:
        return trng_rnd(p, x, f & BITS64 ? 64 : 32);
    case ARCH_WORKAROUND_1:
    case ARCH_WORKAROUND_2:
    case ARCH_WORKAROUND_3:
        return SUCCESS;
    case CPU_OFF: case CPU_ON: case AFFINITY_INFO: case SYSTEM_OFF: case SYSTEM_RESET:
    case SYSTEM_RESET2:
        return power(p, cpu, base, x);
    default:
        return NOT_SUPPORTED;
    }
}

static uint32_t call(void *self, uint32_t cpu, uint32_t conduit, uint64_t x[18])
{
    struct psci *p = self;

    if (conduit != p->conduit || p->silent)
        return 0;
    if ((uint32_t)x[0] == TRNG_GET_UUID)
        trng_uuid(x);
    else
        x[0] = (uint64_t)answer(p, cpu, x);
    return 1;
}

/* ---- Life ------------------------------------------------------------------------------ */

static int realize(void *self, pb_dev *d, const pb_host *h, pb_err *e)
{
    const struct pb_svc_prop *prop = h->get(h, PB_SVC_PROP);
    struct psci *p = self;

    (void)e;
    p->h = h;
    p->dev = d;
    p->board = h->get(h, PB_SVC_BOARD);
    p->time = h->get(h, PB_SVC_TIME);
    p->conduit = (uint32_t)prop->get_int(d, P_CONDUIT);
    p->el = (uint32_t)prop->get_int(d, P_EL);
    return PB_OK;
}

/* CPUs are there and realized by the first reset, not by our realize(): they link to us. */
static void learn_cpus(struct psci *p)
{
    uint32_t n = p->board->n_cpus(p->dev);

    p->mpidr = calloc(n ? n : 1, sizeof *p->mpidr);
    p->n_cpus = p->mpidr ? n : 0;
    for (uint32_t i = 0; i < p->n_cpus; i++) {
        const char *v = p->board->cpu_fact(p->dev, i, "mpidr");
        p->mpidr[i] = v ? strtoull(v, NULL, 0) & AFFINITY : i / 16 << 8 | i % 16;
    }
}

static void reset(void *self, uint32_t kind, uint32_t phase)
{
    struct psci *p = self;

    if (phase == PB_RESET_ENTER && !p->mpidr)
        learn_cpus(p);
    if (phase != PB_RESET_EXIT || kind == PB_RESET_SNAPSHOT || !p->silent)
        return;
    for (uint32_t i = 1; i < p->n_cpus; i++) /* the first one is on */
        p->board->cpu_start(p->dev, i, UINT64_MAX, NULL, 0);
}

static void start(void *self, uint32_t state)
{
    struct psci *p = self;

    p->silent = state == PB_ARM_START_SECURE;
}

static void unrealize(void *self)
{
    struct psci *p = self;

    free(p->mpidr);
}

static const char *const conduits[] = {"hvc", "smc", NULL}; /* as PB_SMCCC_* counts */
static const struct pb_prop props[] = {
    {.name = "conduit", .doc = "Instruction that calls: SMC where there is an EL2",
     .choices = conduits, .def = "hvc", .type = PB_T_ENUM},
    {.name = "target-el", .doc = "Exception level that CPU_ON starts CPUs in; 0: the highest "
     "there is", .def = "0", .min = 0, .max = 3, .type = PB_T_UINT},
};
static const struct pb_smccc smccc = {sizeof smccc, 0, call};
static const struct pb_arm_start arm_start = {sizeof arm_start, 0, start};
static const struct pb_provide provides[] = {{PB_SMCCC, &smccc}, {PB_ARM_START, &arm_start}};

static const struct pb_device_class arm_psci = {
    .size = sizeof arm_psci, .flags = PB_DEV_NO_USER | PB_DEV_PARALLEL, .id = "arm-psci",
    .title = "Arm firmware services (PSCI, TRNG)", .category = "misc",
    .spec = "ARM DEN 0022F, DEN 0028F, DEN 0098", .props = props,
    .n_props = sizeof props / sizeof *props, .provides = provides, .n_provides = 2,
    .instance_size = sizeof(struct psci), .state_version = 1, .realize = realize,
    .unrealize = unrealize, .reset = reset,
};
static const struct pb_class_ref classes[] = {{PB_CLASS_DEVICE, &arm_psci}};
static const char *const needs[] = {PB_SVC_BOARD, PB_SVC_PROP, PB_SVC_TIME, PB_SVC_MINOR_1,
                                    NULL};

PB_PLUGIN_ENTRY = {.size = sizeof(struct pb_plugin), .epoch = PB_ABI_EPOCH,
    .abi_minor = PB_ABI_MINOR, .flags = PB_PLUGIN_UNLOADABLE, .id = "org.plugboard.arm-psci",
    .version = "1.0", .license = "MIT", .vendor = "Plugboard",
    .doc = "Arm firmware services (PSCI)", .needs = needs, .classes = classes, .n_classes = 1};
