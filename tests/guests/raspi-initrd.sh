#!/bin/sh
# SPDX-License-Identifier: MIT
# raspi-initrd.sh - the small guest of busybox-initrd.sh for the Raspberry Pi 3: with the modules of
# its blocks and raspi/pb-spi, and the kernel package's device trees: as they are, with the card
# slot given to the SDHCI instead of SDHOST, and with two flashes on SPI, of which spidev has one.
# Prints kernel=, initrd=, dtb=, dtb-3b=, dtb-sdhci=, dtb-spi= PATH.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=lib.sh
. "$here/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

wanted='bcm2835_wdt bcm2835_rng bcm2835_thermal raspberrypi_cpufreq i2c_bcm2835 spi_bcm2835 bcm2835
sdhci_iproc phy_generic dwc2 cdc_ether rndis_host usb_storage usbhid hid_generic evdev sd_mod
rtc_ds1307 spi_nor mtdblock spidev'

small=$("$here/busybox-initrd.sh" arm64)
kernel=$(echo "$small" | sed -n 's/^kernel=//p')
first=$(echo "$small" | sed -n 's/^initrd=//p')
if guest_begin raspi "$here/kernel-debian.sh" "$here/busybox-initrd.sh" "$here"/busybox/* \
    "$here"/raspi/*; then
    need aarch64-linux-gnu-gcc dpkg-deb depmod modprobe xz cpio gzip fdtput fdtget
    package=$(dpkg-deb -f "$(suite trixie arm64 fetch linux-image-arm64)" Depends |
        grep -o 'linux-image-[^ ,]*' | head -n 1)
    version=${package#linux-image-}
    suite trixie arm64 unpack "$tmp/deb" "$package"
    [ -e "$tmp/deb/lib" ] || ln -s usr/lib "$tmp/deb/lib"
    depmod -b "$tmp/deb" "$version"
    mkdir -p "$tmp/root/modules"
    for name in $wanted; do
        modprobe -d "$tmp/deb" -S "$version" --show-depends "$name" || die "no module $name"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r path; do
        file=$(basename "$path" .xz)
        xz -dc "$path" >"$tmp/root/modules/$file"
        echo "$file" >>"$tmp/root/modules/order"
    done
    mkdir "$tmp/root/bin"
    aarch64-linux-gnu-gcc -std=c11 -O2 -static -s -Wall -Wextra -Werror -o "$tmp/root/bin/pb-spi" \
        "$here/raspi/pb-spi.c"
    pack_cpio "$tmp/root" >"$tmp/modules.gz"
    cat "$first" "$tmp/modules.gz" >"$tmp/initrd.gz"
    for board in 3-b 3-b-plus; do
        cp "$tmp/deb/usr/lib/$package/broadcom/bcm2837-rpi-$board.dtb" "$tmp/$board.dtb"
    done
    cp "$tmp/3-b-plus.dtb" "$tmp/sdhci.dtb"
    fdtput "$tmp/sdhci.dtb" /soc/gpio@7e200000/emmc-gpio48 phandle 4096
    fdtput "$tmp/sdhci.dtb" /soc/mmc@7e300000 pinctrl-0 4096
    fdtput -d "$tmp/sdhci.dtb" /soc/mmc@7e300000 mmc-pwrseq
    fdtput -t s "$tmp/sdhci.dtb" /soc/mmc@7e202000 status disabled
    cp "$tmp/3-b-plus.dtb" "$tmp/spi.dtb"
    fdtput -t s "$tmp/spi.dtb" /soc/spi@7e204000 status okay
    gpio=$(fdtget "$tmp/spi.dtb" /soc/gpio@7e200000 phandle)
    # as the vendor's trees have it
    fdtput "$tmp/spi.dtb" /soc/spi@7e204000 cs-gpios "$gpio" 8 1 "$gpio" 7 1
    fdtput -c "$tmp/spi.dtb" /soc/spi@7e204000/flash@0
    fdtput -t s "$tmp/spi.dtb" /soc/spi@7e204000/flash@0 compatible jedec,spi-nor
    fdtput "$tmp/spi.dtb" /soc/spi@7e204000/flash@0 reg 0
    fdtput "$tmp/spi.dtb" /soc/spi@7e204000/flash@0 spi-max-frequency 50000000
    fdtput -c "$tmp/spi.dtb" /soc/spi@7e204000/any@1
    fdtput -t s "$tmp/spi.dtb" /soc/spi@7e204000/any@1 compatible rohm,dh2228fv
    fdtput "$tmp/spi.dtb" /soc/spi@7e204000/any@1 reg 1
    fdtput "$tmp/spi.dtb" /soc/spi@7e204000/any@1 spi-max-frequency 50000000
    rm -rf "$tmp/root" "$tmp/deb" "$tmp/modules.gz"
    guest_end
fi
echo "kernel=$kernel"
echo "initrd=$out/initrd.gz"
echo "dtb=$out/3-b-plus.dtb"
echo "dtb-3b=$out/3-b.dtb"
echo "dtb-sdhci=$out/sdhci.dtb"
echo "dtb-spi=$out/spi.dtb"
