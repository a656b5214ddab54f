#!/bin/sh
# SPDX-License-Identifier: MIT
# Every SDK header compiles alone, as C11 and C++17, without extensions or warnings.
# usage: test-abi-headers.sh SOURCE_DIR
set -eu
cd "$1/sdk/include"
done=0
for h in plugboard/*.h plugboard/draft/*.h; do
    for cc in gcc clang; do
        command -v $cc >/dev/null || continue
        echo "#include <$h>" |
            $cc -std=c11 -pedantic -Wall -Wextra -Werror -DPB_USE_DRAFT -fsyntax-only -I . -x c -
        done=$((done + 1))
    done
    for cxx in g++ clang++; do
        command -v $cxx >/dev/null || continue
        echo "#include <$h>" |
            $cxx -std=c++17 -pedantic -Wall -Wextra -Werror -DPB_USE_DRAFT -fsyntax-only -I . \
                -x c++ -
        done=$((done + 1))
    done
done
echo "$done compilations"
[ "$done" -gt 0 ]
