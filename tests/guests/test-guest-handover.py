#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""UEFI starts the kernel of -kernel with -initrd and -append, which it finds in fw_cfg.

usage: test-guest-handover.py ARCH"""
import sys
import busybox
import console


def test():
    arch = sys.argv[1]
    found = console.artefact(f"firmware-{arch}.sh")
    flash = ["-drive", f"if=pflash,format=raw,readonly=on,file={found['code']}"]
    with console.Guest(busybox.line("probe", *flash, memory=1024, arch=arch)) as guest:
        guest.expect(r"UEFI firmware|EDK2 firmware", timeout=60)
        busybox.finish(guest)
        if "PB-PROBE cpus 1" not in guest.text:
            raise console.Failed("the job on the command line was not done")


console.main(test)
