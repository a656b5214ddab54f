#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - installs what tests need, builds and runs every test, and closes with one line
# "N passed, M failed"; its status is 0 only if something passed and nothing failed.
#
# The release preset is built with warnings as errors and runs everything; the asan preset runs
# the unit and device tests, and programs in user mode, again under ASan and UBSan; --long also
# watches the parts that have threads, and an SMP boot, under TSan. ctest(1); labels: unit, device,
# guest, sanitized, long. $PLUGBOARD_DEPS=present says that packages need no look.
set -eu

usage() {
    cat >&2 <<'END'
usage: run.sh [--long] [--no-asan] [--no-guests] [--tests REGEX]
  --long       also the tests that take hours
  --no-asan    leave the sanitizer build out
  --no-guests  leave the guests out
  --tests R    only tests whose name matches R
END
    exit 2
}

long='' asan=1 guests=1 only=
while [ $# -gt 0 ]; do
    case $1 in
    --long) long=1 ;;
    --asan) asan=1 ;;
    --no-asan) asan='' ;;
    --no-guests) guests='' ;;
    --tests) [ $# -ge 2 ] || usage; only=$2; shift ;;
    *) usage ;;
    esac
    shift
done

repo=$(cd "$(dirname "$0")/.." && pwd)
cd "$repo"
export HOME="${HOME:-/root}"
jobs=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
: >"$work/results"

say() {
    echo "run.sh: $*"
}

# build PRESET OPTION...: a build that fails is a failed test of its own name; what did build is
# tested all the same. Returns 1 when there is nothing to test.
build() {
    preset=$1
    shift
    say "building $preset"
    if ! cmake --preset "$preset" "$@" >"$work/configure" 2>&1; then
        cat "$work/configure"
        echo "failed configure-$preset" >>"$work/results"
        return 1
    fi
    if cmake --build --preset "$preset" -- -k 0; then
        echo "passed build-$preset" >>"$work/results"
    else
        echo "failed build-$preset" >>"$work/results"
    fi
}

# run_tests PRESET CTEST-OPTION...: adds a "passed NAME", "failed NAME" or "skipped NAME" line for
# each test that ctest reports, and a failed one when ctest itself breaks off.
run_tests() {
    preset=$1
    shift
    say "testing $preset"
    [ -z "$only" ] || set -- "$@" -R "$only"
    {
        status=0
        ctest --test-dir "build/$preset" -j "$jobs" --timeout 600 --output-on-failure \
            --no-tests=ignore "$@" 2>&1 || status=$?
        echo "$status" >"$work/status"
    } | tee "$work/ctest"
    # "12/34 Test #56: NAME ....   Passed    0.01 sec", or "***" and what went wrong.
    sed -n 's|^ *[0-9]*/[0-9]* Test *#[0-9]*: \([^ ]*\) \.* *\(.*\)|\1 \2|p' "$work/ctest" |
        awk -v preset="$preset" '{
            name = $1 (preset == "release" ? "" : "@" preset); $1 = ""
            how = "failed"
            if ($0 ~ /^ Passed/) how = "passed"
            if ($0 ~ /^ *\*\*\*Skipped/) how = "skipped"
            print how, name
        }' >"$work/now"
    cat "$work/now" >>"$work/results"
    if [ "$(cat "$work/status")" -ne 0 ] && ! grep -q '^failed' "$work/now"; then
        echo "failed ctest@$preset" >>"$work/results"
    fi
}

[ "${PLUGBOARD_DEPS:-}" = present ] || packaging/install-deps.sh --tests ${long:+--long}

if build release -DPB_WERROR=ON -DPB_TESTS=ON; then
    [ -z "$long" ] || export PLUGBOARD_LONG=1
    case $long/$guests in
    /1) run_tests release -LE long ;;
    /) run_tests release -LE 'long|guest' ;;
    1/1) run_tests release ;;
    1/) run_tests release -LE guest ;;
    esac
fi
if [ -n "$asan" ] && build asan -DPB_TESTS=ON; then
    run_tests asan -L 'unit|device|sanitized' -LE long
fi

if [ -n "$long" ] && build tsan -DPB_TESTS=ON; then
    run_tests tsan -R 'test-(core|front|xl|virtio|block|char|net|qcow|tsan)'
fi

passed=$(grep -c '^passed' "$work/results" || :)
failed=$(grep -c '^failed' "$work/results" || :)
sed -n 's/^skipped /skipped: /p; s/^failed /FAILED: /p' "$work/results"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
