#!/bin/sh
# SPDX-License-Identifier: MIT
# plugin_reload of a bus and of what sits on it: devices come back in the ports and in the order
# that they had, also those that came by themselves and those behind a gap.
. "$(dirname "$0")/lib.sh"
mkdir dock
build() { # FILE FLAG...
    out=$1
    shift
    ${CC:-cc} -shared -fPIC -fvisibility=hidden -nostartfiles "$@" -I"$ROOT/sdk/include" \
        -o "$out.so" "$HERE/plugins/toy-dock.c" || exit 1
}
build dock/toy-dock -DPART=1 -DFAIL=0
build dock/toy-plug -DPART=2
build dock/toy-peg -DPART=3
build unlucky -DPART=1 -DFAIL=1
for part in toy-dock toy-plug toy-peg; do
    "$BUILD/bin/plugboard-sidecar" dock/$part.so dock/$part.plugin || exit 1
done
PLUGBOARD_PLUGIN_PATH=$T/dock:$PLUGBOARD_PLUGIN_PATH
fail=0

# a's own plug takes port 2 before it; c leaves 5 and e comes to it; b leaves a gap
run() { # OBJECT COMMAND...: what is shown, before OBJECT takes toy-dock's place, and after
    object=$1
    shift
    mkfifo in
    timeout 20 "$TOY" -M board -serial null -monitor stdio -device toy-dock \
        -device toy-plug,id=a,chain=on -device toy-peg,id=b -device toy-plug,id=c \
        -device toy-peg,id=d <in >all 2>&1 &
    exec 9>in
    printf '%s\n' "device_del c" "device_add toy-peg,id=e" "device_del b" "info dock" "info qtree" \
        "info status" >&9
    until grep -q 'VM status' all; do sleep 0.05; done
    cp "$object" new.so && mv new.so dock/toy-dock.so
    printf '%s\n' "$@" "info dock" "info qtree" "info status" quit >&9
    exec 9>&-
    wait $! || { echo "$*: status $?"; fail=1; }
    rm in
    tr -d '\r' <all | sed 's/.*\x1b\[K//' | awk '/^ports:/ {n++} n {print > ("part" n)}
        /^VM status: running/ {ran++} END {exit ran != 2}' ||
        { echo "$*: it does not run:"; cat all; fail=1; }
    sed -i '/^VM status/,$d' part1 part2
}
check() { # OBJECT SAID COMMAND...
    object=$1 said=$2
    shift 2
    run "$object" "$@"
    grep -q "^ports: 1 toy-plug#0 2 toy-plug#2 3 a 5 e 6 d" part1 && grep -qF "$said" all ||
        { echo "$*: not as it should be:"; cat all; fail=1; }
    cmp -s part1 part2 || { echo "$*: it is not what it was:"; diff part1 part2; fail=1; }
}
cp dock/toy-dock.so lucky.so
check lucky.so "plugin test.toy-dock 1: 6 devices" "plugin_reload toy-dock"
check lucky.so "plugin test.toy-plug 1: 3 devices" "plugin_reload toy-plug"
check lucky.so "plugin test.toy-peg 1: 2 devices" "plugin_reload toy-peg"
check lucky.so "6 devices" "plugin_reload toy-peg" "plugin_reload toy-dock" "plugin_reload toy-plug"
check unlucky.so "no luck today" "plugin_reload toy-dock"
exit $fail
