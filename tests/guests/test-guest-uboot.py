#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's U-Boot runs in S mode under OpenSBI (-kernel) or by itself in M mode (-bios): it finds
a disk on PCI, reads from it what is there, and its reset and power-off work.

usage: test-guest-uboot.py smode|mmode"""
import os
import sys
import console

PROMPT = r"^=> "


def test():
    found = console.artefact("firmware-riscv64.sh")
    how = {"smode": ["-kernel", found["uboot"]], "mmode": ["-bios", found["uboot-m"]]}[sys.argv[1]]
    with console.scratch() as folder:
        disk = os.path.join(folder, "disk.raw")
        with open(disk, "wb") as out:
            out.write(b"PLUGBOARD READS!".ljust(1 << 20, b"\0"))
        line = [*console.system(), "-M", "virt", "-m", "256", "-nographic", *how,
                "-drive", f"file={disk},format=raw,if=none,id=d0",
                "-device", "virtio-blk-pci,drive=d0"]
        with console.Guest(line) as guest:
            for last in (False, True):
                guest.expect(r"U-Boot 20\d\d\.\d\d", timeout=60)
                guest.expect(r"Hit any key to stop autoboot", timeout=60)
                guest.send("\n")
                guest.expect(PROMPT, timeout=30)
                guest.send("virtio scan; virtio read 84000000 0 1; md.b 84000000 10\n")
                guest.expect(r"PLUGBOARD READS!", timeout=30)
                guest.send("poweroff\n" if last else "reset\n")
            guest.ends(0)


console.main(test)
