#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart.sh [--check] - from a fresh clone on Debian 12 or 13 to a shell in a Debian 13 riscv64
# guest: installs the build packages, builds, gets the guest out of Debian's own packages (cached
# afterwards) and starts it. --check runs a command in the guest unattended, powers it off and
# exits 0 when all of that went well. $PLUGBOARD_SYSTEM names another emulator and skips the build.
set -eu

usage() {
    echo "usage: quickstart.sh [--check]" >&2
    exit 2
}

check=
case $# in
0) ;;
1) [ "$1" = --check ] || usage; check=1 ;;
*) usage ;;
esac

here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/.." && pwd)
export HOME="${HOME:-/root}"
say() {
    echo "quickstart: $*" >&2
}

"$here/install-deps.sh"
system=${PLUGBOARD_SYSTEM:-}
if [ -z "$system" ]; then
    say "building"
    cd "$repo"
    cmake --preset release >/dev/null
    cmake --build --preset release
    system=$repo/build/release/bin/plugboard-system-riscv64
fi

say "getting the guest"
guest=$("$repo/tests/guests/quickstart-initrd.sh")
kernel=$(echo "$guest" | sed -n 's/^kernel=//p')
initrd=$(echo "$guest" | sed -n 's/^initrd=//p')

# boot APPEND: becomes the emulator; two processors, a network card, the console right here.
boot() {
    # shellcheck disable=SC2086 # a command with its words
    exec $system -M virt -m 512 -smp 2 -nographic -no-reboot -kernel "$kernel" -initrd "$initrd" \
        -append "console=ttyS0 quiet $1" \
        -netdev user,id=net0 -device virtio-net-device,netdev=net0
}

if [ -z "$check" ]; then
    say "starting; to leave type poweroff in the guest, or press Ctrl-A and then X"
    boot ""
fi

# Unattended: the limit is for a guest that hangs; a slow machine needs about a minute.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM
say "checking"
boot pbcheck </dev/null >"$log" 2>&1 &
pid=$!
waited=0
while kill -0 "$pid" 2>/dev/null; do
    if [ "$waited" -ge 600 ]; then
        kill "$pid"
        break
    fi
    sleep 1
    waited=$((waited + 1))
done
status=0
wait "$pid" || status=$?
tr -d '\r' <"$log" | grep '^PB-CHECK' || :
if [ "$status" -ne 0 ] || ! tr -d '\r' <"$log" | grep -qx 'PB-CHECK OK 42'; then
    tail -n 30 "$log" >&2
    say "the guest did not do as told (status $status)"
    exit 1
fi
say "the guest ran the command and powered off"
