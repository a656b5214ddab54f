/* SPDX-License-Identifier: MIT */
/* props.c - the properties of the class: what -cpu rv64,… and -global take. */
#include "props.h"

static const char *const counter_iface[] = {PB_COUNTER, NULL};
static const char *const imsic_iface[] = {PB_RISCV_IMSIC, NULL};
static const char *const semihost_iface[] = {PB_SEMIHOST, NULL};
static const char *const mmu_choices[] = {"sv39", "sv48", "sv57", NULL};
static const char *const priv_choices[] = {"v1.12.0", "v1.13.0", NULL};
static const char *const line_choices[] = {"64", NULL};

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
    [RV_P_MMU_ON] = {.name = "mmu", .doc = "Translation; off: none of the Sv modes",
                     .type = PB_T_BOOL},
    [RV_P_SV39] = {.name = "sv39", .doc = "Sv39, and no larger mode that is not on, too",
                   .type = PB_T_BOOL},
    [RV_P_SV48] = {.name = "sv48", .doc = "Sv48, and no larger mode that is not on, too",
                   .type = PB_T_BOOL},
    [RV_P_SV57] = {.name = "sv57", .doc = "Sv57", .type = PB_T_BOOL},
    [RV_P_G] = {.name = "g", .doc = "m, a, f, d, zicsr and zifencei at once", .type = PB_T_BOOL},
    [RV_P_SHORT] = {.name = "short-isa-string", .doc = "riscv,isa has the single letters only",
                    .type = PB_T_BOOL, .def = "off"},
    [RV_P_VENDOR] = {.name = "mvendorid", .doc = "That register; default: the model's",
                     .type = PB_T_UINT},
    [RV_P_ARCH] = {.name = "marchid", .doc = "That register; default: the model's",
                   .type = PB_T_UINT},
    [RV_P_IMP] = {.name = "mimpid", .doc = "That register; default: the model's",
                  .type = PB_T_UINT},
    [RV_P_PRIV_SPEC] = {.name = "priv_spec", .doc = "Privileged architecture that this CPU "
                        "follows: nothing of it differs here", .type = PB_T_ENUM,
                        .choices = priv_choices},
    [RV_P_CBOM] = {.name = "cbom_blocksize", .doc = "Bytes of a cache block",
                   .type = PB_T_ENUM, .choices = line_choices},
    [RV_P_CBOP] = {.name = "cbop_blocksize", .doc = "Bytes of a cache block",
                   .type = PB_T_ENUM, .choices = line_choices},
    [RV_P_CBOZ] = {.name = "cboz_blocksize", .doc = "Bytes of a cache block",
                   .type = PB_T_ENUM, .choices = line_choices},
    [RV_P_VLEN] = {.name = "vlen", .doc = "Bits of a vector, of which there are none: only with "
                   "v=off", .type = PB_T_UINT},
    [RV_P_ELEN] = {.name = "elen", .doc = "Bits of a vector's element, as vlen",
                   .type = PB_T_UINT},
#define RV_FIXED(id, prop, value, text) \
    [RV_P_##id] = {.name = prop, .doc = text, .type = PB_T_BOOL, .def = value ? "on" : "off"},
#include "fixed.def"
#undef RV_FIXED
};
