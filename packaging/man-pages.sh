#!/bin/sh
# SPDX-License-Identifier: MIT
# man-pages.sh PLUGBOARD DIR - writes the manual pages that come from tables into DIR/man1 and
# DIR/man7: the commands, and each class that PLUGBOARD finds beside itself.
set -eu
[ $# -eq 2 ] || { echo "usage: man-pages.sh PLUGBOARD DIR" >&2; exit 2; }
plugboard=$1 dir=$2
unset PLUGBOARD_PLUGIN_PATH
XDG_DATA_HOME=/nonexistent
export XDG_DATA_HOME
mkdir -p "$dir/man1" "$dir/man7"
"$plugboard" man plugboard >"$dir/man1/plugboard.1"
"$plugboard" man >"$dir/man1/plugboard-system.1"
"$plugboard" man plugboard-monitor >"$dir/man7/plugboard-monitor.7"
"$plugboard" man plugboard-user >"$dir/man1/plugboard-user.1"
for program in "$(dirname "$plugboard")"/plugboard-*; do
    name=$(basename "$program")
    case $name in
    plugboard-system-*) ln -sf plugboard-system.1 "$dir/man1/$name.1" ;;
    *-static) cp "$dir/man1/plugboard-user.1" "$dir/man1/$name.1" ;; # a package of its own
    *) [ ! -L "$program" ] || ln -sf plugboard-user.1 "$dir/man1/$name.1" ;;
    esac
done
# A device's page is plugboard-CLASS, another's plugboard-KIND-CLASS.
for kind in device cpu block net char fs personality; do
    what=$kind prefix=$kind-
    case $kind in
    device) what=devices prefix= ;;
    cpu) what=cpus ;;
    personality) what=personalities ;;
    esac
    "$plugboard" list "$what" | sed '/^not installed:/,$d' | while read -r class _; do
        "$plugboard" man "$kind" "$class" >"$dir/man7/plugboard-$prefix$class.7"
    done
done
