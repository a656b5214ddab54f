/* SPDX-License-Identifier: MIT */
/* test-x86-encode.c - the encoder against binutils: every form that the back end uses is
 * emitted next to the text it should be, objdump disassembles all of it, and each line must
 * be that text. All registers, memory operands of all shapes, immediates of all sizes.
 * 77 (skipped): there is no objdump.
 */
#include "xl-check.h"

#include <host/x86_64/asm.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINES 40000

static uint8_t code[MAX_LINES * 16];
static char *want[MAX_LINES];
static uint32_t n_want;
static struct xasm a = {.p = code, .limit = code + sizeof(code) - 64};

static const char *const r64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                  "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const r32[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
                                  "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const r8[] = {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
                                 "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};
static const char *const r16[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
                                  "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const cc[] = {"o", "no", "b", "ae", "e", "ne", "be", "a", "s", "ns", "p",
                                 "np", "l", "ge", "le", "g"};

__attribute__((format(printf, 1, 2))) static void expect(const char *fmt, ...)
{
    char text[160];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n_want < MAX_LINES)
        want[n_want++] = strdup(text);
}

static const char *gpr(int w, int r)
{
    return w ? r64[r] : r32[r];
}

/* Text of a memory operand as objdump writes it. */
static const char *mem(const char *size, struct xrm m)
{
    static char text[4][96];
    static int turn;
    char *t = text[turn++ & 3];
    int n = sprintf(t, "%s PTR %s[", size, m.gs ? "gs:" : "");

    if (m.base >= 0)
        n += sprintf(t + n, "%s", r64[m.base]);
    if (m.index >= 0)
        n += sprintf(t + n, "%s%s*%d", m.base >= 0 ? "+" : "", r64[m.index], 1 << m.scale);
    if (m.disp || m.base < 0 || (m.base & 7) == RBP)
        n += sprintf(t + n, "%c0x%x", m.disp < 0 ? '-' : '+',
                     m.disp < 0 ? 0u - (uint32_t)m.disp : (uint32_t)m.disp);
    sprintf(t + n, "]");
    return t;
}

/* ---- What to try --------------------------------------------------------------------------- */

static const struct {
    uint32_t op;
    const char *name;
} two[] = {
    {XO_ALU(ALU_ADD), "add"}, {XO_ALU(ALU_OR), "or"}, {XO_ALU(ALU_ADC), "adc"},
    {XO_ALU(ALU_SBB), "sbb"}, {XO_ALU(ALU_AND), "and"}, {XO_ALU(ALU_SUB), "sub"},
    {XO_ALU(ALU_XOR), "xor"}, {XO_ALU(ALU_CMP), "cmp"}, {XO_MOV, "mov"}, {XO_IMUL, "imul"},
    {XO_BSF, "bsf"}, {XO_BSR, "bsr"}, {XO_TZCNT, "tzcnt"}, {XO_LZCNT, "lzcnt"},
    {XO_POPCNT, "popcnt"}, {XO_CMOV + CC_NE, "cmovne"}, {XO_CMOV + CC_G, "cmovg"},
};

static const struct {
    uint32_t op;
    const char *name, *size;
} sse[] = {
    {XO_MOVSS, "movss", "DWORD"}, {XO_MOVSD, "movsd", "QWORD"}, {XO_MOVAPS, "movaps", "XMMWORD"},
    {XO_FADD | XO_F3, "addss", "DWORD"}, {XO_FADD | XO_F2, "addsd", "QWORD"},
    {XO_FSUB | XO_F2, "subsd", "QWORD"}, {XO_FMUL | XO_F2, "mulsd", "QWORD"},
    {XO_FDIV | XO_F3, "divss", "DWORD"}, {XO_FMIN | XO_F2, "minsd", "QWORD"},
    {XO_FMAX | XO_F2, "maxsd", "QWORD"}, {XO_FSQRT | XO_F2, "sqrtsd", "QWORD"},
    {XO_CVTS2S | XO_F3, "cvtss2sd", "DWORD"}, {XO_CVTS2S | XO_F2, "cvtsd2ss", "QWORD"},
    {XO_UCOMISS, "ucomiss", "DWORD"}, {XO_UCOMISD, "ucomisd", "QWORD"},
    {XO_COMISS, "comiss", "DWORD"}, {XO_COMISD, "comisd", "QWORD"},
    {XO_ANDPS, "andps", "XMMWORD"}, {XO_ANDNPS, "andnps", "XMMWORD"},
    {XO_ORPS, "orps", "XMMWORD"}, {XO_XORPS, "xorps", "XMMWORD"},
    {XO_PCMPEQD, "pcmpeqd", "XMMWORD"},
};

