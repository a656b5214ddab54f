#!/bin/sh
# SPDX-License-Identifier: MIT
# A register table from CSV and one from CMSIS-SVD become plugins that the bench finds true to their
# tables, and say the same of their registers; what is wrong with a table is said with its line.
# usage: test-sdk-regs.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
tool=$root/sdk/tools/plugboard-regs
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
fail=0
make_one() { # SOURCE FLAGS
    mkdir -p "$1" && cp "$here/regs/toy.c" "$1/"
    "$tool" "$here/regs/toy.$1" --name toy --struct toy ${3:+--peripheral "$3"} -o "$1/toy-regs.h" ||
        exit 1
    ${CC:-cc} -std=c11 -Wall -Wextra -Werror -fPIC -shared $2 -I "$root/sdk/include" -I "$1" \
        -Wl,--version-script="$root/sdk/cmake/plugin.map" -o "$1/toy.so" "$1/toy.c" || exit 1
    "$build/bin/plugboard-sidecar" "$1/toy.so" "$1/toy.plugin" || exit 1
    "$build/bin/plugboard" check "$T/$1/toy.so" >out 2>&1 || { cat out; fail=1; }
    "$build/bin/plugboard" test "$1/toy.so" --count 20000 >out 2>&1 || { cat out; fail=1; }
    grep -q ' 4 registers, ok' out || { cat out; fail=1; }
    "$build/bin/plugboard" inspect "$1/toy.so" --json |
        python3 -c 'import json, sys
for r in json.load(sys.stdin)["classes"][0]["registers"]:
    print(r["name"], r["offset"], r["width"], r["access"], r["reset"], r["count"],
          [(f["name"], f["lsb"], f["width"]) for f in r["fields"]])' >"$1.regs"
}
make_one csv -DHOOK
make_one svd -DNOHOOK T1
diff csv.regs svd.regs || { echo "CSV and SVD differ"; fail=1; }
[ "$(wc -l <csv.regs)" = 4 ] || fail=1

refuse() { # LINES EXPECTED
    printf 'name,offset,width,access,reset\n%b\n' "$1" >bad.csv
    out=$("$tool" bad.csv --name x --struct x 2>&1) && { echo "$1: was not refused"; fail=1; }
    [ "$out" = "plugboard-regs: $2" ] || { echo "$1: said: $out"; fail=1; }
}
refuse 'A,0,4\nB,2,4' "bad.csv:3: B (0x2) overlaps A, which ends at 0x4"
refuse 'A,0,3' "bad.csv:2: A is 3 bytes wide; 1, 2, 4 and 8 are"
refuse 'A,zero' "bad.csv:2: 'zero' is no number"
refuse 'A,0,4,RX' "bad.csv:2: access 'RX' of A is none of RW RO WO W1C RC RSVD"
refuse 'A,0\nA.F,31,2' "bad.csv:2: field F of A does not fit its 32 bits"
refuse 'B.F,0' "bad.csv:2: there is no register 'B' above its field"
refuse 'A,0\nA,4' "bad.csv:3: register 'A' is there already"
refuse 'A,0,1,RW,256' "bad.csv:2: reset of A has more than 8 bits"
exit $fail
