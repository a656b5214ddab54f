#!/bin/sh
# SPDX-License-Identifier: MIT
# Command lines that scripts written for QEMU's `virt` boards carry start here, too, with the disks
# and cards where such scripts expect them; firmware is told the order that bootindex= says, in
# QEMU's words.
BUILD=${1:?usage: $0 BUILD-TREE}
ARM=$BUILD/bin/plugboard-system-aarch64 RISCV=$BUILD/bin/plugboard-system-riscv64
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
for p in "$ARM" "$RISCV"; do
    [ -x "$p" ] || { echo "needs $p"; exit 77; }
done
truncate -s 1M a.raw b.raw c.raw
truncate -s 64M code.raw vars.raw
truncate -s 32M rcode.raw
mkdir share
fail=0 n=0
starts() { # PROGRAM OPTIONS...
    n=$((n + 1))
    printf "info qtree\ninfo network\nquit\n" | timeout 20 "$@" -S -display none -monitor stdio >out 2>&1 ||
        { echo "$*:"; head -3 out; fail=1; }
}
has() { grep -q "$1" out || { echo "no '$1' in:"; tail -5 out; fail=1; }; }
A="-drive if=none,format=raw,file=a.raw,id=a" B="-drive if=none,format=raw,file=b.raw,id=b"

# operating-system courses: the first slot by name, either layout of registers, no other disk there
# shellcheck disable=SC2086 # the words of $A
starts "$RISCV" -M virt -bios none -m 128M -smp 3 -global virtio-mmio.force-legacy=false $A \
    -device virtio-blk-device,drive=a,bus=virtio-mmio-bus.0
# shellcheck disable=SC2086
starts "$RISCV" -M virt $A -device virtio-blk-device,drive=a -netdev user,id=n \
    -device virtio-net-device,netdev=n
grep -A2 "bus: virtio-mmio-bus.7" out | grep -q virtio-blk-device || { echo "not the last slot"; fail=1; }
has virtio-mmio-bus.6
starts "$ARM" -machine virt -machine gic-version=3 -cpu cortex-a72
has "dev: virtio-net-pci" # the card that one gets without asking
starts "$ARM" -M virt,accel=kvm:tcg,usb=off,graphics=off,dump-guest-core=off,mem-merge=off,iommu=none
starts "$ARM" -M virt,gic_version=3,mte=off,ras=off,nvdimm=false,hmat=no -no-acpi
starts "$ARM" -M virt,pflash0=code,pflash1=vars \
    -blockdev driver=file,node-name=code,filename=code.raw,read-only=on \
    -blockdev '{"driver":"file","node-name":"vars","filename":"vars.raw"}'
starts "$RISCV" -M virt,pflash0=code,aclint=off -blockdev driver=file,node-name=code,filename=rcode.raw
starts "$ARM" -M virt -smp 4,sockets=1,dies=1,clusters=2,cores=2,threads=1 -m 1G,slots=0,maxmem=1G
starts "$ARM" -M virt -drive file=a.raw,if=virtio,format=raw,cache=none,aio=native,discard=on \
    -drive driver=raw,file.driver=file,file.filename=b.raw,if=virtio
# shellcheck disable=SC2086
starts "$ARM" -M virt -object rng-random,filename=/dev/urandom,id=r0 -object iothread,id=io \
    -device virtio-rng-pci,rng=r0 $A -device virtio-blk-pci,drive=a,scsi=off,iothread=io,bootindex=1
starts "$ARM" -M virt -nodefaults -vga none -parallel none -vnc none -sandbox off \
    -action reboot=shutdown,shutdown=pause -boot menu=on,splash-time=3000,strict=on
starts "$ARM" -M virt -netdev user,id=n -device virtio-net-pci,netdev=n,csum=off,gso=off,mq=on,status=on
starts "$ARM" -M virt -nic user -netdev user,id=n -netdev user,id=m \
    -device e1000,netdev=m,mac=52:54:00:12:34:57 -device virtio-net-pci,netdev=n
