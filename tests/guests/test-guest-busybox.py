#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel boots to a small init, which powers the machine off with status 0.
Arguments: CPUs, Debian's architecture, machine with its options, seconds. An emulator built
with ThreadSanitizer ends with another status when it has something to report."""
import sys
import busybox
import console


def test(cpus="1", arch="riscv64", machine="virt", timeout="120"):
    with console.Guest(busybox.line("probe", cpus=int(cpus), arch=arch,
                                    machine=machine)) as guest:
        busybox.finish(guest, int(timeout))
        found = guest.text.split("PB-PROBE cpus ")[1].split()[0]
        if found != cpus:
            raise console.Failed(f"the guest found {found} CPUs, not {cpus}")


console.main(lambda: test(*sys.argv[1:]))
