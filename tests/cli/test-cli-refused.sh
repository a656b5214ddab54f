#!/bin/sh
# SPDX-License-Identifier: MIT
# A plugin that cannot be used is refused in one sentence, and nobody else suffers.
. "$(dirname "$0")/lib.sh"
fail=0
expect() { # NAME PATTERN
    out=$(timeout 10 "$TOY" -M board -S -nodefaults -device "$1" 2>&1 </dev/null)
    code=$?
    [ $code = 1 ] || { echo "$1: exit status $code"; fail=1; }
    case $out in
    *"$2"*) ;;
    *) echo "$1: expected '$2', got: $out"; fail=1 ;;
    esac
    [ "$(printf '%s\n' "$out" | wc -l)" -le 2 ] || { echo "$1: too many words: $out"; fail=1; }
}
expect toy-epoch "was built for epoch 2 of the plugin ABI, this plugboard has epoch 1"
expect toy-needs "needs interface pb.nobody-has-this/1"
expect toy-init "not on Mondays"
expect toy-null "lacks realize()"

# what is not installed, but known to the distribution, names its package
mkdir -p "$T/share/plugboard"
printf '[package plugboard-toys]\ndevice = toy-npu toy-disk\nblock = toyfs\n' >"$T/share/plugboard/plugins.catalog"
expect toy-npu "package plugboard-toys provides it, not installed"
expect toy-npuu "did you mean 'toy-npu'"
cp "$BUILD/bin/plugboard" "$T/bin/plugboard"
# shellcheck disable=SC2094 # "list" is a verb here, and the name of the file
"$T/bin/plugboard" list devices >list || fail=1
grep -A9 "^not installed:" list | grep -q "^toy-npu  *package plugboard-toys" ||
    { echo "absent classes are not listed"; fail=1; }
grep -q "^toy-epoch  *unavailable: .* epoch 2" list || { echo "no reason is listed"; fail=1; }
"$T/bin/plugboard" check >check.out && { echo "check found nothing wrong"; fail=1; }
grep -q "not on Mondays" check.out || { echo "check: no reason"; fail=1; }
rm -r "$T/share"

# a truncated library, a foreign one, none at all, a sidecar that lies
mkdir p && cp "$BUILD"/tests/plugins/toy-board.plugin "$BUILD"/tests/plugins/toy-cpu.* p/
PLUGBOARD_PLUGIN_PATH=$T/p:$T/backends
board() { timeout 10 "$TOY" -M board -S -nodefaults 2>&1 </dev/null; }
has() { # WHAT PATTERN
    out=$(board)
    case $out in
    *"$2"*) ;;
    *) echo "$1: expected '$2', got: $out"; fail=1 ;;
    esac
}
has "missing library" "toy-board.so: "
head -c 3000 "$BUILD"/tests/plugins/toy-board.so >p/toy-board.so
has "truncated library" "toy-board.so: the file is truncated"
printf '#!/bin/sh\n# as long as an ELF header must be, but none, whatever its name says\n' >p/toy-board.so
has "text instead of a library" "toy-board.so: no 64-bit shared object"
printf 'int nothing;' | ${CC:-cc} -shared -fPIC -x c - -o p/toy-board.so
has "foreign library" "no symbol pb_plugin_v0: not a plugin"
cp "$BUILD"/tests/plugins/toy-board.so p/
sed -i 's/^id = .*/id = somebody.else/' p/toy-board.plugin
has "lying sidecar" "its sidecar says 'somebody.else'"
cp "$BUILD"/tests/plugins/toy-board.plugin p/
sed -i 's/^prop.depth = uint/prop.depth = int/' p/toy-board.plugin
has "old sidecar" "are not those of its sidecar"
printf 'rubbish\n[plugin\n' >p/a.plugin
has "rubbish sidecar" "a.plugin:1:8: expected 'KEY = VALUE'"
rm p/a.plugin

# first id wins; `plugboard list` tells what is hidden
cp "$BUILD"/tests/plugins/toy-board.* p/
cp p/toy-board.so p/zz.so && sed 's/toy-board.so/zz.so/' p/toy-board.plugin >p/zz.plugin
"$BUILD"/bin/plugboard list | grep -q "plugin test.toy-board (.*/zz.so) is hidden by .*/toy-board.so" ||
    { echo "a hidden plugin is not listed"; fail=1; }

# a directory that everybody may write to is not searched
chmod 777 p
board | grep -q "is not searched: everybody may write to it" ||
    { echo "a world-writable directory was trusted"; fail=1; }
exit $fail
