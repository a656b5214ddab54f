#!/bin/sh
# SPDX-License-Identifier: MIT
# Every shell script of the project is clean under shellcheck. usage: … SHELLCHECK
set -eu
[ $# -eq 1 ] || { echo "usage: test-scripts-shellcheck.sh SHELLCHECK" >&2; exit 2; }
cd "$(dirname "$0")/../.."
find packaging sdk tests .ci -type f ! -name '*.[chSo]' -exec \
    awk 'FNR == 1 && /^#!.*sh$/ { print FILENAME }' {} + | sort >"${TMPDIR:-/tmp}/scripts.$$"
trap 'rm -f "${TMPDIR:-/tmp}/scripts.$$"' EXIT
[ "$(wc -l <"${TMPDIR:-/tmp}/scripts.$$")" -gt 10 ]

xargs "$1" <"${TMPDIR:-/tmp}/scripts.$$"
