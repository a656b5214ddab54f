#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py - one interleaved run of several emulators over the same guests.

usage: compare.py boot|cpu|io|raspi|all [--arch riscv64|arm64] [--rounds N] [--scale N] [--mib N]
                  [--smp N] [--cpu MODEL] [--bios FILE] [--words TEXT] [--only NAME,...]
                  [--disk blk|scsi] [--json FILE] [--strict] [NAME=COMMAND ...]

The first NAME=COMMAND is the subject, the others are what it is compared with; without any, the
subject is the build tree's and the others are the host's qemu-system-ARCH and sid's from
get-qemu.sh. --words adds to the kernel's command line (arm64: kpti=1), --only names the programs.
Each round runs every emulator once before the next round begins, so that a busy machine is busy
for all. What counts is the CPU time of the emulator's process (all threads, user and system), which
a shared machine disturbs least; rows say otherwise in their unit; `raspi` boots raspi3b. A row's
value is the median of its rounds; its ratio is the best of the others over the subject, so more than
1 is better than all of them. --strict ends with status 1 when a ratio is below its floor or a value
above its limit.

--smp 4 --only smp-one,smp-four compares how work spreads: wall seconds of four shares in one thread
and in four, and the first over the second as `smp speed-up`.
"""
import argparse
import json
import math
import os
import re
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "guests"))
import busybox  # noqa: E402
import console  # noqa: E402

MEMORY = 512
READS = 8000
FLOORS = {"boot to init": 1.0, "raspi3b to init": 1 / 0.7, "int-*": 1.3, "fp-*": 4.0,
          "disk-*": 1.0, "net-*": 1.0, "9p-*": 1.0, "smp speed-up": 1.0}
FLOORS_OF = {"riscv64": {}, "arm64": {"boot to init": 1 / 0.7, "int-*": 1.5, "fp-*": 6.0}}
DISKS = {"blk": ["-device", "virtio-blk-device,drive=d0"],
         "scsi": ["-device", "virtio-scsi-device", "-device", "scsi-hd,drive=d0"]}
FORCED = "kernel page table isolation forced ON"
# What the subject must keep to whatever the others do.
LIMITS = {"raspi3b idle": 3.0, "finisher exec to exit": 10.0, "memory at init": 64.0}


class Peer:
    """A TCP peer on the loopback: sends `mib` MiB to each caller, or swallows what comes."""

    def __init__(self, mib, sends):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.mib, self.sends = mib, sends
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        block = bytes(1 << 20)
        while True:
            caller, _ = self.socket.accept()
            with caller:
                try:
                    if self.sends:
                        for _ in range(self.mib):
                            caller.sendall(block)
                    else:
                        while caller.recv(1 << 18):
                            pass
                except OSError:
                    pass


def own_memory(pid):
    """PSS in MiB of all mappings but guest RAM (proc(5), smaps): the mapping, or the run of
    adjoining anonymous mappings, of just the guest's size."""
    maps = []
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as lines:
        for line in lines:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ (\d+)", line)
            if head:
                maps.append([int(head[1], 16), int(head[2], 16), head[4] == "0", 0])
            elif line.startswith("Pss:"):
                maps[-1][3] += int(line.split()[1])
    total = sum(m[3] for m in maps)
    runs = [(end - begin, pss) for begin, end, _, pss in maps]
    for i, (begin, end, anonymous, pss) in enumerate(maps):
        for nxt in maps[i + 1:]:
            if not anonymous or not nxt[2] or nxt[0] != end:
                break
            end, pss = nxt[1], pss + nxt[3]
            runs.append((end - begin, pss))
    size = MEMORY << 20
    ram = [pss for length, pss in runs if size <= length <= size + (4 << 20)]
    if not ram:
        raise console.Failed("no mapping of the guest's size")
    return (total - max(ram)) / 1024


