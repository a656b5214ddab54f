#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bare programs run without Linux and their exit codes arrive. One case per argument:

pass         -bios none -kernel ELF whose first instructions write the finisher: status 0
code         the same with a code: status 7
loader       -bios none, a raw image by -device loader at the reset address
loader-pc    -bios none, a raw image at 0x80200000, cpu-num=0 sets where the CPU starts
kernel-none  -bios none -kernel ELF at 0x80000000
kernel-elf   -kernel ELF at 0x80200000, entered by OpenSBI with the device tree
kernel-raw   the same as a raw image
"""
import sys
import console


def cases(files):
    none = ["-bios", "none"]
    loader = "loader,file=%s,addr=%s"
    return {
        "pass": (0, None, none + ["-kernel", files["pass"]]),
        "code": (7, None, none + ["-kernel", files["code"]]),
        "loader": (42, "yes", none + ["-device", loader % (files["lowbin"], "0x80000000")]),
        "loader-pc": (42, "no", none + [
            "-device", loader % (files["bin"], "0x80200000") + ",force-raw=on",
            "-device", "loader,addr=0x80200000,cpu-num=0"]),
        "kernel-none": (42, "yes", none + ["-kernel", files["lowelf"]]),
        "kernel-elf": (42, "yes", ["-kernel", files["elf"]]),
        "kernel-raw": (42, "yes", ["-kernel", files["bin"]]),
    }


def test():
    files = console.artefact("baremetal-riscv64.sh")
    status, tree, options = cases(files)[sys.argv[1]]
    with console.Guest([*console.system(), "-M", "virt", "-nographic", *options]) as guest:
        if tree:
            guest.expect(r"PB-BARE hello from hart 0{16}$", timeout=20)
            guest.expect(rf"PB-BARE device tree {tree}$", timeout=5)
            guest.expect(r"PB-BARE data good$", timeout=5)
        guest.ends(status, timeout=20)


console.main(test)
