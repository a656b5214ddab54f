#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""UEFI starts the kernel of -kernel with -initrd and -append, which it finds in fw_cfg; on riscv64
with acpi=on the kernel does without a device tree.

usage: test-guest-handover.py ARCH [MACHINE]"""
import sys
import busybox
import console

TREELESS = "EFI stub: Generating empty DTB"


def test(arch, machine="virt"):
    found = console.artefact(f"firmware-{arch}.sh")
    acpi = "acpi=on" in machine
    flash = ["-drive", f"if=pflash,format=raw,readonly=on,file={found['code']}"]
    with console.Guest(busybox.line("probe,interrupts", *flash, cpus=1 + acpi, memory=1024,
                                    arch=arch, machine=machine,
                                    bios=found["trixie"] if acpi else None)) as guest:
        guest.expect(r"UEFI firmware|EDK2 firmware", timeout=60)
        busybox.finish(guest)
        if f"PB-PROBE cpus {1 + acpi}\n" not in guest.text:
            raise console.Failed("the job on the command line was not done")
        if acpi and TREELESS not in guest.text:
            raise console.Failed(f"the kernel did not say '{TREELESS}'")


console.main(lambda: test(*sys.argv[1:]))
