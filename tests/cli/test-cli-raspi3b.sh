#!/bin/sh
# SPDX-License-Identifier: MIT
# What raspi3b cannot have and what no card is: each is refused with place, cause and cure, and
# nothing is written to the image.
BUILD=${1:?usage: $0 BUILD-TREE}
PI=$BUILD/bin/plugboard-system-aarch64
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
cd "$T" || exit 1
fail=0
expect() { # PATTERN OPTION...
    pattern=$1
    shift
    out=$(timeout 20 "$PI" -M raspi3b -nographic "$@" 2>&1 </dev/null)
    code=$?
    [ $code = 1 ] || { echo "$*: exit status $code"; fail=1; }
    case $out in
    *"$pattern"*) ;;
    *) echo "$*: expected '$pattern', got: $out"; fail=1 ;;
    esac
}
sd() { # FILE: options
    echo "-drive if=sd,format=raw,file=$1"
}

: >empty
head -c 300 /dev/zero >short
truncate -s 1M blank other
# one partition of a FAT type that begins behind the image's end (its entry at 446, 0x55aa at 510)
cp blank lies
put() { # AT BYTES
    # shellcheck disable=SC2059 # the format is the bytes
    printf "$2" | dd of=lies bs=1 seek="$1" conv=notrunc 2>/dev/null
}
put 446 '\0\0\0\0\014\0\0\0\377\377\377\177\0\020\0\0'
put 510 '\125\252'
md5sum empty short blank other lies >sums

expect "-m: Invalid RAM size, should be 1.0" -m 2048
expect "-smp: Invalid SMP CPUs 2. The min CPUs supported by machine 'raspi3b' is 4" -smp 2
expect "-smp: Invalid SMP CPUs 5. The max CPUs supported by machine 'raspi3b' is 4" -smp 5
expect "give the image of an SD card, or -kernel FILE"
# shellcheck disable=SC2046 # options are words
{
    expect "No room for device 'sd-card': bus 'sd-slot-bus.0' has 'sd-card#0' already
leave one of the two out" $(sd blank) $(sd other)
    expect "sd-card: the image is empty; a card image holds at least a partition table" $(sd empty)
    for card in short blank; do
        expect "neither a partition table nor a FAT file system; give an image as it is written" \
            $(sd $card)
    done
    expect "no boot partition among its 1: the boot sector lies behind the end of the image (byte \
1099511627264 of 1048576)" $(sd lies)
}
expect "Could not open 'nowhere': No such file or directory
check the path" -sd nowhere
expect "-dtb: could not open device tree 'nowhere': No such file or directory" \
    -kernel blank -dtb nowhere
md5sum --quiet -c sums || { echo "an image was written to"; fail=1; }
exit $fail
