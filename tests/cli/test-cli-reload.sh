#!/bin/sh
# SPDX-License-Identifier: MIT
# plugin_reload: the device of the new object has the old one's state; what cannot be exchanged is
# refused with the reason, and the old object goes on.
. "$(dirname "$0")/lib.sh"
mkdir swap
for i in 1 2 3 4 5 6; do
    ${CC:-cc} -shared -fPIC -fvisibility=hidden -nostartfiles -DSWAP=$i -I"$ROOT/sdk/include" \
        -o "$i.so" "$HERE/plugins/toy-swap.c" || exit 1
done
printf 'int nothing;' | ${CC:-cc} -shared -fPIC -x c - -o 7.so
head -c 2000 1.so >8.so
PLUGBOARD_PLUGIN_PATH=$T/swap:$PLUGBOARD_PLUGIN_PATH
fail=0
run() { # FIRST SECOND WORD: asks twice, has SECOND in the place of FIRST, asks twice again
    cp "$1.so" swap/toy-swap.so
    "$BUILD/bin/plugboard-sidecar" swap/toy-swap.so swap/toy-swap.plugin
    mkfifo in
    timeout 20 "$TOY" -M board -serial null -monitor stdio -device toy-swap,id=s <in >out 2>&1 &
    exec 9>in
    printf 'info swap\ninfo swap\n' >&9
    until grep -q 'asked 4' out; do sleep 0.05; done
    cp "$2.so" new.so && mv new.so swap/toy-swap.so
    printf 'plugin_reload %s\ninfo swap\ninfo swap\ninfo status\nquit\n' "$3" >&9
    exec 9>&-
    wait $! || { echo "$2: status $?"; fail=1; }
    rm in
}
check() { # FIRST SECOND WORD TEXT LAST
    run "$1" "$2" "$3"
    for want in "$4" "$5" "VM status: running"; do
        tr -d '\r' <out | grep -qF -- "$want" && continue
        echo "$1 becomes $2 ($3): expected '$want', got:"
        tr -d '\r' <out | sed 's/.*\x1b\[K//'
        fail=1
    done
}
done_="plugin test.toy-swap 1: 1 device"
check 1 1 toy-swap "$done_" "object 1, asked 8"
check 1 2 s "$done_" "object 2, asked 8"
check 2 2 test.toy-swap "$done_" "object 2, asked 8"
check 2 1 toy-swap "'s' is of version 2, this toy-swap knows up to 1" "object 2, asked 8"
check 2 3 toy-swap "'s' does not know field 'count'" "object 2, asked 8"
check 1 4 toy-swap "class 'toy-swap' of $T/swap/toy-swap.so has other outputs" "object 1, asked 8"
check 1 5 toy-swap "no luck today" "object 1, asked 8"
check 6 1 toy-swap "does not say that it can be unloaded" "object 6, asked 8"
check 1 6 toy-swap "does not say that it can be unloaded" "object 1, asked 8"
check 1 7 toy-swap "no symbol pb_plugin_v0: not a plugin" "object 1, asked 8"
check 1 8 toy-swap "the file is truncated: reinstall the plugin" "object 1, asked 8"
check 1 2 nobody "'nobody' is no plugin, class or device" "object 1, asked 8"
check 1 2 toy "plugin test.toy-cpu has a class of kind pb.class.cpu/1" "object 1, asked 8"

# what others hold on to: the harts have the timer's counter by a link
out=$(printf 'plugin_reload riscv-aclint\nquit\n' | timeout 20 \
    "$BUILD/bin/plugboard-system-riscv64" -M virt -S -bios none -display none -serial null \
    -monitor stdio 2>&1)
case $out in
*"'cpu0' is linked to "*" and keeps what it got there"*) ;;
*) echo "a linked device is exchanged: $out"; fail=1 ;;
esac
exit $fail