has macaddr=52:54:00:12:34:56
has macaddr=52:54:00:12:34:58
# shellcheck disable=SC2086
starts "$ARM" -M virt -device virtio-scsi-pci,id=scsi0 $A -device scsi-hd,drive=a,bus=scsi0.0 \
    -drive if=none,id=cd,media=cdrom -device scsi-cd,drive=cd
has "bus: scsi0.0"
has "dev: scsi-cd"
# shellcheck disable=SC2086
starts "$RISCV" -M virt -device virtio-scsi-device $A -device scsi-hd,drive=a -device scsi-cd
has "bus: scsi.0"
# libvirt's root ports, a bridge, sizes of queues
starts "$ARM" -M virt -device pcie-root-port,port=8,chassis=1,id=pci.1,bus=pcie.0,multifunction=on,addr=0x1 \
    -device pcie-root-port,port=9,chassis=2,id=pci.2,bus=pcie.0,addr=0x1.0x1 \
    -device pci-bridge,chassis_nr=3,shpc=off,id=br,addr=9 -netdev user,id=n \
    -device virtio-net-pci,netdev=n,bus=pci.2,rx_queue_size=512,tx_queue_size=256,vectors=4
# what belongs to the translator and to a drive's file
starts "$ARM" -M virt -m 1.5G -accel tcg,tb-size=64 -d in_asm,int -D log -name x,debug-threads=on \
    -drive if=none,id=a,format=raw,file=a.raw,cache.direct=off,cache.no-flush=on,file.locking=off \
    -drive if=none,id=b,format=raw,file=a.raw,file.locking=off -rtc driftfix=none -gdb none \
    -netdev user,id=n -device virtio-net-pci,netdev=n,rombar=0
# -smp's levels
topology() { # NODES-THAT-ARE NODE-THAT-IS-NOT PROGRAM OPTIONS...
    is=$1 not=$2
    shift 2
    n=$((n + 1))
    timeout 20 "$@" -display none >out 2>&1
    for node in $is; do grep -qa "$node" dtb || { echo "$*: no $node"; fail=1; }; done
    grep -qa "$not" dtb && { echo "$*: $not"; fail=1; }
    rm -f dtb
}
topology "socket1 cluster0 core1 thread1" cluster1 "$ARM" -M virt,dumpdtb=dtb -smp 8,sockets=2,cores=2,threads=2
topology "socket0 cluster1 core1" thread "$ARM" -M virt,dumpdtb=dtb -smp 4,clusters=2
topology "socket0 cluster0 core3" thread "$ARM" -M virt,dumpdtb=dtb -smp 4
topology "socket3 core0" core1 "$ARM" -M virt,dumpdtb=dtb -smp 4,sockets=4

# bootindex: a program without a system prints what firmware reads
code() { # WORDS FILE
    python3 -c 'import sys; sys.stdout.buffer.write(b"".join(bytes.fromhex(w)[::-1] for w in sys.argv[1].split()))' "$1" >"$2"
}
code "d2a12040 d2a12001 52840002 79001002 39400003 34000063 39000023 17fffffd 52b08000 72800100 d4000002 14000000" arm
code "101002b7 10000337 000023b7 00729423 0002c503 00050663 00a30023 ff5ff06f 001002b7 00005337 55530313 0062a023 0000006f" riscv
printed() { # WANTED PROGRAM OPTIONS...
    n=$((n + 1))
    printf '%s' "$1" >want
    shift
    timeout 20 "$@" -M virt -nodefaults -display none -serial file:got >out 2>&1 || { cat out; fail=1; }
    diff want got || { echo "$*: another order"; fail=1; }
}
# shellcheck disable=SC2086
printed '/virtio-mmio@000000000a003e00/disk@0,0
/pci@ffffffffffffffff/pci1b36,0010@2/namespace@1,0
/pci@ffffffffffffffff/ethernet@3/ethernet-phy@0
/pci@ffffffffffffffff/scsi@1/disk@0,0
/pci@ffffffffffffffff/pci-bridge@8/scsi@0/disk@0,0
/pci@ffffffffffffffff/scsi@4/channel@0/disk@3,1
HALT' "$ARM" -device loader,file=arm,addr=0x40080000 -device loader,addr=0x40080000,cpu-num=0 $A $B \
    -drive if=none,format=raw,file=c.raw,id=c -drive if=none,format=raw,file=code.raw,id=d \
    -netdev user,id=n -device virtio-blk-pci,drive=a,bootindex=3,addr=1 \
    -device nvme,serial=1,drive=b,bootindex=1,addr=2 -device e1000,netdev=n,bootindex=2,addr=3 \
    -device virtio-blk-device,drive=c,bootindex=0 -device pcie-root-port,id=rp,chassis=1,addr=8 \
    -device virtio-blk-pci,bus=rp,drive=d,bootindex=9 -device virtio-scsi-pci,addr=4 \
    -drive if=none,format=raw,file=vars.raw,id=e -boot strict=on \
    -device scsi-hd,drive=e,scsi-id=3,lun=1,bootindex=10
