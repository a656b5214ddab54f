#!/bin/sh
# SPDX-License-Identifier: MIT
# riscv-tests.sh [DIR] - runs the public riscv-tests, p and v environments, by generated code and by
# the interpreter. DIR (or $PLUGBOARD_RISCV_TESTS) is a checkout outside this tree whose `make isa`
# its user has run with XLEN=64, and with -fno-pie in RISCV_GCC_OPTS where compilers make PIE, as
# Debian's do: the v environment reads `tohost` by its address. This script builds nothing of it.
# Prints the counts; skipped (77) where there are no binaries.
# $PLUGBOARD_BUILD: the build tree, build/release unless given.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
runner=${PLUGBOARD_BUILD:-$root/build/release}/tests/rv-isa-tests
dir=${1:-${PLUGBOARD_RISCV_TESTS:-}}
list=$(mktemp)
trap 'rm -f "$list"' EXIT
trap 'exit 1' HUP INT TERM

# The suites of what riscv64.md says the CPU has.
has='u[imafdc]|uzb[abs]|mi|mzicbo|si'
[ -z "$dir" ] || find "$dir" -type f | grep -E "/rv64($has)-[pv]-[^.]*\$" | sort >"$list" || :
if [ ! -s "$list" ]; then
    echo "skipped: no binaries of riscv-tests${dir:+ in $dir}: run 'make isa XLEN=64' in a checkout" \
         "and give its directory"
    exit 77
fi
[ -x "$runner" ] || { echo "$runner is not there: build the tests first" >&2; exit 1; }

status=0
for env in p v; do
    for by in code interpreter; do
        # shellcheck disable=SC2046 # the names have no blanks
        said=$("$runner" $([ $by = code ] || echo -i) $(grep -- "-$env-" "$list")) || status=1
        echo "$env, $by: $said"
    done
done
exit $status
