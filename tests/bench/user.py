#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""user.py - user mode beside QEMU's and the host itself, on the same C programs.

usage: user.py [--arch ARCH] [--rounds N] [--scale N] [--json FILE] [--strict] [--all]
               [--sid] [--only REGEX] [NAME=COMMAND ...]

The first NAME=COMMAND is the subject, the others are what it is compared with; without any, the
subject is the build tree's plugboard-ARCH and the other is qemu-ARCH; --sid adds the one that
get-qemu.sh unpacks. Each round runs every program under every emulator and natively before the
next begins, each with an environment of another length: a program reads it, so the same loop comes
to lie elsewhere, which is worth up to half of its time. What counts is CPU time, of threads and
children too; a row is the median of its rounds. Ratio: the best of the others over the subject.
Native: the host's own time over the subject's, in percent. Results are compared: one that differs
from the host's is an error.
--strict ends with status 1 when a goal is missed.

ROWS are the programs that count, each as much as any other, by the mean they belong to; --all
runs the others, too, which count in none.
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
ROWS = {
    "integer": "int-mix int-sha256 int-aes mem-chase int-hash call-qsort int-vm int-goto call-fib"
               " int-big mem-strings sys-calls sys-threads sys-mmap sys-signals",
    "floating point": "fp-nbody fp-lu fp-mandel fp-matmul fp-vector",
    "": "sys-jit sys-hello sys-fork",
}
MEANS = {"integer": 1.5, "floating point": 8.0}  # the goals
LEAST = {"sys-jit": 3.0, "sys-hello": 2.0, "sys-fork": 0.0}  # others: 0.95
FORKS, FORK_MS = 150, 2.0  # sys-fork's, and what one may cost
SHORT = 10                 # times that sys-hello is run


def build(compiler, work):
    """Both program files for one target, as {name: path}."""
    flags = ["-O2", "-std=gnu11", "-ffp-contract=off", "-static", "-pthread"]
    out = {}
    for kind, sources in (("pbbench", glob.glob(os.path.join(PROGRAMS, "*.c"))),
                          ("user", glob.glob(os.path.join(USER, "*.c")))):
        path = os.path.join(work, f"{kind}-{compiler}")
        subprocess.run([compiler, *flags, "-o", path,
                        f"-I{PROGRAMS}", *sources, "-lm"], check=True)
        out[kind] = path
    return out


def once(command, rnd):
    """CPU seconds and the result's word."""
    with tempfile.TemporaryFile() as text:
        p = subprocess.Popen(command, stdout=text, env={**os.environ, "ROUND": "x" * (37 * rnd)})
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        text.seek(0)
        words = re.findall(rb"\b[0-9a-f]{16}\b", text.read())
    if p.returncode or not words:
        sys.exit(f"{shlex.join(command)}: status {p.returncode}")
    return usage.ru_utime + usage.ru_stime, words[-1].decode()


def measure(name, command, rnd):
    runs = [once(command, rnd) for _ in range(SHORT if name == "sys-hello" else 1)]
    return statistics.median(r[0] for r in runs), runs[0][1]


def geomean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def sid(arch):
    """Sid's emulator itself: the wrapper beside it would be timed, too."""
    text = subprocess.run([os.path.join(HERE, "get-qemu.sh")], capture_output=True, text=True,
                          check=True).stdout
    with open(re.search(r"^bin=(.*)$", text, re.M)[1] + f"/qemu-{arch}", encoding="utf-8") as f:
        return shlex.split(f.readlines()[-1])[1:-1]


def options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--arch", default="riscv64")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--sid", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("commands", nargs="*")
    return parser.parse_args()


def run(o, emulators, own, foreign):
    """{row: {who: [seconds]}}, in the order of ROWS."""
    kinds = {name: kind for kind in own for name in
             subprocess.run([own[kind], "list"], capture_output=True, text=True,
                            check=True).stdout.split()}
    rows = " ".join(ROWS.values()).split()
    rows += sorted(set(kinds) - set(rows)) if o.all else []
    times = {name: {} for name in rows if re.search(o.only, name)}
    for rnd in range(o.rounds):
        for name, row in times.items():
            want = None
            for who, prefix, files in [("native", [], own)] + [
                    (n, c, foreign) for n, c in emulators.items()]:
                command = [*prefix, files[kinds[name]], name, str(o.scale)]
                seconds, word = measure(name, command, rnd)
                want = want or word
                if word != want:
                    sys.exit(f"{name}: {who} says {word}, native {want}")
                row.setdefault(who, []).append(seconds)
    return times


def main():
    o = options()
    root = os.path.join(HERE, "..", "..")
    given = o.commands or [f"plugboard={root}/build/release/bin/plugboard-{o.arch}",
                           f"qemu=qemu-{o.arch}"]
    emulators = {n: shlex.split(c) for n, c in (g.split("=", 1) for g in given)}
    if o.sid:
        emulators["qemu-sid"] = sid(o.arch)
    subject = next(iter(emulators))
    with tempfile.TemporaryDirectory() as work:
        times = run(o, emulators, build("gcc", work), build(f"{o.arch}-linux-gnu-gcc", work))
    missed, names, ratios, natives = [], ["native", *emulators], {}, {}
    medians = {name: {n: statistics.median(row[n]) for n in names} for name, row in times.items()}
    print(f"{'CPU s':14}" + "".join(f"{n:>12}" for n in names) + "   ratio  of native")
    for name, m in medians.items():
        others = [m[n] for n in emulators if n != subject]
        ratios[name] = min(others) / m[subject] if others else float("nan")
        natives[name] = 100 * m["native"] / m[subject]
        if ratios[name] < LEAST.get(name, 0.95):
            missed.append(name)
        print(f"{name:14}" + "".join(f"{m[n]:12.3f}" for n in names) +
              f"{ratios[name]:8.2f}{natives[name]:9.0f} %")
    for mean, goal in MEANS.items():
        mine = [n for n in ROWS[mean].split() if n in ratios]
        value = geomean([ratios[n] for n in mine])
        if value < goal:
            missed.append(f"mean of {mean}")
        print(f"{mean:14}" + " " * 12 * len(names) + f"{value:8.2f}"
              f"{geomean([natives[n] for n in mine]):9.0f} %")
    if {"sys-fork", "sys-hello"} <= set(medians):
        for n in names:
            each = (medians["sys-fork"][n] - medians["sys-hello"][n]) * 1000 / FORKS / o.scale
            print(f"{n + ': a fork':25} {each:6.2f} ms")
            if n == subject and each > FORK_MS:
                missed.append("a fork")
    print("goals missed: " + (", ".join(missed) or "none"))
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump({"arch": o.arch, "times": times}, f, indent=1)
    sys.exit(1 if o.strict and missed else 0)


if __name__ == "__main__":
    main()
