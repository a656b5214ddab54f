#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Debian disk boots by UEFI and GRUB, with ACPI and without a device tree (riscv64: only MACHINE
with acpi=on, else the other way round): it is told who it is, its root disk and its network card work, it reboots itself
and comes up again with the disk as it was, and a variable that it wrote is there after the reboot
and in the next run of the emulator.

usage: test-guest-uefi.py bios|pflash MACHINE DISK CARD [ARCH]"""
import os
import sys
import busybox
import console
import debian

VARIABLE = "/sys/firmware/efi/efivars/PbTest-7e8a32a5-1a63-4b0e-9c5f-2d2f3f2b9c11"


# How the firmware tells the kernel what machine it is on.
ACPI = "test -d /sys/firmware/acpi/tables && ! test -e /proc/device-tree/compatible"
TREE = "! test -d /sys/firmware/acpi/tables && test -e /proc/device-tree/compatible"


def login(guest, world, timeout=400):
    debian.login(guest, timeout)
    guest.run(world)


def test(how, machine, disk, card, arch="arm64"):
    found = console.artefact(f"firmware-{arch}.sh")
    world = ACPI if arch == "arm64" or "acpi=on" in machine else TREE
    with console.scratch() as folder:
        image = debian.copy_file(console.artefact(f"uefi-disk-{arch}.sh")["disk"], folder)
        if how == "bios":
            firmware = ["-bios", found["bios"]]
        else:
            store = debian.copy_file(found["vars"], folder)
            firmware = ["-bios", found["trixie"]] if arch == "riscv64" else []
            firmware += ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={found['code']}",
                         "-drive", f"if=pflash,unit=1,format=raw,file={store}"]
        line = [*console.system(busybox.ARCHS[arch][0]), "-M", machine, "-m", "1024", "-smp", "2",
                "-nographic", *firmware, "-smbios", "type=1,serial=ds=nocloud;s=/x,,y", "-drive", f"file={image},format=raw,if=none,id=root",
                "-device", f"{disk},drive=root", "-netdev", "user,id=n0",
                "-device", f"{card},netdev=n0"]
        with console.Guest(line) as guest:
            login(guest, world)
            guest.run("grep -qx 'ds=nocloud;s=/x,y' /sys/class/dmi/id/product_serial")
            guest.run("test $(systemd-detect-virt) = qemu")
            debian.write_disk(guest)
            debian.same_disk(guest)
            debian.network(guest)
            if how == "pflash":
                guest.run(f"printf '\\007\\000\\000\\000kept' >{VARIABLE}")
            debian.reboot(guest)
            login(guest, world)
            debian.same_disk(guest)
            debian.network(guest)
            if how == "pflash":
                guest.run(f"tail -c 4 {VARIABLE} | grep -q kept")
            debian.power_off(guest)
        if how == "pflash":
            with console.Guest(line) as guest:
                login(guest, world)
                guest.run(f"tail -c 4 {VARIABLE} | grep -q kept")
                debian.power_off(guest)
            if os.path.getsize(store) != os.path.getsize(found["vars"]):
                raise console.Failed("the variable store has another size than before")


console.main(lambda: test(*sys.argv[1:]))
