/* SPDX-License-Identifier: MIT */
/* props.c - the properties of the class: what -cpu rv64,… and -global take. */
#include "props.h"

static const char *const counter_iface[] = {PB_COUNTER, NULL};
static const char *const imsic_iface[] = {PB_RISCV_IMSIC, NULL};
static const char *const semihost_iface[] = {PB_SEMIHOST, NULL};
static const char *const mmu_choices[] = {"sv39", "sv48", "sv57", NULL};

const struct pb_prop rv_props[RV_P_COUNT] = {
    [RV_P_COUNTER] = {.name = "counter", .doc = "Device whose counter the time register shows",
                      .type = PB_T_LINK, .choices = counter_iface},
#define RV_EXT(id, prop, string, text) \
    [RV_X_##id] = {.name = prop, .doc = text, .type = PB_T_BOOL},
#include "isa.def"
#undef RV_EXT
    [RV_P_MMU] = {.name = "mmu-type", .doc = "Largest translation mode", .type = PB_T_ENUM,
                  .choices = mmu_choices},
    [RV_P_RESET] = {.name = "resetvec", .doc = "Address of the first instruction",
                    .type = PB_T_UINT, .def = "0x1000"},
    [RV_P_ENGINE] = {.name = "engine", .doc = "Options of the translation engine: interp, "
                     "tb-size=N, log=in_asm,op,out_asm", .type = PB_T_STR},
    [RV_P_IMSIC_M] = {.name = "imsic-m", .doc = "Device with the machine-level interrupt files",
                      .type = PB_T_LINK, .choices = imsic_iface},
    [RV_P_IMSIC_S] = {.name = "imsic-s", .doc = "Device with the supervisor-level interrupt files",
                      .type = PB_T_LINK, .choices = imsic_iface},
    [RV_P_SEMIHOST] = {.name = "semihosting", .doc = "Device that serves EBREAK between two marks",
                       .type = PB_T_LINK, .choices = semihost_iface},
};
