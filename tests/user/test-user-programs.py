#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test-user-programs.py - Debian's programs give the right output in user mode.

usage: test-user-programs.py ARCH EMULATOR [--long] [--only REGEX] [--python MODULE]

Each job of programs.py, whose answers the host computes; where the answer is another emulator's,
qemu-ARCH has to be installed, or the job only has to end well. --long has ten times the work;
then bash runs a configure script of autoconf's, whose commands are partly the tree's and partly
(the compiler) the host's, and config.h must be the one that the host's bash makes. --python:
none of these, but that module of Python's own tests. Status 77 where the tree of programs cannot
be had.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import programs  # noqa: E402

DEBIAN = {"aarch64": "arm64", "riscv64": "riscv64"}


def run(command, stdin=b"", cwd=None, env=None, timeout=3000):
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=cwd, env=env, timeout=timeout, check=False)


def run_job(job, emulator, tree, qemu):
    p = run([*emulator, "-L", tree, tree + job.argv[0], *job.argv[1:]], job.stdin)
    if p.returncode:
        return f"status {p.returncode}: {p.stderr[-500:].decode(errors='replace')}"
    why = job.wrong(p.stdout)
    if not why and job.expect is None and qemu:
        q = run([qemu, "-L", tree, tree + job.argv[0], *job.argv[1:]], job.stdin)
        if not q.returncode and not job.check and q.stdout != p.stdout:
            why = f"prints {len(p.stdout)} bytes that are not QEMU's {len(q.stdout)}"
    return why


def configure(emulator, tree, work):
    """config.h by the host's bash and by the tree's."""
    made = []
    shutil.copytree(programs.LIBTOOL, os.path.join(work, "source"))
    os.symlink(os.path.join(programs.LIBTOOL, "build-aux"), os.path.join(work, "build-aux"))
    for name, shell in (("own", ["bash"]),
                        ("foreign", [*emulator, "-L", tree, tree + "/usr/bin/bash"])):
        folder = os.path.join(work, name)
        os.mkdir(folder)
        p = run([*shell, "../source/configure"], cwd=folder,
                env={**os.environ, "CONFIG_SHELL": "/bin/bash", "LC_ALL": "C"})
        if p.returncode:
            return f"{name}: status {p.returncode}: {p.stderr[-500:].decode(errors='replace')}"
        with open(os.path.join(folder, "config.h"), encoding="ascii") as f:
            made.append(f.read())
    return None if made[0] == made[1] else "config.h differs from the host's"


def python(emulator, tree, module, work):
    command = [*emulator, "-L", tree, tree + "/usr/bin/python3", "-m", "test", "-q",
               "-i", "*VSOCK*", module]  # that needs a module of the host's kernel
    p = run(command, cwd=work, timeout=7000)
    return (p.stdout + p.stderr)[-3000:].decode(errors="replace") if p.returncode else None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("arch")
    parser.add_argument("emulator")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--python", metavar="MODULE")
    o = parser.parse_args()
    made = subprocess.run([os.path.join(HERE, "../guests/user-programs.sh"), DEBIAN[o.arch]],
                          stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode:
        print("no tree of programs: see above")
        sys.exit(77)
    tree = made.stdout.strip().removeprefix("tree=")
    emulator, qemu, bad = [os.path.abspath(o.emulator)], shutil.which(f"qemu-{o.arch}"), 0

    def report(name, why):
        print(f"{name}: {why or 'ok'}", flush=True)
        return bool(why)

    with tempfile.TemporaryDirectory() as work:
        if o.python:
            sys.exit(report(o.python, python(emulator, tree, o.python, work)))
        for job in programs.make(tree, work, o.long):
            if re.search(o.only, job.name):
                bad += report(job.name, run_job(job, emulator, tree, qemu))
        if o.long and os.path.isdir(programs.LIBTOOL) and re.search(o.only, "configure"):
            bad += report("configure", configure(emulator, tree, work))
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
