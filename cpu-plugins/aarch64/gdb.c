/* SPDX-License-Identifier: MIT */
/* gdb.c - registers as debuggers see them.
 * GDB manual, G.5.1 "AArch64 Features": org.gnu.gdb.aarch64.core, .fpu.
 *
 * Numbers are gdb's own: X0 to X30, SP 31, PC 32, CPSR 33, V0 to V31 from 34, FPSR 66, FPCR 67;
 * system registers follow from 68 in the order of sysreg.def. A register's id is the same.
 * Access by a debugger ignores the exception level.
 */
#include "aarch64.h"

#include "except.h"
#include "sysreg.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ID_SP 31u
#define ID_PC 32u
#define ID_CPSR 33u
#define ID_V 34u
#define ID_FPSR 66u
#define ID_FPCR 67u
#define ID_SR 68u

static struct pb_cpu_reg regs[ID_SR + SR_COUNT]; /* filled once: the same for every CPU */
static uint32_t n_regs;
static char names[66][8], sr_names[SR_COUNT][24];
static char xml_core[4096], xml_fpu[6144], xml_sys[32768];

static const char xml_target[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>aarch64</architecture>"
    "<xi:include href=\"aarch64-core.xml\"/><xi:include href=\"aarch64-fpu.xml\"/>"
    "<xi:include href=\"aarch64-sysregs.xml\"/></target>";
static const char vector_types[] =
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v2u\" type=\"uint64\" count=\"2\"/>"
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v4u\" type=\"uint32\" count=\"4\"/>"
    "<vector id=\"v8u\" type=\"uint16\" count=\"8\"/>"
    "<vector id=\"v16u\" type=\"uint8\" count=\"16\"/>"
    "<vector id=\"v1q\" type=\"uint128\" count=\"1\"/>"
    "<union id=\"vnd\"><field name=\"f\" type=\"v2d\"/><field name=\"u\" type=\"v2u\"/></union>"
    "<union id=\"vns\"><field name=\"f\" type=\"v4f\"/><field name=\"u\" type=\"v4u\"/></union>"
    "<union id=\"vnh\"><field name=\"u\" type=\"v8u\"/></union>"
    "<union id=\"vnb\"><field name=\"u\" type=\"v16u\"/></union>"
    "<union id=\"vnq\"><field name=\"u\" type=\"v1q\"/></union>"
    "<union id=\"aarch64v\"><field name=\"d\" type=\"vnd\"/><field name=\"s\" type=\"vns\"/>"
    "<field name=\"h\" type=\"vnh\"/><field name=\"b\" type=\"vnb\"/>"
    "<field name=\"q\" type=\"vnq\"/></union>";

static void add(const char *name, const char *group, uint32_t bits, uint32_t flags)
{
    regs[n_regs] = (struct pb_cpu_reg){name, group, n_regs, bits, n_regs, flags};
    n_regs++;
}

static void fill(void)
{
    for (uint32_t i = 0; i < 66; i++)
        snprintf(names[i], sizeof names[i], i < 31 ? "x%u" : i == ID_SP ? "sp" : i == ID_PC
                 ? "pc" : i == ID_CPSR ? "cpsr" : "v%u", i < 31 ? i : i - ID_V);
    for (uint32_t i = 0; i < 66; i++)
        add(names[i], i < ID_V ? "general" : "vector", i < ID_CPSR ? 64 : i == ID_CPSR ? 32 : 128,
            i < ID_V ? PB_REG_GROUP_GENERAL : 0);
    add("fpsr", "float", 32, 0);
    add("fpcr", "float", 32, 0);
    for (uint32_t i = 0; i < SR_COUNT; i++) {
        for (uint32_t k = 0; a64_sysregs[i].name[k]; k++)
            sr_names[i][k] = (char)tolower((unsigned char)a64_sysregs[i].name[k]);
        add(sr_names[i], "system", 64, 0);
    }
}

static const char *type_of(uint32_t id)
{
    if (id == ID_PC)
        return " type=\"code_ptr\"";
    if (id == ID_SP)
        return " type=\"data_ptr\"";
    return id >= ID_V && id < ID_FPSR ? " type=\"aarch64v\"" : id < ID_SR ? " type=\"int\"" : "";
}

static const char *make_xml(char *out, size_t size, const char *feature, const char *types,
                            uint32_t from, uint32_t to)
{
    size_t at = (size_t)snprintf(out, size, "<?xml version=\"1.0\"?><!DOCTYPE feature SYSTEM "
                                 "\"gdb-target.dtd\"><feature name=\"%s\">%s", feature, types);
    for (uint32_t i = from; i < to && at < size; i++)
        at += (size_t)snprintf(out + at, size - at, "<reg name=\"%s\" bitsize=\"%u\" "
                               "regnum=\"%u\"%s/>", regs[i].name, regs[i].bits, i, type_of(i));
    if (at < size)
        snprintf(out + at, size - at, "</feature>");
    return out;
}

uint32_t a64_regs(void *self, const struct pb_cpu_reg **v)
{
    (void)self;
    if (!n_regs)
        fill();
    *v = regs;
    return n_regs;
}

const char *a64_gdb_xml(void *self, const char *annex)
{
    const struct pb_cpu_reg *v;
    a64_regs(self, &v);
    if (!strcmp(annex, "target.xml"))
        return xml_target;
    if (!strcmp(annex, "aarch64-core.xml"))
        return make_xml(xml_core, sizeof xml_core, "org.gnu.gdb.aarch64.core", "", 0, ID_V);
    if (!strcmp(annex, "aarch64-fpu.xml"))
        return make_xml(xml_fpu, sizeof xml_fpu, "org.gnu.gdb.aarch64.fpu", vector_types, ID_V,
                        ID_SR);
    if (!strcmp(annex, "aarch64-sysregs.xml"))
        return make_xml(xml_sys, sizeof xml_sys, "org.plugboard.aarch64.sysregs", "", ID_SR,
                        n_regs);
    return NULL;
}

static uint32_t bytes_of(uint32_t id)
{
    if (id >= ID_V && id < ID_FPSR)
        return 16;
    return id == ID_CPSR || id == ID_FPSR || id == ID_FPCR ? 4 : 8;
}

static uint64_t get(struct a64 *c, uint32_t id)
{
    if (id <= ID_SP)
        return c->gpr[id];
    switch (id) {
    case ID_PC: return c->x.pc;
    case ID_CPSR: return c->pstate | a64_nzcv(c);
    case ID_FPSR: return a64_fpsr(c);
    case ID_FPCR: return c->fpcr;
    default: return a64_sysreg_get(c, id - ID_SR);
    }
}

int a64_reg_get(void *self, uint32_t id, void *buf, uint32_t n)
{
    struct a64 *c = self;
    uint8_t *b = buf;
    uint32_t bytes = bytes_of(id);
    if (id >= ID_SR + SR_COUNT)
        return PB_ENOENT;
    if (n < bytes)
        return PB_EINVAL;
    for (uint32_t i = 0; i < bytes; i++) {
        uint64_t v = bytes == 16 ? c->v[id - ID_V].d[i / 8] : get(c, id);
        b[i] = (uint8_t)(v >> (8 * (i % 8)));
    }
    return (int)bytes;
}

/* The level stays below what the CPU has; AArch32 is nowhere. */
static int set_cpsr(struct a64 *c, uint64_t v)
{
    if (v & PS_AARCH32 || PS_EL(v) > a64_top_el(c) || v & 2 || (!PS_EL(v) && v & PS_SP))
        return PB_EINVAL;
    a64_set_nzcv(c, v);
    a64_set_pstate(c, v & (PS_DAIF | PS_PAN | PS_UAO | PS_IL | PS_SS | PS_DIT | PS_SSBS | 15));
    return 4;
}

int a64_reg_set(void *self, uint32_t id, const void *buf, uint32_t n)
{
    struct a64 *c = self;
    const uint8_t *b = buf;
    uint32_t bytes = bytes_of(id);
    uint64_t v[2] = {0, 0};
    if (id >= ID_SR + SR_COUNT)
        return PB_ENOENT;
    if (n < bytes)
        return PB_EINVAL;
    for (uint32_t i = 0; i < bytes; i++)
        v[i / 8] |= (uint64_t)b[i] << (8 * (i % 8));
    if (bytes == 16)
        memcpy(c->v[id - ID_V].d, v, sizeof v);
    else if (id <= ID_SP)
        c->gpr[id] = v[0];
    else if (id == ID_PC)
        c->x.pc = v[0];
    else if (id == ID_CPSR)
        return set_cpsr(c, v[0]);
    else if (id == ID_FPSR)
        a64_set_fpsr(c, v[0]);
    else if (id == ID_FPCR)
        a64_set_fpcr(c, v[0]);
    else if (!(a64_sysregs[id - ID_SR].flags & F_RO))
        a64_sysreg_set(c, id - ID_SR, v[0]);
    return (int)bytes;
}