class Bench:
    """The rows: self.rows[row][name] is the list of values; self.units[row] its unit."""

    def __init__(self, options):
        self.options = options
        self.rows, self.units, self.sums = {}, {}, {}
        self.work = console.scratch()

    def add(self, row, name, value, unit):
        self.rows.setdefault(row, {}).setdefault(name, []).append(value)
        self.units[row] = unit

    def guest(self, command, jobs, *devices, words=""):
        return console.Guest(busybox.line(
            jobs, "-cpu", self.options.cpu, *devices, cpus=self.options.smp, memory=MEMORY,
            words=f"{words} {self.options.words}", command=command, bios=self.options.bios,
            arch=self.options.arch))

    def boot(self, name, command):
        with self.guest(command, "poweroff") as guest:
            guest.expect(r"^PB-INIT-REACHED$", timeout=120)
            self.add("boot to init", name, guest.cpu(), "CPU s")
            guest.expect(r"^PB-DONE 0 failed$", timeout=60)
            # The child's whole CPU time is in the rusage that wait4 returns.
            while guest.read(1):
                pass
            _, status, usage = os.wait4(guest.process.pid, 0)
            guest.process.returncode = os.waitstatus_to_exitcode(status)
            self.add("boot to power-off", name, usage.ru_utime + usage.ru_stime, "CPU s")
        with self.guest(command, "idle") as guest:
            guest.expect(r"^PB-INIT-REACHED$", timeout=120)
            self.add("memory at init", name, own_memory(guest.process.pid), "MiB")

    def raspi(self, name, command):
        """The board's own kernel and tree, without the chip that would keep the console's UART;
        then 20 s of doing nothing. With a card in the slot: Linux looks into an empty one each
        second, which costs nearly as much as all else that an idle guest does."""
        files = console.artefact("raspi-initrd.sh")
        tree = os.path.join(self.work.name, "raspi.dtb")
        shutil.copy(files["dtb-3b"], tree)
        subprocess.run(["fdtput", "-r", tree, "/soc/serial@7e201000/bluetooth"], check=True)
        disk = os.path.join(self.work.name, "card.raw")
        with open(disk, "wb") as file:
            file.truncate(64 << 20)
        machine = "raspi3b" if "qemu" in os.path.basename(command[0]) else "raspi3b,dtb-patch=off"
        with console.Guest([*command, "-M", machine, "-m", "1024", "-smp", "4", "-nographic",
                            "-nic", "none", "-drive", f"file={disk},format=raw,if=sd",
                            "-kernel", files["kernel"], "-initrd",
                            files["initrd"], "-dtb", tree, "-append",
                            f"console=ttyAMA0 quiet pbcmd=idle {self.options.words}"]) as guest:
            # QEMU's board makes the kernel complain on that line, too.
            guest.expect(r"^PB-INIT-REACHED", timeout=300)
            self.add("raspi3b to init", name, guest.cpu(), "CPU s")
            self.wait(guest, 5)
            before = guest.cpu()
            self.wait(guest, 20)
            self.add("raspi3b idle", name, (guest.cpu() - before) / 20 * 100, "% of a CPU")

    @staticmethod
    def wait(guest, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            guest.read(end - time.monotonic())

    def finisher(self, name, command):
        """Wall time from exec to exit of the bare program that ends at once, median of 50."""
        image = console.artefact("baremetal-riscv64.sh")["pass"]
        line = [*command, "-M", "virt", "-nographic", "-bios", "none", "-kernel", image]
        times = []
        for _ in range(50):
            begin = time.monotonic_ns()
            pid = os.posix_spawnp(line[0], line, os.environ, file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
            _, status = os.waitpid(pid, 0)
            times.append((time.monotonic_ns() - begin) / 1e6)
            if status:
                raise console.Failed(f"{name}: the finisher program gave {status}")
        self.add("finisher exec to exit", name, statistics.median(times), "ms")

    def phases(self, guest, name, unit, amount):
        """Each PB-BEGIN/PB-END pair is a row: amount per CPU second, or CPU seconds."""
        while True:
            match = guest.expect(r"^PB-BEGIN (\S+)$", r"^PB-DONE (\d+) failed$", timeout=600)
            if match.re.pattern.startswith("^PB-DONE"):
                if match.group(1) != "0":
                    raise console.Failed(f"{name}: a job in the guest failed")
                return
            row, begin, started = match.group(1), guest.cpu(), time.monotonic()
            end = guest.expect(rf"^PB-END {re.escape(row)}(?: (\w+) (\d+))?$", timeout=600)
            spent = max(guest.cpu() - begin, 1e-6)
            if row == "9p-walk":  # 2000 files opened, read and closed
                self.add(row, name, 2000 / spent, "files/CPU s")
            elif row.startswith("smp-"):
                self.add(row, name, time.monotonic() - started, "wall s")
            elif row == "disk-random":  # of 4 KiB, one at a time
                self.add(row, name, READS / spent, "reads/CPU s")
            else:
                self.add(row, name, amount / spent if amount else spent, unit)
            if end.group(1) and self.sums.setdefault(row, end.group(1)) != end.group(1):
                raise console.Failed(f"{name}: {row} computed {end.group(1)}, not {self.sums[row]}")

    def programs(self, name, command):
        words = f"pbscale={self.options.scale} pbbench={self.options.only}"
        with self.guest(command, "bench", words=words) as guest:
            self.phases(guest, name, "CPU s", None)
        if {"smp-one", "smp-four"} <= self.rows.keys():
            one, four = (self.rows[row][name][-1] for row in ("smp-one", "smp-four"))
            self.add("smp speed-up", name, one / four, "times")
        # A guest that ignored the word has cheaper calls, whose figures mean something else.
        if "kpti=1" in self.options.words.split() and FORCED not in guest.text:
            raise console.Failed(f"{name}: kpti=1 was given, but the guest's log has no '{FORCED}'")

    def throughput(self, name, command):
        mib = self.options.mib
        folder = os.path.join(self.work.name, name)
        walk = os.path.join(folder, "share", "walk")
        if not os.path.isdir(walk):
            os.makedirs(walk)
            for i in range(2000):
                with open(os.path.join(walk, f"f{i}"), "wb") as file:
                    file.write(b"x" * 4096)
        disk = os.path.join(folder, "disk.raw")
        with open(disk, "wb") as file:
            file.truncate(mib << 20)
        get, put = Peer(mib, True), Peer(mib, False)
        devices = ["-drive", f"file={disk},format=raw,if=none,id=d0",
                   *DISKS[self.options.disk],
                   "-netdev", "user,id=n0", "-device", "virtio-net-device,netdev=n0",
                   "-fsdev", f"local,id=f0,path={folder}/share,security_model=none",
                   "-device", "virtio-9p-device,fsdev=f0,mount_tag=host"]
        words = f"pbmib={mib} pbreads={READS} pbget={get.port} pbput={put.port}"
        jobs = "io"
        if self.options.disk == "scsi":
            words, jobs = f"{words} pbdisk=sda", "scsi,io"
        with self.guest(command, jobs, *devices, words=words) as guest:
            self.phases(guest, name, "MiB/CPU s", mib)

    def floors(self):
        """What the ratios must keep to on this guest."""
        floors = {**FLOORS, **FLOORS_OF[self.options.arch]}
        if "kpti=1" in self.options.words.split():
            floors["os-call"] = 5.0
        if self.options.arch == "arm64" and self.options.smp == 4:
            floors["os-munmap"] = 2.0
        return floors

    def report(self, names):
        subject, others = names[0], names[1:]
        better_high = {row for row, unit in self.units.items()
                       if unit.endswith("/CPU s") or unit == "times"}
        width = max(len(row) for row in self.rows) + 2
        print(f"{'':{width}}{'unit':>12} " + "".join(f"{n:>14}" for n in names) + f"{'ratio':>9}")
        result, groups = {}, {}
        for row, values in self.rows.items():
            medians = {n: statistics.median(values[n]) for n in names}
            mine = medians[subject]
            best = (max if row in better_high else min)(medians[n] for n in others)
            ratio = mine / best if row in better_high else best / mine
            result[row] = {"unit": self.units[row], "median": medians, "ratio": ratio}
            if "-" in row and " " not in row:
                groups.setdefault(row.split("-")[0] + "-*", []).append(ratio)
            print(f"{row:{width}}{self.units[row]:>12} " +
                  "".join(f"{medians[n]:14.3f}" for n in names) + f"{ratio:9.2f}")
        below = []
        for group, ratios in groups.items():
            mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
            result[group] = {"ratio": mean}
            print(f"{group:{width}}{'geo. mean':>12} {'':{14 * len(names)}}{mean:9.2f}")
        for row, floor in self.floors().items():
            if row in result and result[row]["ratio"] < floor:
                below.append(f"{row}: {result[row]['ratio']:.2f} < {floor}")
        for row, limit in LIMITS.items():
            if row in result and result[row]["median"][subject] > limit:
                below.append(f"{row}: {result[row]['median'][subject]:.1f} > {limit}")
        result_file = self.options.json
        if result_file:
            with open(result_file, "w", encoding="utf-8") as out:
                json.dump(result, out, indent=1)
        print("floors and limits: " + ("all kept" if not below else "; ".join(below)))
        return not below


def contenders(given, arch):
    if given:
        return {n: shlex.split(c) for n, _, c in (word.partition("=") for word in given)}
    ours = busybox.ARCHS[arch][0]
    qemu = f"qemu-system-{ours}"
    found = {"subject": console.system(ours)}
    host = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE,
                          text=True, check=False).stdout
    found["qemu-" + re.search(r"version (\d+\.\d+)", host)[1]] = [qemu]
    sid = subprocess.run([os.path.join(HERE, "get-qemu.sh")], stdout=subprocess.PIPE, text=True,
                         check=True).stdout
    tree = dict(line.split("=", 1) for line in sid.splitlines())
    found["qemu-" + tree["version"]] = [os.path.join(tree["bin"], qemu)]
    return found


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=["boot", "cpu", "io", "raspi", "all"])
    parser.add_argument("contenders", nargs="*", metavar="NAME=COMMAND")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--mib", type=int, default=128)
    parser.add_argument("--arch", choices=sorted(busybox.ARCHS), default="riscv64")
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--cpu")
    parser.add_argument("--words", default="")
    parser.add_argument("--only", default="all")
    parser.add_argument("--disk", choices=sorted(DISKS), default="blk")
    parser.add_argument("--bios")
    parser.add_argument("--json")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_intermixed_args()
    riscv = options.arch == "riscv64"
    options.cpu = options.cpu or ("rv64" if riscv else "cortex-a72")
    if riscv and not options.bios:
        options.bios = console.artefact("firmware-riscv64.sh")["trixie"]
    runs = contenders(options.contenders, options.arch)
    if len(runs) < 2:
        sys.exit("compare.py: one command alone; name another NAME=COMMAND to compare it with")
    bench = Bench(options)
    parts = {"boot": [bench.boot] + [bench.finisher] * riscv, "cpu": [bench.programs],
             "io": [bench.throughput]}
    board = {"raspi": [bench.raspi]}
    todo = sum(parts.values(), []) if options.what == "all" else \
        {**parts, **board}[options.what]
    for turn in range(options.rounds):
        for name, command in runs.items():
            print(f"round {turn + 1} of {options.rounds}: {name}", file=sys.stderr)
            for part in todo:
                if part != bench.finisher or turn == 0:
                    part(name, command)
    if not bench.report(list(runs)) and options.strict:
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except console.Failed as failure:
        sys.exit(f"compare.py: {failure}")
