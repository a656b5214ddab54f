#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb-multiarch debugs the guest's kernel while it runs: software and hardware breakpoints,
watchpoints, single steps, general, vector and system registers, memory, detaching.

The guest's shell calls umask() and writes a kernel variable again and again; the addresses come
from its /proc/kallsyms.

usage: test-guest-gdb-kernel.py ARCH CPUS"""
import os
import re
import shutil
import subprocess
import sys
import busybox
import console

# Per architecture: the call's symbol, "in the kernel's mode", a system register that holds a
# kernel address, a vector or floating-point register as 64 bits.
FACTS = {"arm64": ("aarch64", "__arm64_sys_umask", "($cpsr & 15) == 5", "$vbar_el1",
                   "$v7.d.u[1]"),
         "riscv64": ("riscv:rv64", "__riscv_sys_umask", "$priv == 1", "$stvec", "$ft7")}
VARIABLE = "console_printk" # /proc/sys/kernel/printk
LOOP = ("while true; do umask 022; echo 5 >/proc/sys/kernel/printk; "
        "echo 6 >/proc/sys/kernel/printk; cat /proc/sys/kernel/printk >/dev/null; done &")

SCRIPT = """
set confirm off
set pagination off
set architecture {arch}
target remote {socket}
break *{call}
continue
printf "PB break %d\\n", $pc == {call}
printf "PB mode %d\\n", {mode}
stepi
printf "PB step %d\\n", $pc == {call} + 4
printf "PB system %d\\n", ((unsigned long){system} >> 48) == 0xffff
set $old = {vector}
set {vector} = 0x1122334455667788
printf "PB vector %d\\n", {vector} == 0x1122334455667788
set {vector} = $old
printf "PB text %d\\n", *(int *)$pc != 0
delete
hbreak *{call}
continue
printf "PB hbreak %d\\n", $pc == {call}
delete
watch *(int *){variable}
continue
printf "PB watch %d\\n", $pc != {call}
delete
rwatch *(int *){variable}
continue
printf "PB rwatch %d\\n", $pc != {call}
delete
detach
"""


def addresses(guest, names):
    found = {}
    text = guest.run(f"grep -w -e {' -e '.join(names)} /proc/kallsyms")
    for line in text.splitlines():
        words = line.split()[-3:] # a prompt may stand before them
        if words and words[-1] in names:
            found[words[-1]] = "0x" + words[0]
    if set(found) != set(names):
        raise console.Failed(f"the guest's kernel does not tell where {names} are: {text}")
    return [found[name] for name in names]


def test(arch, cpus):
    if not shutil.which("gdb-multiarch"):
        console.skip("no gdb-multiarch")
    name, call, mode, system, vector = FACTS[arch]
    with console.scratch() as folder:
        socket, script = os.path.join(folder, "gdb"), os.path.join(folder, "script")
        with console.Guest(busybox.line("shell", "-gdb", f"unix:{socket},server=on,wait=off",
                                        cpus=int(cpus), arch=arch)) as guest:
            guest.expect(r"# ", timeout=120, stop=r"Kernel panic")
            guest.run("PS1=; stty -echo 2>/dev/null; echo 0 >/proc/sys/kernel/kptr_restrict")
            call, variable = addresses(guest, [call, VARIABLE])
            with open(script, "w", encoding="ascii") as file:
                file.write(SCRIPT.format(arch=name, socket=socket, call=call, mode=mode,
                                         system=system, vector=vector, variable=variable))
            guest.send(LOOP + "\n")
            debugger = ["timeout", "100", "gdb-multiarch", "-nx", "-batch", "-x", script]
            said = subprocess.run(debugger, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, check=False)
            text = said.stdout
            for words in ["break", "mode", "step", "system", "vector", "text", "hbreak", "watch",
                          "rwatch"]:
                if f"PB {words} 1\n" not in text:
                    raise console.Failed(f"gdb did not say 'PB {words} 1' but:\n{text}")
            if not re.search(r"Old value = [56]\nNew value = [56]\n", text):
                raise console.Failed(f"gdb does not tell what was written:\n{text}")
            guest.run("test $((1 + 1)) = 2", timeout=30) # it goes on after the detach


console.main(lambda: test(*sys.argv[1:]))
