#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""virt with secure=on has a flash, memory, a UART and pins that Secure state alone reaches: a bare
program at EL3 (baremetal/secure.c) uses them, Non-secure EL1 and a bus master find nothing there,
and the board's own kernel start works beside them.

usage: test-guest-secure.py bare|kernel [MACHINE]"""
import os
import re
import sys
import busybox
import console

# Syndromes (ESR_ELx): a data abort of the same level, external, on a load.
ABORT = 0x96000010
EL3 = {"flash": 0, "groups": 0xfffffffe, "memory": 0x5ec0de, "view-main": 0,
       "view-memory": ABORT, "view-uart": ABORT, "kept": 0x5ec0de}
EL1 = {"flash": ABORT, "memory": ABORT, "uart": ABORT, "gpio": ABORT, "main": 0, "groups": 0,
       "dma": 1}


def values(text):
    return {name: int(v, 16) for name, v in re.findall(r"PB-SECURE (\S+) (\S+)", text)}


def test_bare(machine):
    with console.scratch() as folder:
        path = os.path.join(folder, "secure")
        image = console.artefact("baremetal-aarch64.sh")["secure"]
        with console.Guest([*console.system("aarch64"), "-M", machine, "-display", "none",
                            "-bios", image, "-serial", "mon:stdio",
                            "-serial", f"file:{path}"]) as guest:
            guest.ends(0, timeout=60)
            with open(path, encoding="ascii") as file:
                said = values(file.read())
            for what, got, want in (("EL3", said, EL3), ("EL1", values(guest.text), EL1)):
                if got != want:
                    raise console.Failed(f"{what} says {got}, not {want}")


def test_kernel(machine):
    with console.Guest(busybox.line("probe", arch="arm64", machine=machine, cpus=2)) as guest:
        busybox.finish(guest)
        if "PB-PROBE cpus 2" not in guest.text:
            raise console.Failed("the second CPU did not start")


console.main(lambda: {"bare": test_bare, "kernel": test_kernel}[sys.argv[1]](
    sys.argv[2] if len(sys.argv) > 2 else "virt,secure=on"))
