#!/bin/sh
# SPDX-License-Identifier: MIT
# The ABI's layout is the golden one of the newest release, but for what the open minor version
# adds; the checker tells an append from a break; no public struct is left out.
# usage: test-abi-layout.sh SOURCE_DIR CC
set -eu
src=$1 cc=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# epoch-1.layout is minor 0, epoch-1.N.layout minor N
golden=$(find "$src/sdk/abi" -name 'epoch-1*.layout' | sort -V | tail -1)
minor=$(sed -n 's/^#define PB_ABI_MINOR \([0-9]*\)u.*/\1/p' "$src/sdk/include/plugboard/abi.h")
"$cc" -std=c11 -g -c -I "$src/sdk/include" "$src/tests/abi/anchor.c" -o "$dir/now.o"
python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$golden" "$minor"

# every struct with a body in a public header is anchored
for name in $(sed -n 's/^struct \(pb_[a-z0-9_]*\) {.*/\1/p' "$src"/sdk/include/plugboard/*.h \
    "$src"/sdk/include/plugboard/draft/*.h); do
    grep -q "X($name)" "$src/tests/abi/anchor.c" || { echo "$name is not in anchor.c"; exit 1; }
done

# Each of these made the golden file from a header that differed: what is it called now?
expect() { # NAME WANTED_STATUS WANTED_TEXT
    if python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$dir/golden" >"$dir/out"; then
        status=0
    else
        status=1
    fi
    if [ "$status" != "$2" ] || ! grep -q "$3" "$dir/out"; then
        echo "$1: status $status, wanted $2 and '$3'; said:"
        cat "$dir/out"
        exit 1
    fi
}
grep -v '^pb_block_info	max_bytes' "$golden" >"$dir/golden" # it is an append since then
echo "new struct or append" >>"$dir/out"
python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$dir/golden"
grep -v '^pb_block_info	bytes' "$golden" >"$dir/golden"
expect insertion 1 'struct pb_block_info'
sed 's/^pb_line	n	16/pb_line	n	20/' "$golden" >"$dir/golden"
expect moved 1 'struct pb_line'
sed 's/^pb_svc_line	level\(.*\)int32_t/pb_svc_line	level\1int64_t/' "$golden" >"$dir/golden"
expect prototype 1 'struct pb_svc_line'
grep -v '^pb_line	reserved' "$golden" >"$dir/golden"
expect frozen 1 'frozen'
# a released minor version is closed, and none is left out
grep -v '^pb_board_wire' "$golden" | sed "s/, minor [0-9]*/, minor $minor/" >"$dir/golden"
if python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$dir/golden" "$minor" >"$dir/out"; then
    echo "closed: an addition to a released version passed"
    exit 1
fi
grep -q "minor $minor is released, but has grown .*pb_board_wire" "$dir/out"
if python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$golden" 7 >"$dir/out"; then
    echo "skipped: a minor version was left out"
    exit 1
fi
printf 'pb_gone\tsize\t0\t4\tuint32_t size\n' | cat "$golden" - >"$dir/golden"
expect gone 1 'pb_gone is gone'
echo "layout as in $(basename "$golden")"
