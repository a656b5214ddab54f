#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""user.py - user mode beside QEMU's and the host itself, on the same C programs.

usage: user.py [--arch ARCH] [--rounds N] [--scale N] [--json FILE] [--strict]
               [--only REGEX] [NAME=COMMAND ...]

The first NAME=COMMAND is the subject, the others are what it is compared with; without any, the
subject is the build tree's plugboard-ARCH and the other is qemu-ARCH. Each round runs every
program under every emulator and natively before the next begins. What counts is CPU time, of
threads and children too; a row is the median of its rounds. Ratio: the best of the others over
the subject. Native: the host's own time over the subject's, in percent. Results are compared:
one that differs from the host's is an error. --strict ends with status 1 below a floor.
"""
import argparse
import glob
import json
import math
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "programs")  # what guests run, too
USER = os.path.join(HERE, "user-programs")
FLOORS = {"int-": 1.3, "fp-": 4.0, "call-": 1.5, "sys-": 1.0, "mem-": 0.9}


def build(compiler, work):
    """Both program files for one target, as {name: [command]}."""
    flags = ["-O2", "-std=gnu11", "-ffp-contract=off", "-static", "-pthread"]
    out = {}
    for kind, sources in (("pbbench", glob.glob(os.path.join(PROGRAMS, "*.c"))),
                          ("user", glob.glob(os.path.join(USER, "*.c")))):
        path = os.path.join(work, f"{kind}-{compiler}")
        subprocess.run([compiler, *flags, "-o", path,
                        f"-I{PROGRAMS}", *sources, "-lm"], check=True)
        out[kind] = path
    return out


def measure(command):
    """CPU seconds and the result's word."""
    with tempfile.TemporaryFile() as text:
        p = subprocess.Popen(command, stdout=text)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        text.seek(0)
        words = re.findall(rb"\b[0-9a-f]{16}\b", text.read())
    if p.returncode or not words:
        sys.exit(f"{shlex.join(command)}: status {p.returncode}")
    return usage.ru_utime + usage.ru_stime, words[-1].decode()


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--arch", default="riscv64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("commands", nargs="*")
    o = parser.parse_args()
    root = os.path.join(HERE, "..", "..")
    given = o.commands or [f"plugboard={root}/build/release/bin/plugboard-{o.arch}",
                           f"qemu=qemu-{o.arch}"]
    emulators = {n: shlex.split(c) for n, c in (g.split("=", 1) for g in given)}
    subject = next(iter(emulators))
    with tempfile.TemporaryDirectory() as work:
        foreign, own = build(f"{o.arch}-linux-gnu-gcc", work), build("gcc", work)
        rows = [(kind, name) for kind in own for name in
                subprocess.run([own[kind], "list"], capture_output=True, text=True,
                               check=True).stdout.split() if re.search(o.only, name)]
        times = {name: {} for _, name in rows}
        for _ in range(o.rounds):
            for kind, name in rows:
                want = None
                for who, prefix, files in [("native", [], own)] + [
                        (n, c, foreign) for n, c in emulators.items()]:
                    seconds, word = measure([*prefix, files[kind], name, str(o.scale)])
                    want = want or word
                    if word != want:
                        sys.exit(f"{name}: {who} says {word}, native {want}")
                    times[name].setdefault(who, []).append(seconds)
    bad, ratios, natives = 0, [], []
    names = ["native", *emulators]
    print(f"{'CPU s':14}" + "".join(f"{n:>12}" for n in names) + "   ratio  of native")
    for _, name in rows:
        m = {n: statistics.median(times[name][n]) for n in names}
        others = [m[n] for n in emulators if n != subject]
        ratio = min(others) / m[subject] if others else float("nan")
        percent = 100 * m["native"] / m[subject]
        floor = next((f for p, f in FLOORS.items() if name.startswith(p)), 0)
        low = ratio < floor
        bad += low
        ratios.append(ratio)
        natives.append(percent)
        print(f"{name:14}" + "".join(f"{m[n]:12.3f}" for n in names) +
              f"{ratio:8.2f}{percent:9.0f} %" + (f"  below {floor}" if low else ""))
    print(f"{'geometric mean':14}" + " " * 12 * len(names) +
          f"{geomean(ratios):8.2f}{geomean(natives):9.0f} %")
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump({"arch": o.arch, "times": times}, f, indent=1)
    sys.exit(1 if o.strict and bad else 0)


if __name__ == "__main__":
    main()
