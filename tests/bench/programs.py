#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""programs.py - real programs in user mode beside QEMU's, in one interleaved run.

usage: programs.py [--arch ARCH] [--rounds N] [--long] [--only REGEX] [--json FILE] [--strict]
                   [NAME=COMMAND ...]

The jobs are those of tests/user/programs.py, on Debian's programs. The first NAME=COMMAND is the
subject; without any, that is the build tree's plugboard-ARCH, and the others are the host's
qemu-ARCH and Debian sid's. Each round runs a job under every emulator before the next job. What
counts is CPU time, of threads and children too; a row is the median of its rounds, its ratio the
best of the others over the subject. An output that is wrong, or not the same everywhere, is an
error. --strict ends with status 1 when the geometric mean is below 1.8 or a row below 1.0.

QEMU runs what a guest executes as the host would, and that is the host's own program: so where a
job starts others, they are the tree's under the same emulator, or the host's for all.
"""
import argparse
import json
import math
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "user"))
import programs  # noqa: E402

DEBIAN = {"aarch64": "arm64", "riscv64": "riscv64"}
MEAN, ROW = 1.8, 1.0


def keys(script, *args):
    """What a script that prints KEY=VALUE lines says."""
    text = subprocess.run([os.path.join(HERE, script), *args], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    return dict(line.split("=", 1) for line in text.splitlines())


def default_emulators(arch):
    out = {"plugboard": [os.path.join(HERE, f"../../build/release/bin/plugboard-{arch}")]}
    if shutil.which(f"qemu-{arch}"):
        out["qemu"] = [f"qemu-{arch}"]
    out["qemu-sid"] = [os.path.join(keys("get-qemu.sh")["bin"], f"qemu-{arch}")]
    return out


def measure(prefix, job, tree):
    """CPU seconds and the output."""
    command = [*prefix, "-L", tree, tree + job.argv[0], *job.argv[1:]]
    env = {**os.environ, "TREE_SED": " ".join([*prefix, "-L", tree, tree + "/usr/bin/sed"])}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as given:
        given.write(job.stdin)
        given.seek(0)
        p = subprocess.Popen(command, stdin=given, stdout=out, env=env)
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    why = f"status {p.returncode}" if p.returncode else job.wrong(text)
    if why:
        sys.exit(f"{job.name}: {command[0]}: {why}")
    return usage.ru_utime + usage.ru_stime, text


def run(o, emulators, tree, work):
    jobs = programs.make(tree, work, o.long)
    if os.path.isdir(programs.LIBTOOL):
        jobs.append(programs.configure(work))
    jobs = [j for j in jobs if re.search(o.only, j.name)]
    times = {j.name: {n: [] for n in emulators} for j in jobs}
    for _ in range(o.rounds):
        for job in jobs:
            said = {}
            for name, prefix in emulators.items():
                seconds, said[name] = measure(prefix, job, tree)
                times[job.name][name].append(seconds)
            if len(set(said.values())) != 1 and not job.check:
                sys.exit(f"{job.name}: {', '.join(said)} do not print the same")
    return times


def table(times, emulators):
    """Prints it; True when all floors are kept."""
    subject, ratios = next(iter(emulators)), []
    print(f"{'CPU s':16}" + "".join(f"{n:>12}" for n in emulators) + "   ratio")
    for name, row in times.items():
        m = {n: statistics.median(row[n]) for n in emulators}
        ratios.append(min(m[n] for n in emulators if n != subject) / m[subject])
        print(f"{name:16}" + "".join(f"{m[n]:12.3f}" for n in emulators) + f"{ratios[-1]:8.2f}" +
              (f"  below {ROW}" if ratios[-1] < ROW else ""))
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
    print(f"{'geometric mean':16}" + " " * 12 * len(emulators) + f"{mean:8.2f}")
    return mean >= MEAN and min(ratios) >= ROW


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--arch", default="riscv64", choices=DEBIAN)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("commands", nargs="*")
    o = parser.parse_args()
    emulators = {n: shlex.split(c) for n, c in (g.split("=", 1) for g in o.commands)}
    emulators = emulators or default_emulators(o.arch)
    if len(emulators) < 2:
        sys.exit("programs.py: there is nothing to compare with: give NAME=COMMAND twice")
    tree = keys("../guests/user-programs.sh", DEBIAN[o.arch])["tree"]
    with tempfile.TemporaryDirectory() as work:
        times = run(o, emulators, tree, work)
    good = table(times, emulators)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as f:
            json.dump({"arch": o.arch, "times": times}, f, indent=1)
    sys.exit(1 if o.strict and not good else 0)


if __name__ == "__main__":
    main()
