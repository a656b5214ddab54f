#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Debian's kernel on raspi3b, with its own device tree for the board.

usage: test-guest-raspi.py CASE
  card       the image of a card in one word: kernel, RAM disk, tree and command line are found in
             its boot partition by the firmware's own names; nothing is written to it
  probe      four CPUs, the hardware's random numbers; poweroff ends with status 0
  mini-uart  the same on the mini UART as second -serial, the tree left as it is
  reset      a reboot through the watchdog boots again
  sdhost     the SD card by the board's own host, with DMA: written, read back after dropping
             caches, and the same on the host. A second argument: MiB (64)
  sdhci      the same by the SDHCI
  usb-storage  the same on a USB disk
  usb        the slide's network: -device usb-net, a fetch from the host
  i2c        a DS1307 on the header's I2C bus by Debian's driver: read, set, read again
  spi        a W25Q64 on SPI by Debian's drivers: written, read after dropping caches, and the same
             on the host, with a reset of the machine in mid-transfer; a second flash by spidev
  input      keys, moves and places of the monitor arrive by USB
  exchange   SD card, USB disk and flash are all written and read while the plugins of the last two,
             of the USB host and of the hub that came with the network card are exchanged again and
             again, and so all state saved and loaded
  pattern    what a bare program draws into a framebuffer from the mailbox, by screendump
  screen     the text console on the framebuffer, by screendump"""
import hashlib
import os
import re
import socket
import sys
import threading
import time
import zlib
import card as cards
import console
import inputs


def command(dtb, words, *options, machine="raspi3b", tty="ttyAMA0"):
    """The slide's line, with a busybox initrd."""
    files = console.artefact("raspi-initrd.sh")
    return [*console.system("aarch64"), "-m", "1024", "-M", machine, "-smp", "4", "-nographic",
            "-kernel", files["kernel"], "-initrd", files["initrd"], "-dtb", files[dtb],
            "-append", f"console={tty} quiet panic=-1 {words}", *options]


def finish(guest, timeout=150):
    done = guest.expect(r"^PB-DONE (\d+) failed$", timeout=timeout, stop=r"Kernel panic")
    if done.group(1) != "0":
        raise console.Failed("a job in the guest failed")
    guest.ends(0)


def probe(line=None):
    with console.Guest(line or command("dtb", "pbcmd=probe")) as guest:
        guest.expect(r"node removed: bluetooth, wifi", timeout=10)
        finish(guest)
        for fact in ("PB-PROBE cpus 4", "PB-PROBE rng 3f104000.rng"):
            if fact not in guest.text:
                raise console.Failed(f"the guest did not say '{fact}'")


def one_word():
    files = console.artefact("raspi-initrd.sh")
    with console.scratch() as folder:
        image = os.path.join(folder, "card.img")
        cards.make(image, {
            "config.txt": "[pi3]\narm_64bit=1\n[pi4]\nkernel=none.img\n[all]\nauto_initramfs=1\n",
            "cmdline.txt": "console=serial0,115200 quiet panic=-1 pbcmd=probe\n",
            "kernel8.img": files["kernel"], "initramfs8": files["initrd"],
            "bcm2710-rpi-3-b.dtb": files["dtb-3b"]})
        with open(image, "rb") as file:
            before = hashlib.md5(file.read()).digest()
        probe([*console.system("aarch64"), "-M", "raspi3b", "-nographic", image])
        with open(image, "rb") as file:
            if hashlib.md5(file.read()).digest() != before:
                raise console.Failed("the boot wrote to the image")


def mini_uart():
    with console.Guest(command("dtb-3b", "pbcmd=shell", "-serial", "null", "-serial", "stdio",
                               "-monitor", "none", machine="raspi3b,dtb-patch=off",
                               tty="ttyS1")) as guest:
        guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
        guest.run("test $(grep -c ^processor /proc/cpuinfo) = 4", timeout=60)
        guest.send("poweroff -f\n")
        guest.ends(0)


