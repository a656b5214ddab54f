#!/bin/sh
# SPDX-License-Identifier: MIT
# The ABI's layout is the golden one, and the checker tells an append from a break.
# usage: test-abi-layout.sh SOURCE_DIR CC
set -eu
src=$1 cc=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
golden=$src/sdk/abi/epoch-1.layout
"$cc" -std=c11 -g -c -I "$src/sdk/include" "$src/tests/abi/anchor.c" -o "$dir/now.o"
python3 "$src/tests/abi/layout.py" check "$dir/now.o" "$golden"

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
printf 'pb_gone\tsize\t0\t4\tuint32_t size\n' | cat "$golden" - >"$dir/golden"
expect gone 1 'pb_gone is gone'
echo "layout as in $(basename "$golden")"
