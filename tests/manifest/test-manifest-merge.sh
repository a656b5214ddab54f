#!/bin/sh
# SPDX-License-Identifier: MIT
# Inheritance and drop-ins: order, replacement, clearing, deleting, origins of lines.
HERE=$(cd "$(dirname "$0")" && pwd)
. "$HERE/../cli/lib.sh"
mkdir -p low/toy/child.machine.d high/toy/child.machine.d
cp "$ROOT/tests/cli/machines/toy/board.machine" low/toy/base.machine
cat >low/toy/child.machine <<'EOF'
[machine]
inherits = base
title = The child
ram.max =
[device uart]
prop.depth = 4
EOF
printf '[device uart]\nprop.depth = 8\n' >low/toy/child.machine.d/20-depth.conf
printf '[device uart]\nprop.depth = 2\nprop.mode = slow\n' >high/toy/child.machine.d/10-mode.conf
printf '[device shine]\ndelete = yes\n' >high/toy/child.machine.d/30-dull.conf
printf '[device uart]\nprop.depth = 63\n' >low/toy/child.machine.d/40-hidden.conf
printf '[device uart]\nprop.offset = 5\n' >high/toy/child.machine.d/40-hidden.conf
PLUGBOARD_MACHINE_PATH=$T/low:$T/high
fail=0
dump=$("$TOY" -M child,dump 2>&1) || { echo "$dump"; exit 1; }
has() { printf '%s\n' "$dump" | grep -qx -e "$1" || { echo "missing: $1"; fail=1; }; }
hasnt() { if printf '%s\n' "$dump" | grep -q -e "$1"; then echo "there: $1"; fail=1; fi; }
has "title = The child"           # the child replaces
has "arch = toy"                  # what it inherits stays
hasnt "ram.max"                   # an empty value clears
has "prop.depth = 8"              # by name of the drop-in: 20 after 10 and the file
has "prop.mode = slow"            # of 10
hasnt "device shine"              # 30 deletes
has "prop.offset = 5"             # the same name in a later directory replaces the file
hasnt "63"
has "# $T/low/toy/child.machine.d/20-depth.conf:2"
has "# $T/low/toy/base.machine"
# what is dumped can be read again, and says the same
printf '%s\n' "$dump" >again.machine
"$TOY" -M ./again.machine,check >/dev/null || { echo "the dump cannot be read"; fail=1; }
"$TOY" -M ./again.machine,dump | grep -v '^#' >b
printf '%s\n' "$dump" | grep -v '^#' | diff - b || fail=1
"$TOY" -M help | grep -q "^child  *The child$" || { echo "child is not listed"; fail=1; }
exit $fail
