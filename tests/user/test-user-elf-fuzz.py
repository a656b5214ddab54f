#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test-user-elf-fuzz.py EMULATOR PROGRAM [SEED [COUNT]] - a broken program is refused, or runs and
fails by itself: the emulator's own faults are none of the outcomes. Headers and program headers are
changed at random, or the file is cut."""
import os
import random
import subprocess
import sys
import tempfile

emulator, program = sys.argv[1:3]
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20240411
count = int(sys.argv[4]) if len(sys.argv) > 4 else 80
whole = open(program, "rb").read()
headers = 64 + 56 * int.from_bytes(whole[56:58], "little")
values = [0, 1, 0xff, 0x1000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffffffffffff,
          0x7ffffffff000, 0x400000000000, 0x8000000000000000]


def mutate(r):
    b = bytearray(whole)
    for _ in range(r.randint(1, 4)):
        if r.random() < 0.5:
            b[r.randrange(headers)] = r.randrange(256)
        else:
            at = r.randrange(16, headers - 8) & ~7
            b[at:at + 8] = r.choice(values).to_bytes(8, "little")
    return b[:r.randrange(len(b))] if r.random() < 0.2 else b


def run(path):
    try:
        return subprocess.run([emulator, path, "exit=0"], capture_output=True, timeout=5,
                              stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return None  # a program may loop


print("seed", seed)
rng = random.Random(seed)
refused = ran = 0
with tempfile.TemporaryDirectory() as d:
    path = os.path.join(d, "program")
    for i in range(count):
        with open(path, "wb") as f:
            f.write(mutate(rng))
        os.chmod(path, 0o700)
        p = run(path)
        if p is None:
            continue
        err = p.stderr.decode(errors="replace")
        own = "internal error" in err or (p.returncode < 0 and "uncaught target" not in err and
                                          -p.returncode in (6, 7, 11))
        if own:
            print(f"seed {seed}, number {i}: status {p.returncode}\n{err}")
            sys.exit(1)
        refused += p.returncode == 255
        ran += p.returncode != 255
print(refused, "refused,", ran, "ran")
sys.exit(0 if refused > count // 10 and ran > count // 20 else 1)
