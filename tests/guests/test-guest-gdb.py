#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb-multiarch debugs a bare program through -gdb: breakpoints, watchpoints, single steps,
registers, memory, threads, the monitor, detaching.

usage: test-guest-gdb.py CPUS"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import console

SCRIPT = """
set confirm off
set pagination off
set architecture riscv:rv64
target remote {socket}
printf "PB start %lx\\n", $pc
break kernel_main
continue
printf "PB break %d\\n", $pc >= (long)&kernel_main && $pc < (long)&kernel_main + 32
set $before = $pc
stepi
printf "PB step %d\\n", $pc != $before
x/2i $pc
info threads
monitor info status
set $s11 = 0x1234567890
printf "PB reg %lx\\n", $s11
set {{long}}($sp - 64) = 0x55aa
printf "PB mem %lx\\n", *(long *)($sp - 64)
printf "PB mstatus %d\\n", $mstatus != 0
hbreak print
continue
printf "PB hbreak %d\\n", $pc == (long)&print
delete
watch -l *(long *)($sp - 8)
rwatch -l *(char *)$a0
continue
printf "PB rwatch %d\\n", $pc > (long)&print && $pc < (long)&print + 64
delete
detach
"""


def test():
    if not shutil.which("gdb-multiarch"):
        print("no gdb-multiarch")
        sys.exit(console.SKIPPED)
    cpus = int(sys.argv[1])
    elf = console.artefact("baremetal-riscv64.sh")["lowelf"]
    with tempfile.TemporaryDirectory() as folder:
        socket, script = os.path.join(folder, "gdb"), os.path.join(folder, "script")
        with open(script, "w", encoding="ascii") as file:
            file.write(SCRIPT.format(socket=socket))
        with console.Guest([*console.system(), "-M", "virt", "-smp", str(cpus), "-nographic",
                            "-bios", "none", "-kernel", elf, "-S", "-gdb",
                            f"unix:{socket}"]) as guest:
            guest.wait_for_file(socket, 20)
            said = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-x", script, elf],
                                  capture_output=True, text=True, timeout=60, check=False)
            text = said.stdout + said.stderr
            wanted = ["PB start 1000", "PB break 1", "PB step 1", "PB reg 1234567890",
                      "PB mem 55aa", "PB mstatus 1", "PB hbreak 1", "PB rwatch 1",
                      "VM status: paused"]
            for words in wanted:
                if words not in text:
                    raise console.Failed(f"gdb did not say '{words}' but:\n{text}")
            threads = len(re.findall(r"Thread \d+ \(", text.split("PB step")[1]))
            if threads < cpus:
                raise console.Failed(f"gdb saw {threads} threads of {cpus}:\n{text}")
            guest.expect(r"PB-BARE data good$", timeout=20) # it went on after the detach
            guest.ends(42, timeout=20)


console.main(test)
