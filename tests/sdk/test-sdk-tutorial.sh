#!/bin/sh
# SPDX-License-Identifier: MIT
# The tutorial's commands do what it says they do: each ```sh block of sdk/doc/tutorial.md is run
# in one shell, in order, and each line of the ```text block under it is in what was printed.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
command -v riscv64-linux-gnu-gcc >/dev/null || { echo "no riscv64-linux-gnu-gcc"; exit 77; }
awk -v dir="$T" '
    /^```(sh|text)$/ { kind = substr($0, 4); if (kind == "sh") n++; next }
    /^```/ { kind = kind == "" ? "other" : ""; next }
    kind == "sh" { print > (dir "/all.sh"); last = n; code[n] = 1 }
    kind == "sh" && !(n in begun) { begun[n] = 1 }
    kind == "text" { print > (dir "/want." n) }
    kind == "sh" { print > (dir "/block." n) }
    END { print n > (dir "/count") }' "$here/../../sdk/doc/tutorial.md"
count=$(cat "$T/count")
{
    echo "set -eu"
    i=1
    while [ "$i" -le "$count" ]; do
        echo "exec >$T/got.$i 2>&1"
        cat "$T/block.$i"
        i=$((i + 1))
    done
} >"$T/script"
bash "$T/script"
status=$?
fail=0 lines=0 i=1
while [ "$i" -le "$count" ]; do
    [ -f "$T/got.$i" ] || { echo "block $i was not reached"; fail=1; break; }
    while IFS= read -r line; do
        lines=$((lines + 1))
        grep -qF -- "$line" "$T/got.$i" && continue
        echo "block $i does not print: $line"
        fail=1 bad=$i
    done <"$T/want.$i"
    i=$((i + 1))
done
last=$(find "$T" -maxdepth 1 -name 'got.*' | wc -l)
if [ "$status" != 0 ]; then
    echo "stopped with status $status in block $last:"
    cat "$T/got.$last"
    fail=1
fi
[ -z "${bad:-}" ] || { echo "block $bad printed:"; cat "$T/got.$bad"; }
echo "$count blocks, $lines lines"
[ "$fail" = 0 ] && [ "$count" -ge 9 ] && [ "$lines" -ge 15 ]
