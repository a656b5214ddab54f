#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark programs compute in the guest, bit for bit, what they compute on the host."""
import glob
import os
import subprocess
import busybox
import console


def test():
    sources = glob.glob(os.path.join(console.REPO, "tests/bench/programs/*.c"))
    with console.scratch() as folder:
        host = os.path.join(folder, "pbbench")
        # ISO C mode on both sides: no compiler fuses what the source does not.
        subprocess.run(["gcc", "-std=c11", "-O2", "-pthread", "-o", host, *sources, "-lm"], check=True)
        names = subprocess.run([host, "list"], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.split()
        want = {name: subprocess.run([host, name], check=True, stdout=subprocess.PIPE,
                                     text=True).stdout.splitlines()[-1].split()[2]
                for name in names}
    with console.Guest(busybox.line("bench")) as guest:
        busybox.finish(guest, timeout=280)
        for name in names:
            if f"PB-END {name} {want[name]} " not in guest.text:
                raise console.Failed(f"{name} did not compute {want[name]}")


console.main(test)