static void try_mem(struct xrm m)
{
    for (int r = 0; r < 16; r += 5) {
        xa_op(&a, XO_MOV, 1, r, m);
        expect("mov %s,%s", r64[r], mem("QWORD", m));
        xa_op(&a, XO_MOV_ST, 0, r, m);
        expect("mov %s,%s", mem("DWORD", m), r32[r]);
        xa_op(&a, XO_MOV8_ST, 0, r, m);
        expect("mov %s,%s", mem("BYTE", m), r8[r]);
        xa_op(&a, XO_MOV16_ST, 0, r, m);
        expect("mov %s,%s", mem("WORD", m), r16[r]);
        xa_op(&a, XO_MOVZX8, 0, r, m);
        expect("movzx %s,%s", r32[r], mem("BYTE", m));
        xa_op(&a, XO_MOVSX16, 1, r, m);
        expect("movsx %s,%s", r64[r], mem("WORD", m));
        xa_op(&a, XO_MOVSD_ST, 0, r, m);
        expect("movsd %s,xmm%d", mem("QWORD", m), r);
        xa_vex(&a, XO_FADD | XO_F2, 0, r, 15 - r, m, -1);
        expect("vaddsd xmm%d,xmm%d,%s", r, 15 - r, mem("QWORD", m));
        xa_vex(&a, XO_RORX, 1, r, 0, m, 9);
        expect("rorx %s,%s,0x9", r64[r], mem("QWORD", m));
        xa_op(&a, XO_CMPXCHG, 1, r, m);
        expect("lock cmpxchg %s,%s", mem("QWORD", m), r64[r]);
        xa_op(&a, XO_XADD, 0, r, m);
        expect("lock xadd %s,%s", mem("DWORD", m), r32[r]);
    }
    xa_alui(&a, ALU_CMP, 0, m, -1);
    expect("cmp %s,0xffffffff", mem("DWORD", m));
    xa_opi(&a, XO_MOV_I, 1, 0, m, -7, 4);
    expect("mov %s,0xfffffffffffffff9", mem("QWORD", m));
    xa_opi(&a, XO_MOV8_I, 0, 0, m, 0x12, 1);
    expect("mov %s,0x12", mem("BYTE", m));
    xa_opi(&a, XO_MOV_I | XO_66, 0, 0, m, 0x1234, 2);
    expect("mov %s,0x1234", mem("WORD", m));
    xa_opi(&a, 0x83 | XO_LOCK, 0, ALU_OR, m, 0, 1);
    expect("lock or %s,0x0", mem("DWORD", m));
    xa_csr(&a, 1, m);
    expect("stmxcsr %s", mem("DWORD", m));
    xa_op(&a, XO_INCDEC, 0, 4, m);
    expect("jmp %s", mem("QWORD", m));
}

static void memory_operands(void)
{
    static const int32_t disp[] = {0, 1, 127, -128, 128, 0x12345678, INT32_MIN};

    for (int b = 0; b < 16; b++) {
        for (int d = 0; d < 7; d++)
            try_mem(xm(b, disp[d]));
        for (int x = 0; x < 16; x += 3)
            try_mem(xmx(b, x == RSP ? RBP : x, (uint32_t)x & 3u, disp[(b + x) % 7]));
        try_mem(xmgs(b, 0x48));
    }
    for (int x = 0; x < 16; x++) {
        if (x != RSP)
            try_mem(xmx(R_NONE, x, 3, 0x40));
    }
}

