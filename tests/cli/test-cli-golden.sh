#!/bin/sh
# SPDX-License-Identifier: MIT
# Each golden/*.txt is a series of "$ ARGUMENTS", what the command prints, "[STATUS]".
# UPDATE=1 writes them anew, to be read before they are committed.
. "$(dirname "$0")/lib.sh"
: >empty.raw; truncate -s 1M disk.raw disk2.raw; mkdir share
printf 'FOO' >kernel
fail=0 n=0
run() { # ARGUMENTS, as a shell would split them
    eval "timeout 10 \"\$TOY\" $1" </dev/null >text 2>&1
    code=$?
    sed "s|$T|TMP|g; s|$ROOT|ROOT|g; s|$BUILD|BUILD|g" text
    echo "[$code]"
}
for f in "$HERE"/golden/*.txt; do
    grep '^\$ ' "$f" | cut -c3- >cases
    : >got
    while IFS= read -r line; do
        n=$((n + 1))
        { printf '$ %s\n' "$line"; run "$line"; echo; } >>got
    done <cases
    if [ "$UPDATE" ]; then
        cp got "$f"
    elif ! diff -u "$f" got; then
        echo "FAILED: $(basename "$f")"
        fail=1
    fi
done
echo "$n commands"
[ $n -gt 20 ] || { echo "too few cases were found"; exit 1; }
exit $fail