def reset():
    with console.Guest(command("dtb", "pbcmd=shell")) as guest:
        for _ in range(2):
            guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
            guest.run("test -c /dev/watchdog", timeout=60)
            guest.send("busybox reboot -f\n")
        guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")


def disk(dtb, driver, name="mmcblk0", drive="if=sd", options=()):
    mib = int(sys.argv[2]) if len(sys.argv) > 2 else 64
    with console.scratch() as folder:
        path = os.path.join(folder, "disk.raw")
        with open(path, "wb") as file:
            file.truncate((mib << 20) + 512) # no card has that size
        with console.Guest(command(dtb, f"pbcmd=disk pbdisk={name} pbmib={mib} loglevel=7",
                                   "-drive", f"file={path},format=raw,{drive}",
                                   *options)) as guest:
            guest.expect(driver, timeout=120)
            finish(guest, timeout=150 + 4 * mib)
            wrote = re.search(r"PB-NOTE disk \d+ MiB wrote (\w+) ", guest.text).group(1)
        with open(path, "rb") as file:
            if hashlib.md5(file.read(mib << 20)).hexdigest() != wrote:
                raise console.Failed("the image does not hold what the guest wrote")


def sdhost():
    disk("dtb", r"sdhost-bcm2835 3f202000.mmc: loaded - DMA enabled")


def sdhci():
    disk("dtb-sdhci", r"SDHCI controller on 3f300000.mmc")


def usb_storage():
    disk("dtb", r"usb-storage 1-1(\.\d+)?:1\.0: USB Mass Storage device", "sda", "if=none,id=stick",
         ["-device", "usb-storage,drive=stick"])


def usb():
    payload = os.urandom(4 << 20)
    give = socket.create_server(("127.0.0.1", 0))

    def serve():
        caller, _ = give.accept()
        with caller:
            caller.sendall(payload)
    threading.Thread(target=serve, daemon=True).start()
    words = f"pbcmd=net pbget={give.getsockname()[1]}"
    options = ["-device", "usb-net,netdev=net0,mac=b8:27:eb:00:00:01", # makes it eth0
               "-netdev", "user,id=net0"]
    with console.Guest(command("dtb", words, *options)) as guest:
        finish(guest)
        if f"PB-NOTE get {hashlib.md5(payload).hexdigest()}" not in guest.text:
            raise console.Failed("what came to the guest is not what was sent")


def i2c():
    new = "/sys/bus/i2c/devices/i2c-1/new_device"
    with console.Guest(command("dtb", "pbcmd=shell", "-device", "ds1307,bus=i2c1")) as guest:
        guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
        guest.run(f"dmesg -n 1; echo ds1307 0x68 >{new}; cd /sys/class/rtc/rtc0")
        late = time.time() - int(guest.run("cat since_epoch").split()[-1])
        if not -2 < late < 60:
            raise console.Failed(f"the clock is {late} s behind the host's")
        guest.run("date -s '2024-02-28 23:59:50' && busybox hwclock -w -u -f /dev/rtc0")
        guest.run("until grep -q 00: time; do sleep 1; done")
        if "2024-02-29" not in guest.run("cat date"):
            raise console.Failed("the day after 28 February 2024 is another")


def flash(folder):
    """Options for an erased flash, and its image."""
    path = os.path.join(folder, "nor.img")
    with open(path, "wb") as file:
        file.write(b"\xff" * (8 << 20))
    return path, ["-drive", f"file={path},format=raw,if=none,id=nor",
                  "-device", "w25q64,bus=spi,drive=nor"]


def spidev(guest):
    """One page of the chip at CE1."""
    chip = "pb-spi /dev/spidev0.1"
    page = [f"{i:02x}" for i in range(256)]
    if "ef4016" not in guest.run(f"{chip} 3 9f"):
        raise console.Failed("spidev reads another JEDEC ID than ef4016")
    guest.run(f"{chip} 0 06; {chip} 0 20 01 20 00; {chip} 0 06; {chip} 0 02 01 20 00 " +
              " ".join(page))
    if "ff" + "".join(page) + "ff" not in guest.run(f"{chip} 258 03 01 1f ff"):
        raise console.Failed("spidev does not read what it wrote")


