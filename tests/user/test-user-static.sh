#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-static.sh EMULATOR DIR - the static emulator needs no other file: alone in a folder,
# and in a root directory that has nothing but /proc and the program, it runs programs, and what
# they execute; a program without /proc, too. Status 77 where it is not built.
set -eu
emulator=$1 dir=$2
[ -x "$emulator" ] || exit 77
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if readelf -ld "$emulator" | grep -E 'INTERP|NEEDED'; then
    echo "$emulator asks for other files"
    exit 1
fi
cp "$emulator" "$scratch/e"
cp "$dir/victim" "$dir/processes" "$scratch/"
mkdir "$scratch/proc" "$scratch/tmp"
status=0
PLUGBOARD_PLUGIN_PATH=/nonexistent "$scratch/e" "$scratch/victim" exit=5 || status=$?
[ "$status" -eq 5 ] || { echo "alone: status $status"; exit 1; }

in_root() {
    if [ "$(id -u)" -eq 0 ]; then
        chroot "$@"
    else
        unshare --user --map-root-user chroot "$@"
    fi
}
if in_root "$scratch" /e /victim exit=3; then status=0; else status=$?; fi
[ "$status" -eq 3 ] || { echo "in a chroot without /proc: status $status"; exit 1; }

# Its own mounts, so that /proc is seen; a user namespace for who is not root.
user=
[ "$(id -u)" -eq 0 ] || user='--user --map-root-user'
# shellcheck disable=SC2086 # words
unshare $user --mount --pid --fork true 2>/dev/null || exit 0
# shellcheck disable=SC2016,SC2086 # the inner shell's; words
unshare $user --mount --pid --fork sh -euc '
    mount -t proc proc "$1/proc"
    chroot "$1" /e /processes 8' sh "$scratch" || { echo "in a chroot: status $?"; exit 1; }
