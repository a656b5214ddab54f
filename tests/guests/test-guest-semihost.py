#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A bare program has the host's files, console, clock and its arguments by semihosting alone, and
its exit status arrives (baremetal/semihost.c); without the option it gets its exception.

usage: test-guest-semihost.py ARCH [ENGINE]   ENGINE: of the CPU's property `engine`
"""
import os
import sys
import console

START = {"riscv64": ("baremetal-riscv64.sh", "rv64", lambda f: ["-bios", "none", "-kernel", f]),
         "aarch64": ("baremetal-aarch64.sh", "cortex-a57", lambda f: [
             "-device", f"loader,file={f},addr=0x40080000,force-raw=on",
             "-device", "loader,addr=0x40080000,cpu-num=0"])}


def run(command, *options, say=None, answer="deaf", args=None):
    with console.Guest([*command, *options]) as guest:
        guest.expect(rf"^PB-SEMI args {args}$" if args is not None else r"^PB-SEMI args ", timeout=30)
        guest.expect(r"^PB-SEMI asks$", timeout=30, stop=r"^PB-SEMI bad \d+$")
        if say:
            guest.send(say)
        guest.expect(rf"^PB-SEMI {answer}$", timeout=30, stop=r"^PB-SEMI bad \d+$")
        guest.expect(r"^PB-SEMI good$", timeout=30, stop=r"^PB-SEMI bad \d+$")
        guest.ends(42)


def without(command):
    """The call is an exception, for which there is no handler."""
    with console.Guest([*command, "-monitor", "stdio", "-serial", "none"]) as guest:
        guest.expect(r"boot doctor: exception loop", timeout=30)
        if "PB-SEMI" in guest.text:
            raise console.Failed("the program was served, and nobody had asked for it")
        guest.send("quit\n")
        guest.ends(0)


def test():
    arch, engine = sys.argv[1], sys.argv[2:]
    builder, cpu, start = START[arch]
    command = [*console.system(arch), "-M", "virt", "-display", "none", "-cpu",
               ",".join([cpu, *(f"engine={e}" for e in engine)]),
               *start(console.artefact(builder)["semihost"])]
    with console.scratch() as folder:
        os.chdir(folder)
        os.mkfifo("semihost.fifo")
        none = ["-monitor", "none", "-serial", "none"]
        run(command, *none, "-semihosting")
        if sorted(os.listdir(".")) != ["semihost.fifo"]:
            raise console.Failed(f"files were left: {os.listdir('.')}")
        run(command, *none, "-chardev", "stdio,id=con", "-semihosting-config",
            "enable=on,target=native,chardev=con,arg=one,arg=two words", say="what is said\n",
            answer="heard what is said", args="one two words")
        without(command)


console.main(test)
