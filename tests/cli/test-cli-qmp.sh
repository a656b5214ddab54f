#!/bin/sh
# SPDX-License-Identifier: MIT
# QMP on the toy board: the protocol, run state, events, and every command's form.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || exit 77
PYTHONPATH=$ROOT/tests/guests PYTHONDONTWRITEBYTECODE=1
VIRT=$BUILD/bin/plugboard-system-aarch64
export PYTHONPATH PYTHONDONTWRITEBYTECODE TOY VIRT
fail=0
for part in protocol run device shapes virt; do
    timeout 100 python3 "$HERE/qmp-$part.py" || { echo "qmp-$part.py failed"; fail=1; }
done
exit $fail
