#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""virt with secure=on has a flash, memory, a UART and pins that Secure state alone reaches: a bare
program at EL3 (baremetal/secure.c) uses them, Non-secure EL1 and a bus master find nothing there,
and the board's own kernel start works beside them. With a GICv3 another bare program (baremetal/gic.c)
takes interrupts of all groups at EL3, Secure EL1 and Non-secure EL1.

usage: test-guest-secure.py bare|gic|kernel [MACHINE [CPUS]]"""
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
IRQ, FIQ, NONE = 0x80, 0x40, 1023
# Lines; what Group 0's and Group 1's registers acknowledge. 1020, 1021: for the other level to take.
GIC_EL3 = {"ctlr-reset": 0x30, "states": 1, "waker": 6, "ctlr": 0x37,
           "el3-zero": FIQ << 32 | 1 << 16 | NONE, "el3-secure": FIQ << 32 | 1020 << 16 | 2,
           "el3-nonsecure": FIQ << 32 | 1021 << 16 | 3, "s-own": IRQ << 32 | NONE << 16 | 2,
           "s-other": FIQ << 16 | NONE, "s-sgi": IRQ << 32 | NONE << 16 | 2,
           "trap": 0x62303011, "fiq": 1, "enables": 3, "pmr": 0xc0, "pending": 0}
GIC_EL1 = {"ctlr": 0x12, "enabled": 8, "groups": 0, "priorities": 0x40000000, "pending": 8,
           "lines": 0, "enabled-lines": IRQ, "iar": 3, "rpr": 0x40, "pmr": 0xf0}


def values(text):
    return {name: int(v, 16) for name, v in re.findall(r"PB-SECURE (\S+) (\S+)", text)}


def test_bare(machine, cpus):
    run("secure", machine, cpus, dict(EL3, other=1 << 8 | 3) if cpus == "2" else EL3, EL1)


def test_gic(machine, cpus):
    run("gic", machine, cpus, GIC_EL3, GIC_EL1)


def run(name, machine, cpus, el3, el1):
    """The program; what it says in Secure state, and in the other."""
    with console.scratch() as folder:
        path = os.path.join(folder, "secure")
        image = console.artefact("baremetal-aarch64.sh")[name]
        with console.Guest([*console.system("aarch64"), "-M", machine, "-display", "none", "-smp",
                            cpus, "-bios", image, "-serial", "mon:stdio",
                            "-serial", f"file:{path}"]) as guest:
            guest.ends(0, timeout=60)
            with open(path, encoding="ascii") as file:
                said = values(file.read())
            for what, got, want in (("EL3", said, el3), ("EL1", values(guest.text), el1)):
                if got != want:
                    raise console.Failed(f"{what} says {got}, not {want}")


def test_kernel(machine, cpus):
    with console.Guest(busybox.line("probe", arch="arm64", machine=machine, cpus=cpus)) as guest:
        busybox.finish(guest)
        if f"PB-PROBE cpus {cpus}" not in guest.text:
            raise console.Failed("the other CPUs did not start")


CASE, MACHINE, CPUS = (sys.argv[1:] + ["virt,secure=on", "2"][len(sys.argv) - 2:])[:3]
console.main(lambda: {"bare": test_bare, "gic": test_gic,
                      "kernel": test_kernel}[CASE](MACHINE, CPUS))
