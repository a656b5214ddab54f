#!/bin/sh
# SPDX-License-Identifier: MIT
# The Debian packages, from the tree to a guest: built, clean under lintian; the SDK's by itself
# serves every template; all installed in a Debian system of their own; the quick start's guest
# boots there; each optional package can be removed, takes exactly its lines from -device help, is
# named when asked for, and comes back; the autopkgtest passes; the tutorial is followed to the
# letter, within 15 minutes; what it makes becomes a package by the debhelper addon; the index of
# plugins is of those that are there at each step, and goes with the last of it. Root, for
# chroot(8).
# usage: test-packaging-debs.sh
# Packages are built once for a state of the sources, in the guests' cache. $PLUGBOARD_DEBS: some
# already built; $PLUGBOARD_SUITE: another system than bookworm
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${PLUGBOARD_GUEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/plugboard/guests}
[ "$(id -u)" = 0 ] || { echo "skipped: not root, which chroot needs"; exit 77; }
for tool in dpkg-buildpackage dh lintian mmdebstrap; do
    command -v $tool >/dev/null ||
        { echo "no $tool: packaging/install-deps.sh --tests --long installs it"; exit 1; }
done
T=$(mktemp -d)
finish() {
    umount "$T/root/proc" 2>/dev/null
    rm -rf --one-file-system "$T"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
fail=0
say() { echo "$*"; fail=1; }
began=$(date +%s)
stage() { # NAME: what has come to its end
    now=$(date +%s)
    printf '%5d s  %s\n' $((now - began)) "$1"
    began=$now
}

# What packages are made of: every file but the tests.
sources() {
    cd "$root" && git ls-files -z -- . ':!tests' | xargs -0 sha256sum | sha256sum
}

build() {
    debs=${PLUGBOARD_DEBS:-}
    [ -z "$debs" ] || return 0
    debs=$cache/debs
    mkdir -p "$debs"
    exec 9>"$debs/lock"
    flock 9
    [ "$(sources)" != "$(cat "$debs/made-of" 2>/dev/null)" ] || return 0
    rm -f "$debs"/*.deb "$debs"/*.changes "$debs"/*.buildinfo "$debs/made-of"
    PB_CCACHE=$(command -v ccache) CCACHE_DIR=${CCACHE_DIR:-$HOME/.cache/ccache} \
        DEB_BUILD_OPTIONS="parallel=$(nproc) nocheck" \
        "$root/packaging/build-deb.sh" "$debs" >"$T/built" || return 1
    sources >"$debs/made-of"
}

# A minimal system with apt, cached; it takes the host's mirror.
suite() { "$root/packaging/debian-suite.sh" "$name" "$(dpkg --print-architecture)" "$@"; }
in_root() { chroot "$T/root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive "$@"; }
get() { in_root apt-get -qq install -y --no-install-recommends "$@" >"$T/install.log" 2>&1; }
bootstrap() {
    name=${PLUGBOARD_SUITE:-bookworm}
    base=$cache/$name-$(dpkg --print-architecture).tar
    if [ ! -f "$base" ]; then
        suite sources >"$T/sources"
        grep '^Acquire::' "$(suite config)" >"$T/apt.conf" || :
        mmdebstrap --quiet --mode=root --variant=apt --aptopt="$T/apt.conf" "$name" \
            "$T/base.tar" "$T/sources" || return 1
        mv "$T/base.tar" "$base"
    fi
    mkdir "$T/root"
    tar -C "$T/root" -xf "$base"
    mkdir "$T/root/debs" "$T/root/guest"
    cp -L /etc/resolv.conf "$T/root/etc/" 2>/dev/null
    grep '^Acquire::' "$(suite config)" >"$T/root/etc/apt/apt.conf.d/90mirror" || :
    find "$debs" -maxdepth 1 -name "*.deb" ! -name "*-dbgsym_*" -exec cp {} "$T/root/debs/" \;
    mount -t proc proc "$T/root/proc"
}

sdk_alone() { # the kit and what it asks for: every template builds, and passes its tests
    kit=$(dpkg-deb -f "$T"/root/debs/plugboard-sdk_*.deb Depends Recommends |
        grep -o 'plugboard[a-z0-9-]*')
    kit=$(cd "$T/root" && for p in plugboard-sdk $kit; do ls "debs/$p"_*.deb; done | sed 's|^|/|')
    # shellcheck disable=SC2086 # names
    in_root apt-get -qq update && get gcc libc6-dev make $kit ||
        { tail -20 "$T/install.log"; return 1; }
    mkdir "$T/root/tmp/sdk"
    cp "$root/tests/sdk/lib.sh" "$root/tests/sdk/test-sdk-templates.sh" "$T/root/tmp/sdk/"
    in_root sh /tmp/sdk/test-sdk-templates.sh installed || say "templates fail by the kit alone"
}

install_all() {
    # shellcheck disable=SC2046 # names
    get opensbi $(cd "$T/root" && find debs -name '*.deb' | sed 's|^|/|') ||
        { tail -20 "$T/install.log"; return 1; }
    in_root plugboard doctor >"$T/doctor" || { cat "$T/doctor"; say "doctor is not content"; }
    in_root plugboard check || say "check found something"
}

# The index lists just the sidecars that are there.
index_fits() { # WHEN
    dir=$(echo "$T"/root/usr/lib/*/plugboard/1)
    (cd "$dir" && LC_ALL=C ls -- *.plugin) >"$T/there" 2>/dev/null
    cut -d' ' -f1 "$dir/plugins.index" | cmp -s - "$T/there" ||
        say "$1: plugins.index is not of the plugins that are there"
}

