#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel takes its interrupts from an APLIC, or from IMSICs and an APLIC that sends to
them: a disk on PCI does its work on four CPUs, by MSI-X where there are IMSICs.

usage: test-guest-aia.py aplic|aplic-imsic SUITE: under the OpenSBI of that Debian"""
import os
import re
import sys
import busybox
import console

# kind: what Linux calls the interrupts of the disk's queues, and of the serial port
CHIPS = {"aplic": (r"APLIC-DIRECT", r"APLIC-DIRECT"), "aplic-imsic": (r"PCI-MSIX", r"APLIC-MSI")}
GUESTS = {"aplic": "", "aplic-imsic": ",aia-guests=3"}


def count(text, chip, user):
    """How often CPUs took an interrupt of that kind and user."""
    lines = re.findall(rf"^PB-NOTE interrupt \d+ ([ \d]+) .*{chip}.*{user}", text, re.M)
    return sum(int(n) for line in lines for n in line.split())


def test():
    kind, suite = sys.argv[1:]
    firmware = console.artefact("firmware-riscv64.sh")[suite]
    with console.scratch() as folder:
        disk = os.path.join(folder, "disk.raw")
        with open(disk, "wb") as file:
            file.truncate(32 << 20)
        options = ["-drive", f"file={disk},format=raw,if=none,id=d0",
                   "-device", "virtio-blk-pci,drive=d0"]
        with console.Guest(busybox.line("probe,disk,interrupts", *options, cpus=4,
                                        machine=f"virt,aia={kind}{GUESTS[kind]}",
                                        words="pbmib=24", bios=firmware)) as guest:
            busybox.finish(guest)
        if "PB-PROBE cpus 4" not in guest.text:
            raise console.Failed("not four CPUs")
        blocks, serial = (count(guest.text, chip, user) for chip, user in
                          zip(CHIPS[kind], (r"virtio\d", r"ttyS0")))
        if blocks < 10 or serial < 1:
            raise console.Failed(f"{blocks} interrupts of the disk, {serial} of the serial port")
        print(f"{blocks} interrupts of the disk, {serial} of the serial port")


console.main(test)
