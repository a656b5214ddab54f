#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel boots to a small init, which powers the machine off with status 0: CPUS,
[TIMEOUT s]. An emulator built with ThreadSanitizer ends with another status when it has
something to report."""
import sys
import busybox
import console


def test(cpus, timeout):
    with console.Guest(busybox.line("probe", cpus=cpus)) as guest:
        busybox.finish(guest, timeout)
        found = guest.text.split("PB-PROBE cpus ")[1].split()[0]
        if found != str(cpus):
            raise console.Failed(f"the guest found {found} CPUs, not {cpus}")


console.main(lambda: test(int((sys.argv[1:] + ["1"])[0]), int((sys.argv[2:] + ["120"])[0])))