no_list_opens_plugins() {
    in_root env LD_DEBUG=files plugboard-system-riscv64 -device help >"$T/opened" 2>&1
    grep -q "libc\.so" "$T/opened" || say "LD_DEBUG does not tell"
    grep 'plugboard/1/.*\.so' "$T/opened" && say "-device help opens plugins"
}

help_lines() { in_root plugboard-system-riscv64 -device help | grep '^name' | sort; }

# What a package takes from -device help, and what is said to who asks for it; then it returns.
come_and_go() {
    package=$1
    in_root dpkg -L "$package" | grep '\.plugin$' | while read -r f; do
        sed -n 's/^\[device \(.*\)\]$/name "\1"/p' "$T/root$f"
    done | sort >"$T/own"
    in_root dpkg -r "$package" >"$T/log" 2>&1 || { cat "$T/log"; say "$package cannot be removed"; }
    index_fits "without $package"
    help_lines >"$T/now"
    comm -23 "$T/all" "$T/now" | sed 's/^\(name "[^"]*"\).*/\1/' | sort >"$T/lost"
    [ -z "$(comm -13 "$T/all" "$T/now")" ] || say "$package: lines came when it went"
    grep -vxFf "$T/own" "$T/lost" && say "$package took lines that are not its own"
    while read -r line; do # what is not listed was no user's
        grep -qF "$line" "$T/now" && say "$package: $line stayed"
    done <"$T/own"
    while read -r word device; do
        device=$(echo "$device" | tr -d '"')
        said=$(in_root plugboard-system-riscv64 -device "$device,help" 2>&1)
        case $said in
        *"package $package provides it, not installed"*) ;;
        *) say "$package: '$word $device' said: $said" ;;
        esac
    done <"$T/lost"
    in_root sh -c "dpkg -i /debs/${package}_*.deb" >"$T/log" 2>&1 || say "$package does not return"
    index_fits "$package is back"
    help_lines | cmp -s - "$T/all" || say "$package came back as another"
    echo "$package: $(wc -l <"$T/lost") lines went and came"
}

installed() {
    in_root dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 'plugboard*' |
        sed -n 's/^ii *//p'
}

