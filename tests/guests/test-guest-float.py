#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest's rounding mode and flushing to zero hold beside a device that computes in C, and do not
reach it: every result of baremetal/float.c is what rational arithmetic rounds to.

usage: test-guest-float.py ARCH [ENGINE]   ENGINE: of the CPU's property `engine`
"""
import math
import os
import struct
import sys
from fractions import Fraction
import console

ROUNDS = 400
LEAST = Fraction(2) ** -1022  # the least normal double
START = {"riscv64": ("baremetal-riscv64.sh", lambda f: ["-bios", "none", "-kernel", f]),
         "aarch64": ("baremetal-aarch64.sh", lambda f: [
             "-device", f"loader,file={f},addr=0x40080000,force-raw=on",
             "-device", "loader,addr=0x40080000,cpu-num=0"])}


def bits(v):
    return struct.unpack("<Q", struct.pack("<d", v))[0]


class Unit:
    """Arithmetic on doubles: 0 to nearest, 1 up, 2 down, 3 to zero; flushing to zero or not."""

    def __init__(self, mode=0, flush=False):
        self.mode, self.flush = mode, flush

    def operand(self, v):
        return math.copysign(0.0, v) if self.flush and abs(v) < LEAST else v

    def rounded(self, exact, zero):
        """`zero`: what an exact zero is."""
        if not exact:
            return zero
        sign = -1.0 if exact < 0 else 1.0
        if self.flush and abs(exact) < LEAST:
            return math.copysign(0.0, sign)
        if self.mode == 0:
            return float(exact) or math.copysign(0.0, sign)  # Python rounds to nearest even
        near = float(abs(exact))
        low = near if near <= abs(exact) else math.nextafter(near, 0.0)
        away = low != abs(exact) and self.mode == (1 if sign > 0 else 2)
        return sign * (math.nextafter(low, math.inf) if away else low)

    def add(self, a, b):
        a, b = self.operand(a), self.operand(b)
        zero = a if bits(a) == bits(b) else -0.0 if self.mode == 2 else 0.0
        return self.rounded(Fraction(a) + Fraction(b), zero)

    def sub(self, a, b):
        return self.add(a, -b)

    def mul(self, a, b):
        a, b = self.operand(a), self.operand(b)
        return self.rounded(Fraction(a) * Fraction(b), math.copysign(1, a) * math.copysign(0, b))

    def div(self, a, b):
        a, b = self.operand(a), self.operand(b)
        return self.rounded(Fraction(a) / Fraction(b), math.copysign(1, b) * math.copysign(0, a))


class Device:
    """plugins/float-unit.c by Python's own doubles; `hash` is the guest's, of what it reads."""

    def __init__(self):
        self.a = self.b = self.chain = 0.0
        self.hash = 0xcbf29ce484222325

    def send(self, a, b):
        self.a, self.b, self.chain = a, b, a * b + b

    def fold(self, v):
        self.hash = (self.hash ^ bits(v)) * 0x100000001b3 % 2 ** 64

    def total(self):
        self.fold(self.a + self.b)

    def quotient(self):
        self.fold(self.a / self.b)


def expected(mode, flush):
    """The line of one_mode() in float.c, step by step."""
    u, d = Unit(mode, flush), Device()
    x, tenth, third, small, total = 1.0, 0.1, 1.0 / 3, math.ldexp(1.5, -1026), 0.0
    for i in range(ROUNDS):
        y = u.mul(x, tenth)
        d.send(x, y)
        x = u.add(y, third)
        d.total()
        x = u.div(x, tenth)
        d.quotient()
        x = u.sub(x, y)
        d.fold(d.a * math.ldexp(1.0, -1022))
        x = u.div(-x, 3.0) if i & 1 else x
        d.fold(d.chain)
        y = u.mul(small, x)
        d.send(y, tenth)
        y = u.mul(y, math.ldexp(1.0, 500))
        d.total()
        total = u.add(total, y)
    d.send(tenth, third)
    d.quotient()
    return "PB-FLOAT %d %d %016x %016x %016x %016x" % (mode, flush, bits(x), bits(total), d.hash, 0)


def test():
    arch, engine = sys.argv[1], sys.argv[2:]
    builder, start = START[arch]
    plugins = os.path.join(os.environ.get("PLUGBOARD_BUILD", ""), "tests/guests/plugins")
    cpu = {"riscv64": "rv64", "aarch64": "cortex-a57"}[arch]
    lines = [expected(mode, flush) for mode in range(4)
             for flush in ((0, 1) if arch == "aarch64" else (0,))]
    if len({line.split(" ", 3)[3] for line in lines}) != len(lines):
        raise console.Failed("two modes have the same results: this tells nothing")
    command = [*console.system(arch), "-M",
               os.path.join(console.HERE, "machines", f"virt-float-{arch}.machine"), "-nographic",
               "-cpu", ",".join([cpu, *(f"engine={e}" for e in engine)]),
               *start(console.artefact(builder)["float"])]
    with console.Guest(command, env={**os.environ, "PLUGBOARD_PLUGIN_PATH": plugins}) as guest:
        guest.ends(0, timeout=60)
        said = [line for line in guest.text.splitlines() if line.startswith("PB-FLOAT")]
    for got, want in zip(said, lines):
        if got != want:
            raise console.Failed(f"the guest printed\n  {got}\nnot\n  {want}\n"
                                 "  (mode, flush, guest's, guest's small, device's, flags)")
    if len(said) != len(lines):
        raise console.Failed(f"{len(said)} lines instead of {len(lines)}")


console.main(test)
