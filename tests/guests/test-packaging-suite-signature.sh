#!/bin/sh
# SPDX-License-Identifier: MIT
# debian-suite.sh takes nothing from a suite whose signature the keyring does not verify, and the
# same request succeeds with the host's keyring.
set -eu
[ $# -eq 0 ] || { echo "usage: test-packaging-suite-signature.sh" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
suite=$here/../../packaging/debian-suite.sh
PLUGBOARD_GUEST_CACHE=$(mktemp -d)
export PLUGBOARD_GUEST_CACHE
trap 'rm -rf "$PLUGBOARD_GUEST_CACHE"' EXIT

wrong=/usr/share/keyrings/debian-archive-removed-keys.gpg
[ -r "$wrong" ] || wrong=/usr/share/keyrings/debian-archive-removed-keys.pgp
if PLUGBOARD_KEYRING=$wrong "$suite" trixie riscv64 fetch hostname \
    >"$PLUGBOARD_GUEST_CACHE/out" 2>&1; then
    echo "a package came although no key verifies the suite" >&2
    exit 1
fi
cat "$PLUGBOARD_GUEST_CACHE/out"
if find "$PLUGBOARD_GUEST_CACHE" -name '*.deb' | grep .; then
    echo "something was downloaded before the refusal" >&2
    exit 1
fi
rm -rf "$PLUGBOARD_GUEST_CACHE/apt"
file=$("$suite" trixie riscv64 fetch hostname)
[ "$(dpkg-deb -f "$file" Package Architecture | tr '\n' ' ')" = \
    'Package: hostname Architecture: riscv64 ' ]