static void register_pair(int d, int s)
{
    for (unsigned i = 0; i < sizeof(two) / sizeof(two[0]); i++) {
        int w = (d ^ s ^ (int)i) & 1;

        xa_op(&a, two[i].op, w, d, xr(s));
        expect("%s %s,%s", two[i].name, gpr(w, d), gpr(w, s));
    }
    for (unsigned i = 0; i < sizeof(sse) / sizeof(sse[0]); i++) {
        xa_op(&a, sse[i].op, 0, d, xr(s));
        expect("%s xmm%d,xmm%d", sse[i].name, d, s);
    }
    xa_op(&a, XO_MOVZX8, 0, d, xr(s));
    expect("movzx %s,%s", r32[d], r8[s]);
    xa_op(&a, XO_MOVSX8, 1, d, xr(s));
    expect("movsx %s,%s", r64[d], r8[s]);
    xa_op(&a, XO_MOVSXD, 1, d, xr(s));
    expect("movsxd %s,%s", r64[d], r32[s]);
    xa_op(&a, XO_TEST, 1, d, xr(s));
    expect("test %s,%s", r64[s], r64[d]);
    xa_op(&a, XO_MOVD, 1, d, xr(s));
    expect("movq xmm%d,%s", d, r64[s]);
    xa_op(&a, XO_MOVD_ST, 0, d, xr(s));
    expect("movd %s,xmm%d", r32[s], d);
    xa_op(&a, XO_CVTI2S | XO_F2, 1, d, xr(s));
    expect("cvtsi2sd xmm%d,%s", d, r64[s]);
    xa_op(&a, XO_CVTTS2I | XO_F3, 0, d, xr(s));
    expect("cvttss2si %s,xmm%d", r32[d], s);
    xa_op(&a, XO_CVTS2I | XO_F2, 1, d, xr(s));
    expect("cvtsd2si %s,xmm%d", r64[d], s);
    xa_opi(&a, XO_PEXTRD, 0, d, xr(s), 1, 1);
    expect("pextrd %s,xmm%d,0x1", r32[s], d);
    xa_opi(&a, XO_ROUNDSD, 0, d, xr(s), 3, 1);
    expect("roundsd xmm%d,xmm%d,0x3", d, s);
    xa_opi(&a, XO_PCLMUL, 0, d, xr(s), 0, 1);
    expect("pclmullqlqdq xmm%d,xmm%d", d, s);
    xa_opi(&a, XO_IMULI8, 1, d, xr(s), -3, 1);
    expect("imul %s,%s,0xfffffffffffffffd", r64[d], r64[s]);
    xa_opi(&a, XO_IMULI, 0, d, xr(s), 0x12345, 4);
    expect("imul %s,%s,0x12345", r32[d], r32[s]);
}

static void vex_triple(int d, int v, int s)
{
    xa_vex(&a, XO_ANDN, 1, d, v, xr(s), -1);
    expect("andn %s,%s,%s", r64[d], r64[v], r64[s]);
    xa_vex(&a, XO_SHLX, 1, d, v, xr(s), -1);
    expect("shlx %s,%s,%s", r64[d], r64[s], r64[v]);
    xa_vex(&a, XO_SHRX, 0, d, v, xr(s), -1);
    expect("shrx %s,%s,%s", r32[d], r32[s], r32[v]);
    xa_vex(&a, XO_SARX, 1, d, v, xr(s), -1);
    expect("sarx %s,%s,%s", r64[d], r64[s], r64[v]);
    xa_vex(&a, XO_FMUL | XO_F3, 0, d, v, xr(s), -1);
    expect("vmulss xmm%d,xmm%d,xmm%d", d, v, s);
    xa_vex(&a, XO_CMPS | XO_F2, 0, d, v, xr(s), 2);
    expect("vcmplesd xmm%d,xmm%d,xmm%d", d, v, s);
    xa_vex(&a, XO_FMA + 0x20, 1, d, v, xr(s), -1);
    expect("vfmadd231sd xmm%d,xmm%d,xmm%d", d, v, s);
    xa_vex(&a, XO_FMA + 0x26, 0, d, v, xr(s), -1);
    expect("vfnmsub231ss xmm%d,xmm%d,xmm%d", d, v, s);
    xa_vex(&a, XO_XORPS, 0, d, v, xr(s), -1);
    expect("vxorps xmm%d,xmm%d,xmm%d", d, v, s);
}

