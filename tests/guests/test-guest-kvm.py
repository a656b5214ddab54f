#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's KVM runs a guest on virt with virtualization=on: it is interrupted by its virtual timer and
by a line of its own, through the GIC's virtual CPU interface. Argument: the GIC's version."""
import sys
import console


def test(gic):
    files = console.artefact("kvm-initrd.sh")
    line = [*console.system("aarch64"), "-M", f"virt,gic-version={gic},virtualization=on", "-m", "512",
            "-nographic", "-no-reboot", "-kernel", files["kernel"], "-initrd", files["initrd"],
            "-append", "console=ttyAMA0 quiet panic=-1"]
    with console.Guest(line) as guest:
        match = guest.expect(r"^PB-KVM (.*)$", timeout=150, stop=r"Kernel panic")
        if match.group(1) != f"gic {gic} ticks 20 spi 1":
            raise console.Failed(f"the guest's guest: {match.group(1)}")
        guest.ends(0)


console.main(lambda: test(sys.argv[1]))
