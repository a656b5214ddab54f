#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's arm64 kernel finds the performance monitors, and a program there counts its cycles by
level, with all counters at once, and is interrupted by their overflow. A debugger there stops at a
hardware watchpoint and breakpoint and steps, and perf counts what passes such points."""
import console


def test():
    files = console.artefact("debug-initrd.sh")
    line = [*console.system("aarch64"), "-M", "virt", "-m", "512", "-nographic", "-no-reboot",
            "-kernel", files["kernel"], "-initrd", files["initrd"],
            "-append", "console=ttyAMA0 panic=-1"]
    with console.Guest(line) as guest:
        def said(pattern):
            return guest.expect(pattern, timeout=120, stop=r"Kernel panic|PB-FAILED|PB-DONE")
        said(r"armv8_pmuv3 PMU driver, 7 \(0,8000003f\) counters available$")
        off = said(r"^PB-CYCLES off by (\d+)% parts by (\d+)% user 1 kernel 1$")
        if int(off.group(1)) > 10 or int(off.group(2)) > 10:
            raise console.Failed(f"cycles: {off.group(0)}")
        said(r"^PB-GROUP 7$")
        samples = said(r"^PB-SAMPLES (\d+) of (\d+)$")
        if int(samples.group(1)) < 5: # a busy host is late for most
            raise console.Failed(f"few samples: {samples.group(0)}")
        said(r"^PB-INSTRUCTIONS No such file or directory$") # which nobody counts
        said(r"^PB-WATCH slots 4 hit 1 there 1 ended 1$")
        said(r"^PB-BREAK slots 6 hit 1 there 1 ended 1$")
        said(r"^PB-STEPS 1 same 0$")
        said(r"^PB-POINTS stores 5 loads 5 calls 2$")
        guest.expect(r"^PB-DONE$", timeout=20)
        guest.ends(0)


console.main(test)