static const struct {
    uint32_t op;
    const char *name;
    uint8_t two; /* no first operand */
} vectors[] = {
    {XV_AND, "vpand", 0}, {XV_ANDN, "vpandn", 0}, {XV_OR, "vpor", 0}, {XV_XOR, "vpxor", 0},
    {XV_ADD, "vpaddb", 0}, {XV_ADD + 2, "vpaddd", 0}, {XV_ADDQ, "vpaddq", 0},
    {XV_SUB + 1, "vpsubw", 0}, {XV_SUB + 3, "vpsubq", 0}, {XV_ADDS, "vpaddsb", 0},
    {XV_ADDUS + 1, "vpaddusw", 0}, {XV_SUBS + 1, "vpsubsw", 0}, {XV_SUBUS, "vpsubusb", 0},
    {XV_AVGB, "vpavgb", 0}, {XV_AVGW, "vpavgw", 0}, {XV_MINSB, "vpminsb", 0},
    {XV_MINSW, "vpminsw", 0}, {XV_MINSD, "vpminsd", 0}, {XV_MAXSB, "vpmaxsb", 0},
    {XV_MAXSW, "vpmaxsw", 0}, {XV_MAXSD, "vpmaxsd", 0}, {XV_MINUB, "vpminub", 0},
    {XV_MINUW, "vpminuw", 0}, {XV_MINUD, "vpminud", 0}, {XV_MAXUB, "vpmaxub", 0},
    {XV_MAXUW, "vpmaxuw", 0}, {XV_MAXUD, "vpmaxud", 0}, {XV_CMPEQ, "vpcmpeqb", 0},
    {XV_CMPEQ + 2, "vpcmpeqd", 0}, {XV_CMPEQQ, "vpcmpeqq", 0}, {XV_CMPGT + 1, "vpcmpgtw", 0},
    {XV_CMPGTQ, "vpcmpgtq", 0}, {XV_ABS, "vpabsb", 1}, {XV_ABS + 2, "vpabsd", 1},
    {XV_MULLW, "vpmullw", 0}, {XV_MULHW, "vpmulhw", 0}, {XV_MULHRSW, "vpmulhrsw", 0},
    {XV_MULLD, "vpmulld", 0}, {XV_MULDQ, "vpmuldq", 0}, {XV_MULUDQ, "vpmuludq", 0},
    {XV_SADBW, "vpsadbw", 0}, {XV_UNPCKL, "vpunpcklbw", 0}, {XV_UNPCKL + 2, "vpunpckldq", 0},
    {XV_UNPCKLQ, "vpunpcklqdq", 0}, {XV_UNPCKH + 1, "vpunpckhwd", 0},
    {XV_UNPCKHQ, "vpunpckhqdq", 0}, {XV_PACKSSWB, "vpacksswb", 0},
    {XV_PACKUSWB, "vpackuswb", 0}, {XV_PACKSSDW, "vpackssdw", 0}, {XV_PACKUSDW, "vpackusdw", 0},
    {XV_MOVSX, "vpmovsxbw", 1}, {XV_MOVSX + 3, "vpmovsxwd", 1}, {XV_MOVSX + 5, "vpmovsxdq", 1},
    {XV_MOVZX, "vpmovzxbw", 1}, {XV_MOVZX + 5, "vpmovzxdq", 1}, {XV_SHUFB, "vpshufb", 0},
    {XV_BCASTB, "vpbroadcastb", 1}, {XV_BCASTW, "vpbroadcastw", 1},
    {XV_BCASTD, "vpbroadcastd", 1}, {XV_BCASTQ, "vpbroadcastq", 1}, {XV_SLLV, "vpsllvd", 0},
    {XV_SRLV, "vpsrlvd", 0}, {XV_SRAV, "vpsravd", 0}, {XV_TEST, "vptest", 1},
    {XV_AESENC, "vaesenc", 0}, {XV_AESENCLAST, "vaesenclast", 0},
    {XV_AESDECLAST, "vaesdeclast", 0}, {XV_AESIMC, "vaesimc", 1}, {XV_CVTDQ2PS, "vcvtdq2ps", 1},
    {XV_CVTPS2DQ, "vcvtps2dq", 1}, {XV_CVTTPS2DQ, "vcvttps2dq", 1}, {XO_MOVQ, "vmovq", 1},
    {XO_FADD, "vaddps", 0}, {XO_FSQRT | XO_66, "vsqrtpd", 1}, {XO_CVTS2S, "vcvtps2pd", 1},
    {XO_CVTS2S | XO_66, "vcvtpd2ps", 1}, {XO_FMA - 1 + 0x20, "vfmadd231ps", 0},
};

