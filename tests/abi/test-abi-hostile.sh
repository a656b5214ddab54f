#!/bin/sh
# SPDX-License-Identifier: MIT
# Each plugin that breaks a rule is refused with exactly the expected line, by a host that lives on.
# usage: test-abi-hostile.sh SOURCE_DIR BUILD-TREE CC
set -u
src=$1 build=$(cd "$2" && pwd) cc=$3
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
fail=0 n=0

# hostile NUMBER: bad.so, with the sidecar of the good one.
hostile() {
    "$cc" -std=c11 -fPIC -shared -DBAD="$1" -I "$src/sdk/include" -o bad.so \
        ${2:+"$2"} "$src/tests/abi/hostile.c" || exit 1
    [ "$1" = 0 ] || sed 's/good\.so/bad.so/' good.plugin >bad.plugin
}
map=-Wl,--version-script=$src/sdk/cmake/plugin.map
hostile 0 "$map"
mv bad.so good.so
"$build/bin/plugboard-sidecar" good.so good.plugin || exit 1

expect() { # WHAT WANTED
    n=$((n + 1))
    got=$("$build/bin/plugboard" check bad.so 2>&1) && { echo "$1: was not refused"; fail=1; }
    [ "$got" = "$2" ] || { echo "$1: wanted: $2"; echo "$1: got:    $got"; fail=1; }
}
[ "$("$build/bin/plugboard" check good.so)" = \
    "good.so: plugin test.hostile 1 (MIT), ABI 1.1: 1 class in order" ] ||
    { echo "the good one is refused"; fail=1; }

early="by code that runs before the host can ask (a constructor)"
hostile 1 "$map"
expect "entry size" "bad.so: its entry has 32 bytes, at least 88 are needed"
hostile 2 "$map"
expect "epoch" "bad.so was built for epoch 2 of the plugin ABI, this plugboard has epoch 1: rebuild the plugin"
hostile 3 "$map"
expect "needs" "plugin test.hostile needs interface pb.nobody-has-this/1, which this plugboard (ABI 1.1) does not have"
hostile 4 "$map"
expect "no table" "bad.so has 1 classes but no table of them"
hostile 5 "$map"
expect "class size" "bad.so: device 'hostile': its table has 16 bytes, at least 144 are needed"
hostile 6 "$map"
expect "no realize" "bad.so: class 'hostile' lacks realize()"
hostile 7 "$map"
expect "init" "bad.so: not on Mondays"
hostile 8 "$map"
expect "constructor aborts" "bad.so: dies of signal 6 (Aborted) while it was opened, $early"
hostile 9 "$map"
expect "constructor exits" "bad.so: ends the process (status 0) while it was opened, $early"
hostile 10 "$map"
expect "constructor crashes" "bad.so: dies of signal 11 (Segmentation fault) while it was opened, $early"
hostile 11 "$map"
expect "state" "bad.so: device 'hostile': state field 'a' ends outside the instance of 4 bytes"
hostile 12 "$map"
expect "default" "bad.so: device 'hostile': property 'depth' has a default that is no uint: 'deep'"
hostile 13 "$map"
expect "registers" "bad.so: device 'hostile': register TWO (0x2) overlaps ONE, which ends at 0x4"
hostile 14
expect "exports" "bad.so: exports 'helper': only pb_plugin_v0 may be seen (link with the SDK's plugin.map)"
hostile 15 "$map"
expect "no id" "bad.so: its entry has no id"
hostile 16 "$map"
expect "init dies" "bad.so: dies of signal 6 (Aborted) in its init()"
head -c 3000 good.so >bad.so
expect "truncated" "bad.so: the file is truncated: reinstall the plugin"
printf 'int nothing;' | "$cc" -shared -fPIC -x c - -o bad.so
expect "foreign" "bad.so: no symbol pb_plugin_v0: not a plugin"
printf 'no ELF, but as long as a header of it must be, whatever its name says, and more' >bad.so
expect "text" "bad.so: no 64-bit shared object"
rm bad.so
expect "nothing" "bad.so: No such file or directory"
cp good.so bad.so && rm bad.plugin
expect "no sidecar" "bad.so: there is no bad.plugin beside it: plugboard-sidecar writes it"

# Two plugins with one class: the first found is taken, the other one named.
mkdir both && cp good.so good.plugin both/
"$cc" -std=c11 -fPIC -shared -DBAD=0 -I "$src/sdk/include" -Dtest=x "$map" -o both/other.so \
    "$src/tests/abi/hostile.c"
sed 's/^id = .*/id = test.other/; s/good\.so/other.so/' good.plugin >both/other.plugin
got=$(PLUGBOARD_PLUGIN_PATH=$T/both XDG_DATA_HOME=$T/none "$build/bin/plugboard" list plugins |
    grep hidden)
want="device 'hostile' of plugin test.other ($T/both/other.so) is hidden by that of plugin test.hostile ($T/both/good.so)"
n=$((n + 1))
[ "$got" = "$want" ] || { echo "id clash: got: $got"; fail=1; }
echo "$n hostile plugins"
exit $fail