# shellcheck disable=SC2086
printed '/virtio-mmio@0000000010008000/disk@0,0
/pci@ffffffffffffffff/scsi@1/disk@0,0' "$RISCV" -bios none \
    -device loader,file=riscv,addr=0x80000000 $A $B -device virtio-blk-pci,drive=a,bootindex=3 \
    -device virtio-blk-device,drive=b,bootindex=0

refused() { # WORDS PROGRAM OPTIONS...
    n=$((n + 1))
    words=$1
    shift
    timeout 20 "$@" -S -display none -monitor none >out 2>&1 && { echo "$*: not refused"; fail=1; }
    has "$words"
}
refused "The bootindex 1 has already been used by" "$ARM" -M virt -netdev user,id=n -netdev user,id=m \
    -device e1000,netdev=n,bootindex=1 -device e1000,netdev=m,bootindex=1
# shellcheck disable=SC2086
refused "No 'SCSI' bus found for device 'scsi-hd'" "$ARM" -M virt $A -device scsi-hd,drive=a
refused "machine type does not support if=scsi,bus=0,unit=0" "$RISCV" -M virt \
    -drive if=scsi,format=raw,file=a.raw
# shellcheck disable=SC2086
refused "lun already used by 'x'" "$ARM" -M virt -device virtio-scsi-pci $A $B \
    -device scsi-hd,drive=a,scsi-id=2,lun=0,id=x -device scsi-hd,drive=b,scsi-id=2,lun=0
refused "'virtio-rng-pci.rng' can't find value 'r1'" "$ARM" -M virt -device virtio-rng-pci,rng=r1
refused "Invalid RAM size, machine .virt. takes at most" "$ARM" -M virt,highmem=off -m 4G
refused "option 'mte' takes only off, not 'on'; CPUs have no memory tags" "$ARM" -M virt,mte=on
refused "'virt-machine.pflash0' can't find value 'x'" "$ARM" -M virt,pflash0=x
refused "dies not supported" "$ARM" -M virt -smp 4,dies=2
near="QEMU has it, this version not yet; the nearest here is"
refused "$near 'virtio-blk-pci'" "$ARM" -M virt -device lsi53c895a
refused "$near 'user'" "$ARM" -M virt -netdev tap,id=n
refused "$near 'virt'" "$ARM" -M virt-7.2
refused "$near 'max'" "$ARM" -M virt -cpu a64fx
refused "QEMU has it, this version not yet" "$RISCV" -M virt -object memory-backend-ram,id=m,size=1G
refused "did you mean 'virtio-net-pci'" "$RISCV" -M virt -device virtio-net-pcii
truncate -s 65M big
refused "it has 68157440 bytes, and flash0, where it goes, 67108864" "$ARM" -M virt -bios big
refused "invalid queue-size property, must be a power of 2" "$ARM" -M virt -device virtio-blk-pci,drive=a,queue-size=100 \
    -drive if=none,format=raw,file=a.raw,id=a
refused "QEMU has it" "$ARM" -M virt -d page
refused "no more room, or this machine has no such bus" "$ARM" -M raspi3b -device virtio-rng-pci
refused "virt,help lists" "$ARM" -M virt,nosuch=1
refused "no fw_cfg device" "$ARM" -M raspi3b -boot strict=on
echo "$n command lines"
exit $fail