static const struct {
    uint32_t op;
    const char *name;
    uint8_t two;
} with_imm[] = {
    {XV_SHUFPS, "vshufps", 0}, {XV_BLENDD, "vpblendd", 0}, {XV_BLENDW, "vpblendw", 0},
    {XV_ALIGNR, "vpalignr", 0}, {XV_ROUNDPS, "vroundps", 1}, {XV_ROUNDPS + 1, "vroundpd", 1},
    {XO_PSHUFD, "vpshufd", 1}, {XO_INSERTPS, "vinsertps", 0},
};

/* Instructions on vectors; the third operand in a register or in memory. */
static void vex_vector(int d, int v, int s)
{
    struct xrm m = xm(s, 0x48);

    for (unsigned i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        xa_vex(&a, vectors[i].op, 0, d, vectors[i].two ? 0 : v, xr(s), -1);
        if (vectors[i].two)
            expect("%s xmm%d,xmm%d", vectors[i].name, d, s);
        else
            expect("%s xmm%d,xmm%d,xmm%d", vectors[i].name, d, v, s);
    }
    for (unsigned i = 0; i < sizeof(with_imm) / sizeof(with_imm[0]); i++) {
        xa_vex(&a, with_imm[i].op, 0, d, with_imm[i].two ? 0 : v, xr(s), 0x47);
        if (with_imm[i].two)
            expect("%s xmm%d,xmm%d,0x47", with_imm[i].name, d, s);
        else
            expect("%s xmm%d,xmm%d,xmm%d,0x47", with_imm[i].name, d, v, s);
    }
    xa_vex(&a, XV_SRLV, 1, d, v, m, -1);
    expect("vpsrlvq xmm%d,xmm%d,%s", d, v, mem("XMMWORD", m));
    xa_vex(&a, XV_BLENDVB, 0, d, v, xr(s), (s ^ 9) << 4);
    expect("vpblendvb xmm%d,xmm%d,xmm%d,xmm%d", d, v, s, s ^ 9);
    xa_vex(&a, XV_BLENDVPS, 0, d, v, m, d << 4);
    expect("vblendvps xmm%d,xmm%d,%s,xmm%d", d, v, mem("XMMWORD", m), d);
    xa_vex(&a, XO_CMPS | XO_66, 0, d, v, xr(s), 8);
    expect("vcmpeq_uqpd xmm%d,xmm%d,xmm%d", d, v, s);
    xa_vex(&a, XV_SHIFTI + 1, 0, 2, d, xr(s), 3);
    expect("vpsrlw xmm%d,xmm%d,0x3", d, s);
    xa_vex(&a, XV_SHIFTI + 2, 0, 4, d, xr(s), 3);
    expect("vpsrad xmm%d,xmm%d,0x3", d, s);
    xa_vex(&a, XV_SHIFTI + 3, 0, 6, d, xr(s), 3);
    expect("vpsllq xmm%d,xmm%d,0x3", d, s);
    xa_vex(&a, XV_SHIFTI + 3, 0, 3, d, xr(s), 3);
    expect("vpsrldq xmm%d,xmm%d,0x3", d, s);
    xa_vex(&a, XV_EXTRB, 0, d, 0, xr(s), 3);
    expect("vpextrb %s,xmm%d,0x3", r32[s], d);
    xa_vex(&a, XV_EXTRW, 0, d, 0, m, 3);
    expect("vpextrw %s,xmm%d,0x3", mem("WORD", m), d);
    xa_vex(&a, XV_EXTRD, 1, d, 0, xr(s), 1);
    expect("vpextrq %s,xmm%d,0x1", r64[s], d);
    xa_vex(&a, XV_INSRB, 0, d, v, xr(s), 3);
    expect("vpinsrb xmm%d,xmm%d,%s,0x3", d, v, r32[s]);
    xa_vex(&a, XV_INSRW, 0, d, v, xr(s), 3);
    expect("vpinsrw xmm%d,xmm%d,%s,0x3", d, v, r32[s]);
    xa_vex(&a, XV_INSRD, 1, d, v, m, 1);
    expect("vpinsrq xmm%d,xmm%d,%s,0x1", d, v, mem("QWORD", m));
    xa_op(&a, XO_MOVUPS, 0, d, m);
    expect("movups xmm%d,%s", d, mem("XMMWORD", m));
    xa_op(&a, XO_MOVUPS_ST, 0, d, m);
    expect("movups %s,xmm%d", mem("XMMWORD", m), d);
}