def spi():
    with console.scratch() as folder:
        path, options = flash(folder)
        with console.Guest(command("dtb-spi", "pbcmd=shell", *options, "-device",
                                   "w25q32,bus=spi,cs=1", "-monitor",
                                   f"unix:{path}.monitor,server=on,wait=off")) as guest:
            guest.wait_for_file(path + ".monitor", 30)
            monitor = console.Monitor(path + ".monitor")
            for again in (True, False): # the second time behind the shell's prompt
                guest.expect(r"PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
                guest.run("dmesg -n 1; until test -b /dev/mtdblock0; do sleep 1; done")
                if again: # at work
                    guest.send("pb-stream busy 8 | dd of=/dev/mtdblock0 bs=64k & echo PB-''BUSY\n")
                    guest.expect(r"^PB-BUSY$")
                    guest.run("usleep 300000")
                    monitor.do("system_reset")
            spidev(guest)
            guest.run("test $(cat /sys/class/mtd/mtd0/size) = 8388608")
            guest.run("pb-stream spi 1 >/tmp/a && dd if=/tmp/a of=/dev/mtdblock0 bs=64k seek=3",
                      timeout=120)
            guest.run("sync; echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/mtdblock0 of=/tmp/b "
                      "bs=64k skip=3 count=16 && cmp /tmp/a /tmp/b", timeout=120)
            wrote = re.search(r"\b[0-9a-f]{32}\b", guest.run("md5sum /tmp/a")).group(0)
            guest.send("poweroff -f\n")
            guest.ends(0)
        with open(path, "rb") as file:
            file.seek(3 << 16)
            if hashlib.md5(file.read(1 << 20)).hexdigest() != wrote:
                raise console.Failed("the image does not hold what the guest wrote")


def arrivals():
    with console.scratch() as folder:
        path = os.path.join(folder, "monitor")
        with console.Guest(command("dtb", "pbcmd=shell", "-monitor",
                                   f"unix:{path},server=on,wait=off", "-device", "usb-kbd",
                                   "-device", "usb-mouse", "-device", "usb-tablet")) as guest:
            guest.wait_for_file(path, 30)
            monitor = console.Monitor(path)
            guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
            guest.run("dmesg -n 1")
            inputs.arrive(guest, monitor)
            guest.send("poweroff -f\n")
            guest.ends(0)


def exchange(times=8, mib=16):
    with console.scratch() as folder:
        _, options = flash(folder)
        for name in ("card", "stick"):
            with open(os.path.join(folder, name), "wb") as file:
                file.truncate(mib << 20)
        options += ["-drive", f"file={folder}/card,format=raw,if=sd",
                    "-drive", f"file={folder}/stick,format=raw,if=none,id=stick",
                    "-device", "usb-storage,drive=stick",
                    "-monitor", f"unix:{folder}/monitor,server=on,wait=off"]
        jobs = {"mmcblk0": mib, "sda": mib, "mtdblock0": 2}
        with console.Guest(command("dtb-spi", "pbcmd=shell", *options)) as guest:
            guest.wait_for_file(os.path.join(folder, "monitor"), 30)
            monitor = console.Monitor(os.path.join(folder, "monitor"))
            monitor.socket.settimeout(120) # an exchange waits for what the host's disk still does
            guest.expect(r"^PB-INIT-REACHED$", timeout=120, stop=r"Kernel panic")
            guest.run("dmesg -n 1")
            for disk, size in jobs.items():
                guest.run(f"until test -b /dev/{disk}; do usleep 100000; done")
                guest.run(f"(pb-stream {disk} {size} | dd of=/dev/{disk} bs=64k conv=fsync; "
                          "echo 3 >/proc/sys/vm/drop_caches; dd bs=64k "
                          f"if=/dev/{disk} count={size * 16} | md5sum >/tmp/{disk}) "
                          f"2>/tmp/{disk}.said & :")
            for _ in range(times):
                for plugin in ("dwc2", "usb-hub", "usb-storage", "w25q64"):
                    if "bytes of state" not in (said := monitor.do(f"plugin_reload {plugin}")):
                        raise console.Failed(f"plugin_reload {plugin}: {said}")
                time.sleep(0.2)
            guest.run("wait", timeout=300)
            for disk, size in jobs.items():
                same = f"pb-stream {disk} {size} | md5sum | busybox cmp - /tmp/{disk}"
                if guest.command_line(same, timeout=60)[0]:
                    why = guest.command_line(f"cat /tmp/{disk} /tmp/{disk}.said; dmesg | tail -20")
                    raise console.Failed(f"{disk} does not hold what was written: {why[1]}")
            guest.send("poweroff -f\n")
            guest.ends(0)


def screendump(line, pattern, path):
    """The picture when the guest has said `pattern`: width, height, rows of RGB bytes."""
    sock = path + ".monitor"
    with console.Guest([*line, "-monitor", f"unix:{sock},server=on,wait=off"]) as guest:
        guest.expect(pattern, timeout=120, stop=r"Kernel panic")
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(sock)
            monitor.sendall(f"screendump {path}\nquit\n".encode())
            guest.ends(0)
    with open(path, "rb") as file:
        data = file.read()
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[24:29] != bytes([8, 2, 0, 0, 0]):
        raise console.Failed("the picture is no PNG of 24 bits")
    width, height, size = (int.from_bytes(data[i:i + 4], "big") for i in (16, 20, 33))
    if zlib.crc32(data[37:41 + size]) != int.from_bytes(data[41 + size:45 + size], "big"):
        raise console.Failed("the picture's checksum is wrong")
    pixels = zlib.decompress(data[41:41 + size])
    pitch = 3 * width + 1 # each row begins with its filter: none
    return width, height, [pixels[y * pitch + 1:(y + 1) * pitch] for y in range(height)]


def pattern():
    with console.scratch() as folder:
        width, height, rows = screendump(
            [*console.system("aarch64"), "-M", "raspi3b", "-nographic", "-kernel",
             console.artefact("baremetal-aarch64.sh")["pattern"]],
            r"^PB-PATTERN drawn$", keep(os.path.join(folder, "pattern.png")))
    if (width, height) != (320, 240):
        raise console.Failed(f"the picture has {width} by {height} pixels")
    for y, row in enumerate(rows):
        drawn = b"".join(bytes([x * 255 // 319, y * 255 // 239,
                                255 if (x // 16 + y // 16) % 2 else 0]) for x in range(width))
        if row != drawn:
            raise console.Failed(f"row {y} is not what the program drew")


def keep(path):
    """A second argument names where the picture is to stay."""
    return os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else path


def screen():
    """The kernel's text console: something is drawn, not all of it."""
    with console.scratch() as folder:
        width, height, rows = screendump(
            command("dtb", "loglevel=7 pbcmd=idle", tty="tty0 console=ttyAMA0"),
            r"^PB-INIT-REACHED$", keep(os.path.join(folder, "screen.png")))
    lit, size = sum(1 for row in rows for b in row if b), 3 * width * height
    if (width, height) != (640, 480) or not size // 500 < lit < size // 2:
        raise console.Failed(f"{lit} of {size} bytes are lit: no text console")


CASES = {"card": one_word, "probe": probe, "mini-uart": mini_uart, "reset": reset, "sdhost": sdhost,
         "sdhci": sdhci, "usb-storage": usb_storage, "usb": usb, "i2c": i2c, "spi": spi,
         "input": arrivals, "exchange": exchange, "pattern": pattern, "screen": screen}
console.main(CASES[sys.argv[1]])
