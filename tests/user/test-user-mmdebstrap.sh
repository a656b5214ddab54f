#!/bin/sh
# SPDX-License-Identifier: MIT
# test-user-mmdebstrap.sh ARCH EMULATOR [WORK] - mmdebstrap makes a Debian 13 root file system of
# another architecture (riscv64, arm64), and the kernel runs its second stage by EMULATOR, the
# static one, through binfmt_misc. Then programs of the new root are run in it, and dpkg must
# find every package configured. The root is left in WORK when that is given.
#
# A user namespace has a binfmt_misc of its own since Linux 6.7, so the host's stays as it is.
# Status 77 where there is none.
set -eu
case ${1-} in
riscv64) machine='\xf3' ;;
arm64) machine='\xb7' ;;
*) echo "usage: test-user-mmdebstrap.sh riscv64|arm64 EMULATOR [WORK]" >&2; exit 2 ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

# in_namespace COMMAND...: as root of a new user namespace. Who is root already has no entry in
# /etc/subuid, but may write the maps.
in_namespace() {
    if [ "$(id -u)" -ne 0 ]; then
        unshare --user --map-root-user --map-auto --mount --pid --fork --kill-child --mount-proc \
            "$@"
        return
    fi
    unshare --user sleep 7200 &
    holder=$!
    tries=0
    until [ "$(readlink "/proc/$holder/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || break
        sleep 0.05
    done
    status=0
    { echo "0 0 65536" >"/proc/$holder/uid_map" && echo "0 0 65536" >"/proc/$holder/gid_map"; } &&
        nsenter --user --target "$holder" unshare --mount --pid --fork --kill-child --mount-proc \
            "$@" || status=$?
    kill "$holder"
    return $status
}

# The part that is root of the namespace.
inside() {
    arch=$1 emulator=$2 work=$3
    mount -t binfmt_misc none "$work/binfmt" || exit 77
    zeros='\x00\x00\x00\x00\x00\x00\x00\x00'
    ones='\xff\xff\xff\xff\xff\xff\xff'
    printf '%s' ":plugboard:M::\x7fELF\x02\x01\x01\x00$zeros\x02\x00$machine\x00" \
        ":$ones\x00$ones\xff\xfe\xff\xff\xff:$emulator:PF" >"$work/binfmt/register"
    TMPDIR=$work mmdebstrap --mode=root --arch="$arch" --variant=minbase --format=directory \
        --skip=check/qemu,chroot/mount/sys,chroot/mount/dev --aptopt="$work/aptopts" \
        --aptopt='APT::Sandbox::User "root"' --aptopt='Acquire::Languages "none"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        trixie "$work/root" - <"$work/sources"
    # What runs in it is of that architecture, and names of scripts and their words survive.
    cat >"$work/root/tmp/script" <<'SCRIPT'
#!/bin/sh -e
echo "$(dpkg --print-architecture) $# $2 ${0##*/} $(perl -e 'print 6 * 7')"
SCRIPT
    chmod 755 "$work/root/tmp/script"
    said=$(chroot "$work/root" /tmp/script one 'two words')
    [ "$said" = "$arch 2 two words script 42" ] || { echo "the script said: $said"; exit 1; }
    # shellcheck disable=SC2016 # dpkg-query's own variables
    bad=$(chroot "$work/root" dpkg-query -W -f '${Package} ${Status}\n' |
        grep -v ' install ok installed$') && { echo "not configured: $bad"; exit 1; }
    bad=$(chroot "$work/root" dpkg --audit)
    [ -z "$bad" ] || { echo "dpkg --audit: $bad"; exit 1; }
    chroot "$work/root" dpkg-query -W | wc -l
}

if [ "${4-}" = inside ]; then
    inside "$1" "$2" "$3"
    exit
fi
for tool in mmdebstrap unshare nsenter; do
    command -v $tool >/dev/null || { echo "there is no $tool"; exit 77; }
done
[ -x "$2" ] || { echo "no $2: it is built where there are static libraries"; exit 77; }
emulator=$(realpath "$2")
if [ -n "${3-}" ]; then
    mkdir -p "$3"
    work=$(realpath "$3")
else
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
fi
chmod 755 "$work"
mkdir -p "$work/binfmt"
suite=$here/../../packaging/debian-suite.sh
"$suite" trixie "$1" sources >"$work/sources"
sed -n '/^Acquire::/p' "$("$suite" trixie "$1" config)" >"$work/aptopts"
in_namespace sh "$0" "$1" "$emulator" "$work" inside