static void one_register(int r)
{
    static const char *const sh[] = {"rol", "ror", NULL, NULL, "shl", "shr", NULL, "sar"};
    static const char *const un[] = {NULL, NULL, "not", "neg", "mul", "imul", "div", "idiv"};

    for (int i = 0; i < 8; i++) {
        if (sh[i]) {
            xa_shift(&a, i, 1, xr(r), 13);
            expect("%s %s,0xd", sh[i], r64[r]);
            xa_op(&a, XO_SHCL, 0, i, xr(r));
            expect("%s %s,cl", sh[i], r32[r]);
        }
        if (un[i]) {
            xa_op(&a, XO_UNARY, 1, i, xr(r));
            expect("%s %s", un[i], r64[r]);
        }
    }
    for (int c = 0; c < 16; c++) {
        xa_setcc(&a, c, r);
        expect("set%s %s", cc[c], r8[r]);
    }
    xa_alui(&a, ALU_ADD, 1, xr(r), -0x1000);
    if (r != RAX)
        expect("add %s,0xfffffffffffff000", r64[r]);
    else
        expect("add rax,0xfffffffffffff000");
    xa_alui(&a, ALU_SUB, 0, xr(r), 5);
    expect("sub %s,0x5", r32[r]);
    xa_opi(&a, XO_BTC_I, 1, 7, xr(r), 63, 1);
    expect("btc %s,0x3f", r64[r]);
    xa_opi(&a, XO_TEST_I, 1, 0, xr(r), ~0xff8, 4);
    expect("test %s,0xfffffffffffff007", r64[r]);
    xa_movi(&a, r, 0x80000000u);
    expect("mov %s,0x80000000", r32[r]);
    xa_movi(&a, r, (uint64_t)-5);
    expect("mov %s,0xfffffffffffffffb", r64[r]);
    xa_movi(&a, r, 0x123456789abcdef0u);
    expect("movabs %s,0x123456789abcdef0", r64[r]);
    xa_push(&a, r);
    expect("push %s", r64[r]);
    xa_pop(&a, r);
    expect("pop %s", r64[r]);
    xa_bswap(&a, 1, r);
    expect("bswap %s", r64[r]);
    xa_bswap(&a, 0, r);
    expect("bswap %s", r32[r]);
    xa_gsbase(&a, r);
    expect("wrgsbase %s", r64[r]);
    xa_opi(&a, XO_PSRLDQ, 0, 3, xr(r), 8, 1);
    expect("psrldq xmm%d,0x8", r);
    xa_op(&a, XO_INCDEC, 0, 4, xr(r));
    expect("jmp %s", r64[r]);
}

