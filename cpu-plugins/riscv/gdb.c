/* SPDX-License-Identifier: MIT */
/* gdb.c - registers as debuggers see them.
 * GDB manual, G.5.11 "RISC-V Features": org.gnu.gdb.riscv.cpu, .fpu, .csr, .virtual.
 *
 * Numbers are gdb's own: x0 to x31, pc 32, f0 to f31 from 33, CSR n at 65 + n, privilege
 * level 4161. A register's id is the same number. Access by a debugger ignores privilege.
 */
#include "rv.h"

#include <stdio.h>
#include <string.h>

#define ID_PC 32u
#define ID_F 33u
#define ID_CSR 65u
#define ID_PRIV 4161u

static const char *const names[65] = {
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6", "pc", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1",
    "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2", "fs3", "fs4", "fs5", "fs6",
    "fs7", "fs8", "fs9", "fs10", "fs11", "ft8", "ft9", "ft10", "ft11"};

#define MAX_REGS (65 + 256 + 1)
static struct pb_cpu_reg regs[MAX_REGS]; /* filled once: the same for every hart */
static uint32_t n_regs;
static char xml_cpu[4096], xml_fpu[6144], xml_csr[24576];

static const char xml_target[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>riscv:rv64</architecture>"
    "<xi:include href=\"riscv-64bit-cpu.xml\"/><xi:include href=\"riscv-64bit-fpu.xml\"/>"
    "<xi:include href=\"riscv-64bit-csr.xml\"/><xi:include href=\"riscv-64bit-virtual.xml\"/>"
    "</target>";
static const char xml_virtual[] =
    "<?xml version=\"1.0\"?><!DOCTYPE feature SYSTEM \"gdb-target.dtd\">"
    "<feature name=\"org.gnu.gdb.riscv.virtual\"><reg name=\"priv\" bitsize=\"64\" "
    "regnum=\"4161\"/></feature>";

static void add(const char *name, const char *group, uint32_t id, uint32_t flags)
{
    regs[n_regs++] = (struct pb_cpu_reg){name, group, id, 64, id, flags};
}

static void fill(void)
{
    for (uint32_t i = 0; i < 65; i++)
        add(names[i], i < ID_F ? "general" : "float", i, i < ID_F ? PB_REG_GROUP_GENERAL : 0);
    for (uint32_t n = 0; n < 4096 && n_regs < MAX_REGS - 1; n++)
        if (rv_csr_name(n))
            add(rv_csr_name(n), "csr", ID_CSR + n, 0);
    add("priv", "csr", ID_PRIV, 0);
}

/* Types as gdb wants them: pointers for code and stack, a union for f registers. */
static const char *type_of(uint32_t id)
{
    if (id == 1 || id == ID_PC)
        return " type=\"code_ptr\"";
    if (id >= 2 && id <= 4)
        return " type=\"data_ptr\"";
    return id >= ID_F && id < ID_CSR ? " type=\"riscv_double\"" : id < ID_F ? " type=\"int\"" : "";
}

static void make_xml(char *out, size_t size, const char *feature, const char *types,
                     uint32_t from, uint32_t to)
{
    size_t at = (size_t)snprintf(out, size, "<?xml version=\"1.0\"?><!DOCTYPE feature SYSTEM "
                                 "\"gdb-target.dtd\"><feature name=\"org.gnu.gdb.riscv.%s\">%s",
                                 feature, types);
    for (uint32_t i = 0; i < n_regs && at < size; i++)
        if (regs[i].id >= from && regs[i].id < to)
            at += (size_t)snprintf(out + at, size - at,
                                   "<reg name=\"%s\" bitsize=\"64\" regnum=\"%u\"%s/>",
                                   regs[i].name, regs[i].id, type_of(regs[i].id));
    if (at < size)
        snprintf(out + at, size - at, "</feature>");
}

uint32_t rv_regs(void *self, const struct pb_cpu_reg **v)
{
    (void)self;
    if (!n_regs)
        fill();
    *v = regs;
    return n_regs;
}

const char *rv_gdb_xml(void *self, const char *annex)
{
    const struct pb_cpu_reg *v;
    rv_regs(self, &v);
    if (!strcmp(annex, "target.xml"))
        return xml_target;
    if (!strcmp(annex, "riscv-64bit-virtual.xml"))
        return xml_virtual;
    if (!strcmp(annex, "riscv-64bit-cpu.xml")) {
        make_xml(xml_cpu, sizeof xml_cpu, "cpu", "", 0, ID_F);
        return xml_cpu;
    }
    if (!strcmp(annex, "riscv-64bit-fpu.xml")) {
        make_xml(xml_fpu, sizeof xml_fpu, "fpu",
                 "<union id=\"riscv_double\"><field name=\"float\" type=\"ieee_single\"/>"
                 "<field name=\"double\" type=\"ieee_double\"/></union>", ID_F, ID_CSR);
        return xml_fpu;
    }
    if (!strcmp(annex, "riscv-64bit-csr.xml")) {
        make_xml(xml_csr, sizeof xml_csr, "csr", "", ID_CSR, ID_PRIV);
        return xml_csr;
    }
    return NULL;
}

/* CSRs as M would see them, and with the floating-point unit on. */
static int csr_access(struct rv *c, uint32_t n, uint64_t *v, int write)
{
    uint64_t priv = c->priv, fs = c->mstatus & MSTATUS_FS;
    c->priv = RV_PRIV_M;
    if (n <= 3)
        c->mstatus |= MSTATUS_FS;
    int r = write ? rv_csr_write(c, n, *v) : rv_csr_read(c, n, v);
    if (n <= 3)
        c->mstatus = (c->mstatus & ~MSTATUS_FS) | fs;
    c->priv = priv;
    return r;
}

int rv_reg_get(void *self, uint32_t id, void *buf, uint32_t n)
{
    struct rv *c = self;
    uint64_t v = 0;
    if (n < 8)
        return PB_EINVAL;
    if (id < 32)
        v = c->gpr[id];
    else if (id == ID_PC)
        v = c->x.pc;
    else if (id < ID_CSR)
        v = c->fpr[id - ID_F];
    else if (id == ID_PRIV)
        v = c->priv;
    else if (id > ID_PRIV || csr_access(c, id - ID_CSR, &v, 0) < 0)
        return PB_ENOENT;
    uint8_t *b = buf;
    for (uint32_t i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    return 8;
}

static int set_priv(struct rv *c, uint64_t v)
{
    if (v > RV_PRIV_M || v == 2 || (v == RV_PRIV_S && !(c->isa & RV_BIT(S))) ||
        (v == RV_PRIV_U && !(c->isa & RV_BIT(U))))
        return PB_EINVAL;
    c->priv = v;
    return 8;
}

int rv_reg_set(void *self, uint32_t id, const void *buf, uint32_t n)
{
    struct rv *c = self;
    const uint8_t *b = buf;
    uint64_t v = 0;
    if (n < 8)
        return PB_EINVAL;
    for (uint32_t i = 0; i < 8; i++)
        v |= (uint64_t)b[i] << (8 * i);
    if (id == ID_PRIV)
        return set_priv(c, v);
    if (id == 0)
        return 8; /* zero stays zero */
    if (id < 32)
        c->gpr[id] = v;
    else if (id == ID_PC)
        c->x.pc = v & ~1ull;
    else if (id < ID_CSR)
        c->fpr[id - ID_F] = v;
    else if (id > ID_PRIV || csr_access(c, id - ID_CSR, &v, 1) < 0)
        return PB_ENOENT;
    return 8;
}
