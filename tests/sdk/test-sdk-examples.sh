#!/bin/sh
# SPDX-License-Identifier: MIT
# The installed examples build against the installed SDK and pass check, bench and their own suites:
# C, and C++17 and Rust where their compilers are. The page beside them names each.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
if ! { cmake -S "$SDK/share/plugboard/examples" -B build -DCMAKE_C_FLAGS="-Wall -Wextra -Werror" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror -Wno-missing-field-initializers" &&
    cmake --build build && ctest --test-dir build --output-on-failure --no-tests=error; } \
    >log 2>&1; then
    tail -60 log
    exit 1
fi
for so in build/plugins/*.so; do
    names=$(nm -D --defined-only "$so" | awk '$2 != "A" {print $3}' | sed 's/@.*//')
    [ "$names" = pb_plugin_v0 ] || { echo "$so exports: $names"; exit 1; }
done
for f in "$SDK"/share/plugboard/examples/*.c; do
    grep -q "^|.*\`$(basename "$f")\`" "$SDK/share/plugboard/examples/README.md" ||
        { echo "the examples' page does not name $f"; exit 1; }
done
find build/plugins -name '*.so' | sort
grep 'tests passed' log
