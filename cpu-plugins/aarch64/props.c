/* SPDX-License-Identifier: MIT */
/* props.c - the properties of the class: what -cpu max,… and -global take. */
#include "props.h"

static const char *const gic_iface[] = {PB_ARM_SYSREG, NULL};
static const char *const firmware_iface[] = {PB_SMCCC, NULL};
static const char *const semihost_iface[] = {PB_SEMIHOST, NULL};

const struct pb_prop a64_props[A64_P_COUNT] = {
    [A64_P_GIC] = {.name = "gic", .doc = "Device with the GICv3 CPU interface's registers",
                   .type = PB_T_LINK, .choices = gic_iface},
#define A64_EXT(id, prop, text) [A64_X_##id] = {.name = prop, .doc = text, .type = PB_T_BOOL},
#include "isa.def"
#undef A64_EXT
    [A64_P_FIRMWARE] = {.name = "firmware", .doc = "Device that answers HVC or SMC calls",
                        .type = PB_T_LINK, .choices = firmware_iface},
    [A64_P_MPIDR] = {.name = "mpidr", .doc = "MPIDR_EL1's affinity fields; default: by index, "
                     "16 CPUs a cluster", .type = PB_T_UINT},
    [A64_P_CNTFRQ] = {.name = "cntfrq", .doc = "Frequency of the generic timer in Hz",
                      .type = PB_T_UINT, .def = "62500000"},
    [A64_P_RESET] = {.name = "rvbar", .doc = "Address of the first instruction",
                     .type = PB_T_UINT, .def = "0"},
    [A64_P_BOOT_EL] = {.name = "boot-el", .doc = "Exception level after reset; default: the "
                        "highest there is", .type = PB_T_UINT},
    [A64_P_SEMIHOST] = {.name = "semihosting", .doc = "Device that serves HLT #0xf000",
                        .type = PB_T_LINK, .choices = semihost_iface},
    [A64_P_ENGINE] = {.name = "engine", .doc = "Options of the translation engine: interp, "
                      "tb-size=N, log=in_asm,op,out_asm", .type = PB_T_STR},
    [A64_P_VFP] = {.name = "vfp", .doc = "Half of fp: only with neon", .type = PB_T_BOOL},
    [A64_P_NEON] = {.name = "neon", .doc = "Half of fp: only with vfp", .type = PB_T_BOOL},
    [A64_P_IMPDEF] = {.name = "pauth-impdef", .doc = "The algorithm of pauth is our own",
                      .type = PB_T_BOOL},
#define A64_FIXED(id, prop, value, text) \
    [A64_P_##id] = {.name = prop, .doc = text, .type = PB_T_BOOL, .def = value ? "on" : "off"},
#include "fixed.def"
#undef A64_FIXED
};
