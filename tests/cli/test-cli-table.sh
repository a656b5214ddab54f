#!/bin/sh
# SPDX-License-Identifier: MIT
# The option table: -x and --x are the same option, all of them are in the help, the manual
# page in the tree is what the table says, no option is parsed and ignored, and none of those
# that are said to be absent is there.
. "$(dirname "$0")/lib.sh"
fail=0 n=0
"$BUILD/bin/plugboard" man | diff - "$ROOT/packaging/man/plugboard-system.1" ||
    { echo "make packaging/man/plugboard-system.1 anew: plugboard man >…"; fail=1; }
"$TOY" -h >help || { echo "-h: status $?"; fail=1; }
grep -o '^-[^ ]*' help | cut -c2- >names
while read -r name; do
    n=$((n + 1))
    arg=
    grep -q "^-$name ." help && arg=zz
    for dash in - --; do
        # toy-broken ends every run that would succeed
        timeout 10 "$TOY" "$dash$name" ${arg:+"$arg"} -device toy-broken >"out$dash" 2>&1 </dev/null
        echo "[$?]" >>"out$dash"
        sed "s/--$name/-$name/g" "out$dash" >"same$dash"
    done
    cmp -s same- same-- || { echo "-$name and --$name differ:"; cat out- out--; fail=1; }
    if grep -q "no part of this plugboard can do that" out-; then
        echo "-$name: in the table, but nobody handles it"
        fail=1
    fi
    if grep -q "invalid option" out-; then
        echo "-$name: in the help, but not understood"
        fail=1
    fi
done <names
sed -n 's/^    {"\([^"]*\)", .*/\1/p' "$ROOT/core/cli/absent.c" >absent
[ "$(wc -l <absent)" -ge 30 ] || { echo "absent.c was not read"; fail=1; }
if grep -Fx -f absent names; then
    echo "these are options now and stand in absent.c still"
    fail=1
fi
echo "$n options"
[ $n -ge 50 ] || { echo "too few options were found"; exit 1; }
exit $fail
