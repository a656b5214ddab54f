#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenSBI 1.1 (bookworm) or 1.6 (trixie), given by -bios FILE, starts Debian's kernel, and its
system reset ends the process."""
import sys
import busybox
import console


def test():
    suite = sys.argv[1]
    version = {"bookworm": "1.1", "trixie": "1.6"}[suite]
    firmware = console.artefact("firmware-riscv64.sh")[suite]
    with console.Guest(busybox.line("poweroff", bios=firmware)) as guest:
        guest.expect(rf"OpenSBI v{version}\b", timeout=30)
        busybox.finish(guest)


console.main(test)
