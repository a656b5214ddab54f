#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots that go nowhere end in one line that says why and what to do; good ones say nothing.

usage: test-guest-doctor.py wrong|good"""
import os
import re
import sys
import busybox
import card
import console

SAYS = r"(?:cpu\d+: )?boot doctor: .*|plugboard-system-\w+: .*" # a guest may be in mid-line
LOOP = ("cpu0: boot doctor: exception loop: the {what} at {at} raises an exception itself "
        "({why}). No code is there; give the machine some by {options}, or see by -d int how it "
        "came there")
CONSOLE = ("boot doctor: -append names console={given}, which this machine does not have, so "
           "nothing that the kernel says is seen; use console={there}")
ROOT = ("boot doctor: the guest finds no root file system: {root}; disks of this machine: "
        "{disks}. Name one of them by root=, attach it with -drive, or give the drivers that the "
        "kernel lacks with -initrd")


def wrong_pi(folder, kernel):
    """The same of a Raspberry Pi: (options, the line)."""
    empty, full, tree = (os.path.join(folder, name) for name in ("empty.img", "full.img", "dtb"))
    card.make(empty, {"cmdline.txt": "console=ttyAMA0"}, mib=16)
    with console.Guest([*console.system("aarch64"), "-M", f"virt,dumpdtb={tree}"]) as guest:
        guest.ends(0)
    files = console.artefact("raspi-initrd.sh")
    card.make(full, {"kernel8.img": kernel, "bcm2837-rpi-3-b.dtb": files["dtb-3b"],
                     "cmdline.txt": "console=serial0 root=/dev/mmcblk0p7"})
    linux = ["-kernel", kernel, "-dtb", files["dtb"], "-append"]
    emulator = "plugboard-system-aarch64: "
    drive = ["-drive", f"if=sd,format=raw,file={full}"]
    return [
        (["-drive", f"if=sd,format=raw,file={empty}"], f"{emulator}SD card, partition 1: no kernel "
         "found: there is no 'kernel8.img'; give an image for the Raspberry Pi 3, name its kernel "
         "in config.txt (kernel=), or give one by -kernel"),
        (["-kernel", kernel, "-dtb", tree], f"{emulator}-dtb {tree}: a device tree for another "
         "board (its root is not compatible with brcm,bcm2837); take one for the Raspberry Pi 3B "
         "or 3B+, or switch dtb-patch off to use this one as it is"),
        (drive, "boot doctor: root=/dev/mmcblk0p7 names no partition of the SD card; there is "
         "mmcblk0p1 (96 MiB)"),
        (linux + ["console=ttyAMA0 root=/dev/mmcblk0p2"], "boot doctor: root=/dev/mmcblk0p2 names "
         "no partition of the SD card; there is no card: give one by -sd FILE"),
        (linux + ["console=ttyS1,115200"], "boot doctor: nobody reads console=ttyS1, the board's "
         "mini UART: give it a second -serial ('-serial null -serial stdio'), or use "
         "console=ttyAMA0"),
        (linux + ["console=tty1"], "boot doctor: nobody reads console=tty1, the screen, which "
         "screendump alone shows; use console=ttyAMA0 with -nographic or -serial stdio"),
    ]


def wrong(folder):
    """(architecture, options, the line) of set-ups that cannot boot."""
    kernel = console.artefact("kernel-arm64.sh")["kernel"]
    pages = console.artefact("kernel-debian.sh", "arm64-16k")["kernel"]
    bare = console.artefact("baremetal-riscv64.sh")
    disk = os.path.join(folder, "disk.raw")
    with open(disk, "wb") as file:
        file.truncate(1 << 20)
    linux = ["-kernel", kernel, "-append"]
    drive = ["-drive", f"file={disk},format=raw,if=none,id=d0",
             "-device", "virtio-blk-device,drive=d0"]
    arm, riscv = "plugboard-system-aarch64: ", "plugboard-system-riscv64: "
    return [
        ("aarch64", [], LOOP.format(what="vector", at="0x200", options="-kernel, -bios or -pflash",
                                    why="ESR_EL1 0x2000000, FAR_EL1 0x0")),
        ("riscv64", ["-bios", "none"], LOOP.format(what="handler", at="0x0",
                                                   options="-kernel or -bios",
                                                   why="mcause 1, mtval 0x0")),
        ("aarch64", ["-kernel", bare["elf"]], f"{arm}could not load kernel '{bare['elf']}': it is "
         "an ELF file for RISC-V, expected AArch64"),
        ("riscv64", ["-kernel", kernel], f"{riscv}could not load kernel '{kernel}': it is a Linux "
         "kernel for AArch64 (Image), expected one for RISC-V"),
        ("aarch64", ["-kernel", kernel, "-m", "32"], f"{arm}kernel '{kernel}': does not fit into "
         "32 MiB of memory; use a larger -m"),
        ("aarch64", ["-kernel", pages], f"{arm}kernel '{pages}': its pages are of 16 KiB, which "
         "arm,cortex-a57 does not have (page-sizes: 4 64); use -cpu max, or another kernel"),
        ("aarch64", ["-kernel", "nowhere"], f"{arm}-kernel: could not open kernel file 'nowhere': "
         "No such file or directory"),
        ("aarch64", linux + ["console=ttyS0"], CONSOLE.format(given="ttyS0", there="ttyAMA0")),
        ("riscv64", ["-bios", "none", "-kernel", bare["elf"], "-append", "console=ttyAMA0,115200"],
         CONSOLE.format(given="ttyAMA0", there="ttyS0")),
        ("aarch64", linux + ["console=ttyAMA0 panic=-1 root=/dev/vdb", "-no-reboot", *drive],
         ROOT.format(root="root=/dev/vdb", disks="d0 (virtio-blk-device)")),
        ("aarch64", linux + ["console=ttyAMA0 panic=-1", "-no-reboot"],
         ROOT.format(root="no root= on its command line", disks="none")),
    ]


def check(command, line):
    with console.Guest(command) as guest:
        guest.expect(re.escape(line), timeout=60)
        guest.read(1)
        if said(guest) != [line]:
            raise console.Failed(f"more than one line: {said(guest)}")
    print("ok:", line)


def said(guest):
    return re.findall(SAYS, guest.text)


def test_wrong():
    with console.scratch() as folder:
        for arch, options, line in wrong(folder):
            check([*console.system(arch), "-M", "virt", "-nographic", "-m", "256", *options], line)
        for options, line in wrong_pi(folder, console.artefact("kernel-arm64.sh")["kernel"]):
            check([*console.system("aarch64"), "-M", "raspi3b", "-nographic", *options], line)


def test_good():
    bare = console.artefact("baremetal-riscv64.sh")
    virt = ["-M", "virt", "-nographic"]
    runs = [("riscv64", [*virt, "-bios", "none", "-kernel", bare["pass"]]),
            ("riscv64", [*virt, "-bios", "none", "-kernel", bare["code"]]),
            ("riscv64", [*virt, "-kernel", bare["elf"]]),
            ("riscv64", [*virt, "-kernel", bare["bin"], "-m", "256"]),
            ("riscv64", [*virt, "-kernel", bare["elf"], "-append", "console=ttyS0 console=hvc0"])]
    lines = [[*console.system(arch), *options] for arch, options in runs]
    for machine in ("virt", "virt,gic-version=3", "virt,gic-version=3,virtualization=on"):
        lines.append(busybox.line("poweroff", arch="arm64", machine=machine))
    lines.append(busybox.line("poweroff", arch="arm64", words="root=/dev/vdz"))
    lines.append(busybox.line("poweroff", arch="arm64", words="console=tty0", cpus=4))
    for line in lines:
        with console.Guest(line) as guest:
            guest.wait(120)
            if said(guest):
                raise console.Failed(f"a good boot says {said(guest)}")


console.main({"wrong": test_wrong, "good": test_good}[sys.argv[1]])
