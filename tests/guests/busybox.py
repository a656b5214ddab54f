# SPDX-License-Identifier: MIT
"""busybox.py - the small guest of busybox-initrd.sh: its command line and its answers."""
import console


# Debian's name: ours, and the serial port's in the guest
ARCHS = {"riscv64": ("riscv64", "ttyS0"), "arm64": ("aarch64", "ttyAMA0"),
         "arm64-16k": ("aarch64", "ttyAMA0")}


def line(jobs, *options, cpus=1, memory=512, words="", command=None, bios=None, arch="riscv64",
         machine="virt", once=True):
    """The command that boots the small guest to do `jobs`; `once`: a reboot is the end."""
    files = console.artefact("busybox-initrd.sh", arch)
    ours, tty = ARCHS[arch]
    append = f"console={tty} quiet panic=-1 pbcmd={jobs} {words}".strip()
    return [*(command or console.system(ours)), "-M", machine, "-m", str(memory), "-smp", str(cpus),
            "-nographic", *(["-no-reboot"] if once else []), *(["-bios", bios] if bios else []),
            "-kernel", files["kernel"], "-initrd", files["initrd"], "-append", append, *options]


def finish(guest, timeout=120):
    """Waits for the jobs' end; every one of them must have gone well."""
    guest.expect(r"PB-INIT-REACHED$", timeout=timeout)  # behind a firmware's prompt, it may be
    done = guest.expect(r"^PB-DONE (\d+) failed$", timeout=timeout, stop=r"Kernel panic")
    if done.group(1) != "0":
        raise console.Failed("a job in the guest failed")
    guest.ends(0)
