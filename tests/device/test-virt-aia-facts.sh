#!/bin/sh
# SPDX-License-Identifier: MIT
# With -M virt,aia=… the device tree has the interrupt controllers that QEMU's has, with the same
# places, numbers and cells; what the node is called and what is beside "riscv,…" in compatible
# differs between QEMU's releases. Exit status 77: skipped.
#
#     test-virt-aia-facts.sh PLUGBOARD-SYSTEM-RISCV64
set -u
plugboard=${1:?usage: $0 PLUGBOARD-SYSTEM-RISCV64}
for tool in qemu-system-riscv64 fdtget; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
ours=$dir/ours.dtb theirs=$dir/theirs.dtb bad=0 checked=0

# node TREE ADDRESS: its path
node() {
    echo "/soc/$(fdtget -l "$1" /soc | grep "@$2\$")"
}

# same PROPERTY ADDRESS: equal as hexadecimal bytes
same() {
    a=$(fdtget -t bx "$theirs" "$(node "$theirs" "$2")" "$1" 2>&1)
    b=$(fdtget -t bx "$ours" "$(node "$ours" "$2")" "$1" 2>&1)
    checked=$((checked + 1))
    [ "$a" = "$b" ] && return
    bad=$((bad + 1))
    echo "FAIL: $machine: $2 $1: QEMU has '$a', we have '$b'"
}

# refers PROPERTY ADDRESS TO: the property names the node at TO
refers() {
    checked=$((checked + 1))
    for tree in "$theirs" "$ours"; do
        [ "$(fdtget -t u "$tree" "$(node "$tree" "$2")" "$1" | cut -d' ' -f1)" = \
            "$(fdtget -t u "$tree" "$(node "$tree" "$3")" phandle)" ] && continue
        bad=$((bad + 1))
        echo "FAIL: $machine: $2 $1 does not name $3 in $tree"
    done
}

# Interrupt numbers of interrupts-extended: every second cell.
numbers() {
    checked=$((checked + 1))
    for tree in "$theirs" "$ours"; do
        fdtget -t u "$tree" "$(node "$tree" "$1")" interrupts-extended | tr ' ' '\n' |
            sed -n 'n;p' | tr '\n' ' ' >"$tree.numbers"
    done
    cmp -s "$theirs.numbers" "$ours.numbers" && return
    bad=$((bad + 1))
    echo "FAIL: $machine: $1: interrupt numbers differ"
}

for machine in virt,aia=aplic virt,aia=aplic-imsic virt,aia=aplic-imsic,aia-guests=3; do
    rm -f "$ours" "$theirs"
    timeout 60 "$plugboard" -M "$machine,dumpdtb=$ours" -smp 3 -display none -serial none \
        </dev/null || { echo "FAIL: plugboard wrote no tree"; exit 1; }
    timeout 60 qemu-system-riscv64 -M "$machine,dumpdtb=$theirs" -smp 3 -display none \
        </dev/null >/dev/null 2>&1
    [ -s "$theirs" ] || { echo "skipped: this QEMU has no AIA"; exit 77; }
    for at in c000000 d000000; do
        for p in reg '#interrupt-cells' riscv,num-sources; do same "$p" $at; done
    done
    refers riscv,children c000000 d000000
    for at in 10000000 10001000; do
        same interrupts $at
        refers interrupt-parent $at d000000
    done
    case $machine in
    *imsic*)
        for at in 24000000 28000000; do
            for p in reg '#interrupt-cells' riscv,num-ids; do same "$p" $at; done
            numbers $at
        done
        same riscv,guest-index-bits 28000000
        refers msi-parent c000000 24000000
        refers msi-parent d000000 28000000
        refers msi-parent 30000000 28000000
        ;;
    *) for at in c000000 d000000; do numbers $at; done ;;
    esac
done
echo "$checked facts compared, $bad differ"
[ $bad -eq 0 ]