static void jumps(void)
{
    uint8_t *site;

    for (int c = 0; c < 16; c++) {
        xa_patch(xa_jcc(&a, c), code);
        expect("j%s 0x0", cc[c]);
        site = xa_jcc8(&a, c);
        xa_patch8(site, a.p);
        expect("j%s 0x%lx", cc[c], (unsigned long)(a.p - code));
    }
    xa_patch(xa_jmp(&a), code + 16);
    expect("jmp 0x10");
    xa_call_to(&a, code + 32);
    expect("call 0x20");
    xa_op(&a, XO_XORPS, 0, 9, xmrip(code + 64));
    expect("xorps xmm9,XMMWORD PTR [rip+0x%x] # 0x40",
           (unsigned)(uint32_t)(64 - (a.p - code)));
    xa_vex(&a, XO_ANDPS, 0, 9, 3, xmrip(code + 64), -1);
    expect("vandps xmm9,xmm3,XMMWORD PTR [rip+0x%x] # 0x40",
           (unsigned)(uint32_t)(64 - (a.p - code)));
}

/* ---- Comparing ----------------------------------------------------------------------- */

/* "  12:\t48 01 c8  \tadd    rax,rcx" to "add rax,rcx"; NULL: no instruction in it. */
static char *text_of(char *line)
{
    char *t = strchr(line, '\t'), *out, *p;

    t = t ? strchr(t + 1, '\t') : NULL;
    if (!t)
        return NULL;
    out = p = ++t;
    for (; *t && *t != '\n'; t++) {
        if (*t == ' ' && (p == out || p[-1] == ' '))
            continue;
        *p++ = *t;
    }
    while (p > out && p[-1] == ' ')
        p--;
    *p = 0;
    return out;
}

/* rip-relative displacements are written unsigned by some versions: compare their target. */
static int same(const char *w, const char *got)
{
    const char *p = strstr(w, "[rip"), *q = strstr(got, "[rip");

    if (!p || !q)
        return strcmp(w, got) == 0;
    return p - w == q - got && strncmp(w, got, (size_t)(p - w)) == 0 &&
           strcmp(strchr(p, '#'), strchr(q, '#') ? strchr(q, '#') : "") == 0;
}

static void compare(void)
{
    char path[] = "/tmp/plugboard-encode-XXXXXX", cmd[160], line[512], *t;
    int fd = mkstemp(path);
    uint32_t n = 0, bad = 0;
    FILE *f;

    CU_ASSERT_FATAL(fd >= 0 && !a.full && n_want < MAX_LINES);
    CU_ASSERT_EQUAL(write(fd, code, (size_t)(a.p - code)), a.p - code);
    close(fd);
    snprintf(cmd, sizeof(cmd), "objdump -D -b binary -m i386:x86-64 -M intel -w %s", path);
    f = popen(cmd, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while (fgets(line, sizeof(line), f)) {
        t = text_of(line);
        if (!t)
            continue;
        if (n >= n_want || !same(want[n], t)) {
            if (bad++ < 20)
                printf("\n  wanted \"%s\", got \"%s\"", n < n_want ? want[n] : "nothing", t);
        }
        n++;
    }
    pclose(f);
    unlink(path);
    CU_ASSERT_EQUAL(n, n_want);
    CU_ASSERT_EQUAL(bad, 0);
    printf(" (%u instructions) ", n);
}

static void all_forms(void)
{
    jumps();
    for (int d = 0; d < 16; d++) {
        one_register(d);
        for (int s = 0; s < 16; s++) {
            if (s != d)
                register_pair(d, s);
            vex_triple(d, s, (d * 5 + s) & 15);
            if ((d ^ s) % 5 == 0)
                vex_vector(d, s, (d * 5 + s) & 15);
        }
    }
    memory_operands();
    compare();
}

static const struct xl_test tests[] = {{"all forms against objdump", all_forms}};

int main(void)
{
    if (system("objdump --version >/dev/null 2>&1") != 0)
        return 77;
    return xl_check("x86-64 encoder", tests, 1);
}
