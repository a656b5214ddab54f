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

QEMU runs what a guest executes as the host would. So a job that starts others of the tree runs
where the host gives them to the same emulator: in a user namespace with a binfmt_misc of its own
(since Linux 6.7). Where that is not to be had, such jobs are left out, and a line says so.
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
MACHINE = {"aarch64": 0xb7, "riscv64": 0xf3}  # in ELF's header
MEAN, ROW = 1.8, 1.0

# $0: a folder to mount at, $1: what to register, then a command
BINFMT = """
mount -t binfmt_misc binfmt_misc "$0" && printf %s "$1" >"$0/register" && shift && exec "$@"
"""


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


def binfmt(emulator, arch, folder):
    """The start of a command that runs where the host gives the guest's programs to `emulator`."""
    def text(numbers):
        return "".join(f"\\x{n:02x}" for n in numbers)
    magic = text([*b"\x7fELF\2\1\1", *bytes(9), 2, 0, MACHINE[arch], 0])
    mask = text([*b"\xff" * 7, 0, *b"\xff" * 8, 0xfe, *b"\xff" * 3])
    emulator = os.path.abspath(shutil.which(emulator))
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", BINFMT, folder,
            f":tree:M::{magic}:{mask}:{emulator}:"]


def measure(prefix, job, arch, tree, work):
    """CPU seconds and the output."""
    command = [*prefix, "-L", tree, tree + job.argv[0], *job.argv[1:]]
    if job.starts:
        command = binfmt(prefix[0], arch, work) + command
    env = {**os.environ, "QEMU_LD_PREFIX": tree}
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
    if os.path.isdir(programs.LIBTOOL) and re.search(o.only, "configure"):
        jobs.append(programs.configure(tree, work))
    jobs = [j for j in jobs if re.search(o.only, j.name)]
    mounted = os.path.join(work, "binfmt")
    os.mkdir(mounted)
    if subprocess.run([*binfmt("true", o.arch, mounted), "true"], check=False).returncode:
        print("no binfmt_misc of one's own: without",
              " ".join(j.name for j in jobs if j.starts))
        jobs = [j for j in jobs if not j.starts]
    if not jobs:
        sys.exit("programs.py: no job to run")
    times = {j.name: {n: [] for n in emulators} for j in jobs}
    for _ in range(o.rounds):
        for job in jobs:
            said = {}
            for name, prefix in emulators.items():
                seconds, said[name] = measure(prefix, job, o.arch, tree, mounted)
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
