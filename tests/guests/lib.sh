# SPDX-License-Identifier: MIT
# lib.sh - what the guest builders share; sourced by them, not run.
#
# A builder makes one artefact: a folder CACHE/NAME-HASH, where HASH is of the builder and of the
# files it reads, so that a changed builder builds anew and an unchanged one costs nothing. The
# folder is built under another name and renamed when it is whole; a lock lets two tests ask for
# the same artefact at once. Each builder prints KEY=PATH lines.
# shellcheck shell=sh disable=SC2154 # the builder sets `here`

out='' tmp='' # the artefact's folder, and where it is being built

repo=$(cd "$here/../.." && pwd)
guest_cache=${PLUGBOARD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/plugboard/guests}
export PLUGBOARD_GUEST_CACHE="$guest_cache"

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null ||
            die "needs $tool; packaging/install-deps.sh --tests gets it"
    done
}

suite() {
    "$repo/packaging/debian-suite.sh" "$@"
}

# value KEY FILE: the PATH of a KEY=PATH line.
value() {
    sed -n "s/^$1=//p" "$2"
}

# guest_begin NAME INPUT...: returns 1 when the artefact `out` exists; else 0, with an empty `tmp`
# to fill, which goes away unless guest_end is reached.
guest_begin() {
    guest_name=$1
    shift
    hash=$(cat "$0" "$@" | sha256sum | cut -c1-12)
    out=$guest_cache/$guest_name-$hash
    mkdir -p "$guest_cache"
    exec 8>"$guest_cache/.lock-$guest_name-$hash"
    flock 8
    [ ! -d "$out" ] || return 1
    echo "$(basename "$0"): building $guest_name (cached afterwards)" >&2
    tmp=$out.new
    rm -rf "$tmp"
    mkdir "$tmp"
    trap 'rm -rf "$tmp"' EXIT
    trap 'exit 1' HUP INT TERM
}

guest_end() {
    mv -T "$tmp" "$out"
    trap - EXIT
}

# pack_cpio DIR: a gzip-compressed newc archive of DIR on stdout, all owned by root, the same for
# the same contents.
pack_cpio() {
    (cd "$1" && find . -exec touch -h -d @0 {} + && find . -print0 | LC_ALL=C sort -z |
        cpio --quiet --null --create --format=newc --owner=0:0 --reproducible | gzip -9n)
}
