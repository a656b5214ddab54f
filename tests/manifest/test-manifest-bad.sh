#!/bin/sh
# SPDX-License-Identifier: MIT
# Each bad/NAME.machine gets all its faults in one pass, word for word as NAME.expect has
# them. UPDATE=1 writes the .expect files anew, to be read before they are committed.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../cli/lib.sh"
cd "$ROOT/tests/manifest/bad" || exit 1
fail=0 n=0
for f in *.machine; do
    n=$((n + 1))
    want=${f%.machine}.expect
    got=$(timeout 10 "$TOY" -M "./$f,check" 2>&1 </dev/null)
    code=$?
    [ $code = 1 ] || { echo "$f: exit status $code, not 1"; fail=1; }
    if [ "$UPDATE" ]; then
        printf '%s\n' "$got" >"$want"
    elif ! printf '%s\n' "$got" | diff -u "$want" -; then
        fail=1
    fi
done
echo "$n manifests"
[ $n -ge 40 ] || { echo "too few cases were found"; exit 1; }
exit $fail
