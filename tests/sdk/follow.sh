#!/bin/bash
# SPDX-License-Identifier: MIT
# follow.sh PAGE DIR - does what a page says: each ```sh block is run in one shell, in order and in
# the working directory, and each line of the ```text block under it is in what was printed, which
# stays in DIR.
set -u
[ $# -eq 2 ] || { echo "usage: follow.sh PAGE DIR" >&2; exit 2; }
page=$1 T=$2
mkdir -p "$T"
awk -v dir="$T" '
    /^```(sh|text)$/ { kind = substr($0, 4); if (kind == "sh") n++; next }
    /^```/ { kind = kind == "" ? "other" : ""; next }
    kind == "text" { print > (dir "/want." n) }
    kind == "sh" { print > (dir "/block." n) }
    END { print n > (dir "/count") }' "$page"
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
