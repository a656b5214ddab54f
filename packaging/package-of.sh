#!/bin/sh
# SPDX-License-Identifier: MIT
# package-of.sh MAP NAME - the package that MAP gives to plugin NAME; fails when none fits.
set -eu
[ $# -eq 2 ] || { echo "usage: package-of.sh MAP NAME" >&2; exit 2; }
while read -r pattern package; do
    case $pattern in '' | '#'*) continue ;; esac
    # shellcheck disable=SC2254 # a pattern
    case $2 in $pattern) echo "$package"; exit 0 ;; esac
done <"$1"
echo "package-of.sh: $1 has no package for plugin '$2'" >&2
exit 1
