#!/bin/sh
# SPDX-License-Identifier: MIT
# plugboard.spec makes its packages of this build tree: rpmbuild -bb with the compilation left out,
# since Debian's rpm has neither Fedora's macros for CMake nor its -devel packages. Every file that
# is installed is in one package, every plugin in that of the map, and the ABI is provided once and
# required by all that have plugins. The core makes the index when plugins come or go.
# usage: test-packaging-rpm.sh BUILD-TREE
set -u
build=$(cd "$1" && pwd)
root=$(cd "$(dirname "$0")/../.." && pwd)
command -v rpmbuild >/dev/null ||
    { echo "no rpmbuild: packaging/install-deps.sh --tests --long installs it"; exit 1; }
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail=0
say() { echo "$*"; fail=1; }
version=$(sed -n 's/^Version: *//p' "$root/packaging/plugboard.spec")
libdir=/usr/$(sed -n 's/^CMAKE_INSTALL_LIBDIR:[A-Z]*=//p' "$build/CMakeCache.txt")
mkdir "$T/src"
(cd "$root" && git ls-files -z) |
    tar -C "$root" --null -T - --transform "s|^|plugboard-$version/|" \
        -czf "$T/src/plugboard-$version.tar.gz"
rpmbuild -bb --nodeps --define "_topdir $T/top" --define "_sourcedir $T/src" \
    --define "_libdir $libdir" --define "debug_package %{nil}" \
    --define "_prefix /usr" --define "_docdir /usr/share/doc" \
    --define "cmake true" --define "cmake_build true" \
    --define "cmake_install DESTDIR=%{buildroot} cmake --install $build --prefix /usr" \
    "$root/packaging/plugboard.spec" >"$T/log" 2>&1 || { tail -40 "$T/log"; exit 1; }
grep '^warning: File listed twice' "$T/log" && fail=1
n=0 plugins=0
for rpm in "$T"/top/RPMS/*/*.rpm; do
    n=$((n + 1))
    name=$(rpm -qp --qf '%{NAME}' "$rpm" 2>/dev/null)
    rpm -qpl "$rpm" >"$T/$name.list" 2>/dev/null
    for plugin in $(sed -n 's|.*/plugboard/1/\(.*\)\.so$|\1|p' "$T/$name.list"); do
        plugins=$((plugins + 1))
        want=$("$root/packaging/package-of.sh" "$root/packaging/packages.map" "$plugin")
        [ "$want" = "$name" ] || say "$plugin is in $name, the map says $want"
        rpm -qp --requires "$rpm" 2>/dev/null | grep -q '^plugboard-abi(1) >= 1\.' ||
            say "$name does not require the ABI"
    done
done
[ "$(cat "$T"/*.list | sort | uniq -d | grep -c '\.so$')" = 0 ] || say "a plugin is in two packages"
rpm -qp --provides "$T"/top/RPMS/*/plugboard-"$version"-*.rpm 2>/dev/null |
    grep -q '^plugboard-abi(1) = 1\.' || say "the core does not provide the ABI"
core=$(echo "$T"/top/RPMS/*/plugboard-"$version"-*.rpm)
for when in transfiletriggerin transfiletriggerpostun; do
    rpm -qp --filetriggers "$core" 2>/dev/null | grep -q "^$when.* -- $libdir/plugboard/1" ||
        say "the core has no $when that makes the index"
done
built=$(find "$build/lib/plugboard/1" -name '*.so' | wc -l)
[ "$plugins" = "$built" ] || say "$built plugins were built, $plugins are in packages"
echo "$n packages, $plugins plugins"
[ "$fail" = 0 ] && [ "$n" -ge 17 ]
