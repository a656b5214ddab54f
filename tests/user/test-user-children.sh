#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-children.sh EMULATOR DIR - a process that forks again and again translates what its
# children run once, not each child anew: ten more children make no more blocks.
set -eu
emulator=$1 dir=$2

blocks()
{
    "$emulator" -d op "$dir/children" "$1" 2>&1 >/dev/null | grep -c '^[a-z: ]*block '
}
few=$(blocks 10)
many=$(blocks 20)
[ "$few" -gt 100 ] || { echo "only $few blocks were logged"; exit 1; }
[ $((many - few)) -lt 40 ] || { echo "10 children: $few blocks, 20: $many"; exit 1; }
