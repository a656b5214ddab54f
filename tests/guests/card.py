# SPDX-License-Identifier: MIT
"""card.py - makes small images of SD cards: an MBR and one FAT partition with files."""
import os
import subprocess

START = 1 << 20 # where the partition begins


def tool(*words):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "PATH": path})


def make(image, files, mib=96, bits=16):
    """`files` are names and where each is on the host, or its text."""
    fat = image + ".fat"
    tool("mkfs.vfat", "-C", "-F", str(bits), fat, str(mib << 10))
    for name, source in files.items():
        given = source
        if not os.path.exists(source):
            given = image + ".text"
            with open(given, "w", encoding="ascii") as file:
                file.write(source)
        tool("mcopy", "-i", fat, given, f"::/{name}")
    with open(image, "wb") as file:
        file.truncate(START + (mib << 20))
    subprocess.run(["/usr/sbin/sfdisk", "-q", image], check=True,
                   input=f"label: dos\nstart={START >> 20}MiB size={mib}MiB type=e\n".encode())
    tool("dd", f"if={fat}", f"of={image}", "bs=1M", f"seek={START >> 20}",
         "conv=notrunc,sparse", "status=none")
    os.remove(fat)
