#!/bin/sh
# SPDX-License-Identifier: MIT
# -cpu MODEL,SWITCH=… as scripts for QEMU write it: what a CPU does not have may be switched off,
# and not on; what is switched is what identification registers and device trees say.
BUILD=${1:?usage: $0 BUILD-TREE}
ARM=$BUILD/bin/plugboard-system-aarch64 RISCV=$BUILD/bin/plugboard-system-riscv64
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
for p in "$ARM" "$RISCV"; do
    [ -x "$p" ] || { echo "needs $p"; exit 77; }
done
fail=0
arm() { # SWITCHES PATTERN: of a register and its value
    printf 'info registers\nquit\n' |
        timeout 20 "$ARM" -M virt -S -display none -monitor stdio -cpu "$1" >out 2>&1 || fail=1
    grep -q "$2" out || { echo "aarch64 $1: no $2"; grep -v plugboard out | head -3; fail=1; }
}
riscv() { # SWITCHES ISA MMU
    rm -f dtb
    timeout 20 "$RISCV" -M virt,dumpdtb=dtb -bios none -display none -cpu "$1" >out 2>&1
    { grep -qa "$2" dtb && grep -qa "riscv,$3" dtb; } || { echo "riscv64 $1: no $2, $3"; cat out; fail=1; }
}
refused() { # PROGRAM SWITCHES TEXT
    timeout 20 "$1" -M virt -S -display none -cpu "$2" >out 2>&1 && { echo "$2: taken"; fail=1; }
    grep -qF -e "$3" out || { echo "$2: no '$3' in:"; cat out; fail=1; }
}

arm max,sve=off,sve128=off,sme=false,lpa2=off,aarch64=on "id_aa64pfr0_el1 1100000000110011"
arm max,pauth-impdef=on "id_aa64isar1_el1 0000001110211101"
arm max,pauth=off "id_aa64isar1_el1 0000001100211001"
arm max,vfp=off,neon=off "id_aa64pfr0_el1 1100000000ff0011"
arm max,fp=off "id_aa64isar0_el1 0220000000210000"
arm cortex-a53,pmu=off "id_aa64dfr0_el1 0000000010305006"
refused "$ARM" max,sve=on "sve=on: this CPU has no Scalable Vector Extension yet"
refused "$ARM" max,sve=off,sve256=on "sve256=on: this CPU has no SVE vectors of 256 bits yet"
refused "$ARM" max,aarch64=off "aarch64=off: this CPU always has AArch64 state"
refused "$ARM" max,vfp=off "must have both vfp and neon or neither"
refused "$ARM" max,pauth=off,pauth-impdef=on "cannot enable pauth-impdef without pauth"
refused "$ARM" max,pauth-impdef=off "the only algorithm"

riscv rv64,v=false,h=off,zfh=no,sscofpmf=off,svnapot=off _zba_ sv57
riscv rv64,v=off,vlen=256,priv_spec=v1.12.0,cbom_blocksize=64 _zba_ sv57
riscv rv64,Zba=off,zbs=false _zihpm_zbb_zbc_sstc_ sv57
riscv rv64,short-isa-string=on rv64imafdc sv57
grep -qa rv64imafdc_ dtb && { echo "no short string"; fail=1; }
riscv rv64,sv48=on _zba_ sv48
riscv rv64,sv57=off,sv48=off _zba_ sv39
riscv rv64,mmu=off _zba_ none
riscv sifive-u54,g=on rv64imafdc sv39
refused "$RISCV" rv64,v=true,vlen=256 "v=on: this CPU has no vector extension yet"
refused "$RISCV" rv64,vlen=256 "vlen, elen: this CPU has no vector extension yet"
refused "$RISCV" rv64,h=true "h=on: this CPU has no hypervisor extension yet"
refused "$RISCV" rv64,Sscofpmf=true "sscofpmf=on"
refused "$RISCV" rv64,i=off "i=off: this CPU always has the base ISA"
refused "$RISCV" rv64,sv57=on,sv48=off "smaller one (sv39, sv48) is off"
refused "$RISCV" rv64,g=on,d=off "g=on needs"
refused "$RISCV" rv64,priv_spec=v1.10.0 "it takes one of v1.12.0, v1.13.0"

# pmp=off: its registers are not there, which the handler says by status 1
code() { # HEX-WORDS FILE
    python3 -c 'import sys; sys.stdout.buffer.write(b"".join(bytes.fromhex(w)[::-1] for w in sys.argv[1].split()))' "$1" >"$2"
}
# mtvec = the last four; t1 = pmpcfg0; power off with status 0; power off with status 1
code "00000297 02028293 30529073 3a002373 000055b7 55558593 00100537 00b52023 000135b7 33358593 00100537 00b52023" pmp
timeout 20 "$RISCV" -M virt -display none -bios none -device loader,file=pmp,addr=0x80000000 || fail=1
timeout 20 "$RISCV" -M virt -display none -bios none -device loader,file=pmp,addr=0x80000000 -cpu rv64,pmp=off
[ $? = 1 ] || { echo "pmp=off: pmpcfg0 can be read"; fail=1; }
exit $fail
