#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel boots to a small init, which powers the machine off with status 0.
Arguments: CPUs, Debian's architecture, machine with its options."""
import sys
import busybox
import console


def test(cpus, arch="riscv64", machine="virt"):
    with console.Guest(busybox.line("probe", cpus=cpus, arch=arch, machine=machine)) as guest:
        busybox.finish(guest)
        found = guest.text.split("PB-PROBE cpus ")[1].split()[0]
        if found != str(cpus):
            raise console.Failed(f"the guest found {found} CPUs, not {cpus}")


console.main(lambda: test(int(sys.argv[1]) if len(sys.argv) > 1 else 1, *sys.argv[2:]))