optional() {
    help_lines >"$T/all"
    [ -s "$T/all" ] || say "-device help has no lines"
    index_fits "all installed"
    no_list_opens_plugins
    n=0
    for package in $(installed | grep -v -- '^plugboard$\|-sdk$\|-doc$'); do
        come_and_go "$package"
        n=$((n + 1))
    done
    [ "$n" -ge 12 ] || say "only $n optional packages"
}

boot() { # the quick start's guest
    guest=$("$root/tests/guests/quickstart-initrd.sh") || say "no guest"
    for key in kernel initrd; do
        cp "$(echo "$guest" | sed -n "s/^$key=//p")" "$T/root/guest/$key"
    done
    in_root timeout 900 plugboard-system-riscv64 -M virt -m 512 -smp 2 -nographic -no-reboot \
        -kernel /guest/kernel -initrd /guest/initrd -append "console=ttyS0 quiet pbcheck" \
        -netdev user,id=net0 -device virtio-net-device,netdev=net0 </dev/null >"$T/console" 2>&1 ||
        say "the quick start's guest ends with status $?"
    tr -d '\r' <"$T/console" | grep -qx 'PB-CHECK OK 42' ||
        { tail -20 "$T/console"; say "the quick start's guest did not boot"; }
}

autopkgtest() { # what debian/tests/control has it do
    get gcc libc6-dev ninja-build make gcc-riscv64-linux-gnu || say "no compiler"
    cp "$root/packaging/debian/tests/template" "$root/tests/sdk/follow.sh" "$T/root/tmp/"
    in_root sh -c 'mkdir /tmp/auto && AUTOPKGTEST_TMP=/tmp/auto sh /tmp/template' >"$T/auto" 2>&1 ||
        { tail -30 "$T/auto"; say "the autopkgtest fails"; }
}

tutorial() {
    in_root sh -c 'mkdir /tmp/author && cd /tmp/author &&
        zcat -f /usr/share/doc/plugboard-doc/sdk/tutorial.md* >/tmp/tutorial.md &&
        bash /tmp/follow.sh /tmp/tutorial.md /tmp/said' ||
        say "the tutorial is not true of the packages"
    took=$(($(date +%s) - began))
    [ "$took" -le 900 ] || say "the tutorial took $took s, more than 15 minutes"
}

outside() { # the tutorial's project as a package, as sdk/doc/packaging.md says
    get debhelper build-essential fakeroot || say "no debhelper"
    "$root/packaging/outside-package.sh" "$T/root/tmp/author/npu" || say "no debian/ for it"
    in_root sh -c 'cd /tmp/author/npu && dpkg-buildpackage -b -us -uc && dpkg -i ../*npu_*.deb' \
        >"$T/outside" 2>&1 || { tail -20 "$T/outside"; say "an outside plugin's package fails"; }
    in_root dpkg-query -W -f '${Depends}\n' plugboard-device-npu |
        grep -q 'plugboard-abi-1 (>= 1\.' || say "the addon wrote no dependency on the ABI"
    index_fits "an outside plugin is installed"
    in_root plugboard inspect npu | grep -q STATUS || say "the packaged plugin is not found"
}

leave() { # all of it at once; nothing of it stays
    # shellcheck disable=SC2046 # names
    in_root dpkg -r $(installed) >"$T/log" 2>&1 || { cat "$T/log"; say "it cannot be removed"; }
    [ -z "$(ls -d "$T"/root/usr/lib/*/plugboard 2>/dev/null)" ] || say "the index stays behind"
}

build || exit 1
stage "build, $(find "$debs" -maxdepth 1 -name '*.deb' | wc -l) packages"
lintian --allow-root --fail-on error,warning "$debs"/*.changes || say "lintian has something to say"
stage "lintian"
bootstrap || exit 1
stage "a Debian system"
sdk_alone || exit 1
stage "templates by the SDK's package alone"
install_all || exit 1
stage "install"
optional
stage "optional packages"
boot
stage "the quick start's guest"
autopkgtest
stage "autopkgtest, with its compilers"
tutorial
stage "tutorial"
outside
stage "an outside plugin's package"
leave
stage "removal"
exit $fail
