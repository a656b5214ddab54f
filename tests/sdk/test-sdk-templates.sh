#!/bin/sh
# SPDX-License-Identifier: MIT
# Every template becomes a project that builds without a warning and passes its own tests, outside
# the tree, against what was installed; also under a name that is no C identifier.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
kinds=$(plugboard new | sed -n 's/^  \([a-z0-9]*\)  *.*/\1/p')
n=0 fail=0
for kind in $kinds; do
    n=$((n + 1))
    name=my-$kind
    plugboard new "$kind" "$name" >new.log || { cat new.log; fail=1; continue; }
    grep -rl '@\(name\|ident\|IDENT\)@' "$name" && { echo "$kind: a placeholder stayed"; fail=1; }
    if ! { cmake -S "$name" -B "$name/build" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
        -DCMAKE_BUILD_TYPE=Release && cmake --build "$name/build" &&
        ctest --test-dir "$name/build" --output-on-failure --no-tests=error; } >build.log 2>&1; then
        echo "$kind:"
        tail -40 build.log
        fail=1
    fi
    PLUGBOARD_PLUGIN_PATH=$T/work/$name/build/plugins plugboard inspect "$name" >inspect.log 2>&1 ||
        { cat inspect.log; fail=1; }
done
# the words that go wrong
refuse() { # WORDS EXPECTED
    # shellcheck disable=SC2086 # words
    out=$(plugboard new $1 2>&1) && { echo "new $1: was not refused"; fail=1; }
    [ "$out" = "$2" ] || { echo "new $1: said: $out"; fail=1; }
}
refuse "mmoi x1" "plugboard: new: there is no template 'mmoi'
did you mean 'mmio'?"
refuse "mmio Npu" "plugboard: new: 'Npu' is no name for a plugin
take 2 to 40 small letters, digits and single '-', a letter first: 'my-npu'"
refuse "mmio my-mmio" "plugboard: new: my-mmio: File exists
nothing was changed; take another name or remove it"
refuse "mmio" "plugboard: new: takes KIND and NAME
'plugboard new' lists kinds"
refuse "../bin x1" "plugboard: new: there is no template '../bin'
'plugboard new' lists them"
echo "$n kinds"
[ "$fail" = 0 ] && [ "$n" -ge 9 ]
