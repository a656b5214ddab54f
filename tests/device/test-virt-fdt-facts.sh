#!/bin/sh
# SPDX-License-Identifier: MIT
# The device tree of -M virt states the facts that QEMU's does: the same nodes at the same
# addresses, with the same compatible strings, interrupts and clocks. QEMU's own dump is the
# oracle; phandles may differ. Exit status 77: skipped.
#
#     test-virt-fdt-facts.sh PLUGBOARD-SYSTEM-RISCV64
set -u
plugboard=${1:?usage: $0 PLUGBOARD-SYSTEM-RISCV64}
for tool in qemu-system-riscv64 fdtget; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
ours=$dir/ours.dtb theirs=$dir/theirs.dtb
timeout 60 "$plugboard" -M virt,dumpdtb="$ours" -smp 3 -m 384 -display none -serial none \
    </dev/null || { echo "FAIL: plugboard wrote no tree"; exit 1; }
timeout 60 qemu-system-riscv64 -M virt,dumpdtb="$theirs" -smp 3 -m 384 -display none \
    </dev/null >/dev/null 2>&1
if [ ! -s "$ours" ] || [ ! -s "$theirs" ]; then
    echo "FAIL: a tree is missing"
    exit 1
fi
bad=0 checked=0 their_plic=

# same PROPERTY NODE [OUR-NODE]: equal as hexadecimal bytes
same() {
    a=$(fdtget -t bx "$theirs" "$2" "$1" 2>&1)
    b=$(fdtget -t bx "$ours" "${3:-$2}" "$1" 2>&1)
    checked=$((checked + 1))
    [ "$a" = "$b" ] && return
    bad=$((bad + 1))
    echo "FAIL: $2 $1: QEMU has '$a', we have '$b'"
}

# Interrupt numbers of interrupts-extended: every second cell.
numbers() {
    fdtget -t u "$1" "$2" interrupts-extended | tr ' ' '\n' | sed -n 'n;p' | tr '\n' ' '
}

for p in '#address-cells' '#size-cells' compatible; do same $p /; same $p /soc; done
same reg /memory@80000000
same device_type /memory@80000000
same timebase-frequency /cpus
same stdout-path /chosen
for c in 0 1 2; do
    for p in reg device_type status compatible; do same $p /cpus/cpu@$c; done
    for p in compatible '#interrupt-cells'; do same $p /cpus/cpu@$c/interrupt-controller; done
done
for n in poweroff reboot; do
    for p in value offset compatible; do same $p /$n; done
    node=$(fdtget -t u "$ours" /$n regmap)
    [ "$node" = "$(fdtget -t u "$ours" /soc/test@100000 phandle)" ] ||
        { echo "FAIL: /$n does not refer to the finisher"; bad=$((bad + 1)); }
done
# The interrupt controller's node was called plic@ by QEMU before 9.
plic=interrupt-controller@c000000
for n in $(fdtget -l "$theirs" /soc); do
    o=$n
    case $n in
    pci@*) continue ;; # no PCI host yet
    *@c000000) o=$plic; their_plic=$n ;;
    esac
    same compatible "/soc/$n" "/soc/$o"
    same reg "/soc/$n" "/soc/$o"
    case $n in
    *@c000000 | clint@*)
        [ "$(numbers "$theirs" "/soc/$n")" = "$(numbers "$ours" "/soc/$o")" ] ||
            { echo "FAIL: $n: interrupt numbers differ"; bad=$((bad + 1)); } ;;
    test@*) ;;
    *) same interrupts "/soc/$n" ;;
    esac
done
for p in '#interrupt-cells' '#address-cells'; do same $p "/soc/$their_plic" /soc/$plic; done
# QEMU 7 counted source 0, which does not exist.
case $(fdtget -t u "$theirs" "/soc/$their_plic" riscv,ndev),$(fdtget -t u "$ours" /soc/$plic \
    riscv,ndev) in
95,95 | 96,95) ;;
*) echo "FAIL: riscv,ndev"; bad=$((bad + 1)) ;;
esac
same clock-frequency /soc/serial@10000000
for p in compatible reg; do same $p /fw-cfg@10100000 /soc/fw-cfg@10100000; done
for p in compatible reg bank-width; do same $p /flash@20000000 /soc/flash@20000000; done
echo "$checked facts compared, $bad differ"
[ $bad -eq 0 ]
