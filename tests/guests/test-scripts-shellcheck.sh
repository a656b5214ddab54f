#!/bin/sh
# SPDX-License-Identifier: MIT
# Every shell script of the project is free of errors and warnings under shellcheck.
set -eu
[ $# -eq 1 ] || { echo "usage: test-scripts-shellcheck.sh SHELLCHECK" >&2; exit 2; }
cd "$(dirname "$0")/../.."
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find packaging sdk tests .ci -type f ! -name '*.[chSo]' -exec \
    awk 'FNR == 1 && /^#!.*sh$/ { print FILENAME }' {} + | sort >"$list"
[ "$(wc -l <"$list")" -gt 10 ]
xargs "$1" --severity=warning <"$list"
