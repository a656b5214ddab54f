#!/bin/sh
# SPDX-License-Identifier: MIT
# outside-package.sh PROJECT - gives a project of `plugboard new` a debian/ folder, the one that
# sdk/doc/packaging.md describes: its name is the folder's.
set -eu
[ $# -eq 1 ] || { echo "usage: outside-package.sh PROJECT" >&2; exit 2; }
cd "$1"
name=$(basename "$PWD")
mkdir -p debian/source
echo "3.0 (native)" >debian/source/format
cat >debian/control <<END
Source: $name
Section: otherosfs
Priority: optional
Maintainer: An author <author@example.org>
Build-Depends: debhelper-compat (= 13), cmake, plugboard-sdk
Standards-Version: 4.6.2
Rules-Requires-Root: no

Package: plugboard-device-$name
Architecture: any
Depends: \${shlibs:Depends}, \${misc:Depends}, \${plugboard:Depends}
Enhances: plugboard
Description: machine emulator made of plugins - $name
 A device for Plugboard.
END
cat >debian/changelog <<END
$name (0.1) unstable; urgency=medium

  * First package.

 -- An author <author@example.org>  Sat, 01 Jan 2000 00:00:00 +0000
END
printf '#!/usr/bin/make -f\n%%:\n\tdh $@ --with plugboard\n' >debian/rules
chmod 755 debian/rules
