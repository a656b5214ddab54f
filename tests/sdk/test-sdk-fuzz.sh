#!/bin/sh
# SPDX-License-Identifier: MIT
# plugboard_fuzz(): with each compiler that is here, the program of the installed SDK finds the fault
# of a device and leaves the input that shows it again. gcc: the plain loop; clang: libFuzzer;
# afl-clang-fast: AFL++'s persistent loop, which runs one input by itself.
script=$(realpath "$0")
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
here=$(dirname "$script")
fail=0 n=0
say() { echo "$*"; fail=1; }
build_with() { # COMPILER
    cmake -S "$here/fuzz" -B "$1" -DCMAKE_C_COMPILER="$1" -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
        -DCMAKE_BUILD_TYPE=Release >log 2>&1 && cmake --build "$1" >>log 2>&1 ||
        { tail -20 log; say "$1: does not build"; return 1; }
    n=$((n + 1))
}
shown_again() { # COMPILER FILE
    ! "$1/tests/fuzz-trap" "$2" >again 2>&1 || { cat again; say "$1: $2 shows nothing"; }
}
if build_with gcc; then
    gcc/tests/fuzz-trap --count 20000 --seed 5 >out 2>&1 && say "the plain loop finds nothing"
    found=$(sed -n 's/^the input that did it: //p' out)
    case $found in crash-fuzz-trap-5-*) shown_again gcc "$found" ;; *) cat out; say "no input" ;; esac
fi
if command -v clang >/dev/null && build_with clang; then
    clang/tests/fuzz-trap -runs=200000 -seed=1 -max_len=64 >out 2>&1 &&
        { tail -5 out; say "libFuzzer finds nothing"; }
    found=$(find . -maxdepth 1 -name 'crash-[0-9a-f]*' | head -1)
    if [ -n "$found" ]; then
        shown_again clang "$found"
        shown_again gcc "$found"
    else
        tail -20 out
        say "libFuzzer leaves no input"
    fi
fi
if command -v afl-clang-fast >/dev/null && build_with afl-clang-fast; then
    echo quiet | afl-clang-fast/tests/fuzz-trap || say "AFL++'s form dies of nothing"
    [ -z "$found" ] || ! afl-clang-fast/tests/fuzz-trap <"$found" >out 2>&1 ||
        say "AFL++'s form does not see the fault"
fi
echo "$n compilers"
[ "$fail" = 0 ] && [ "$n" -ge 1 ]
