#!/bin/sh
# SPDX-License-Identifier: MIT
# busybox-initrd-riscv64.sh - busybox-initrd.sh for riscv64.
exec "$(dirname "$0")/busybox-initrd.sh" riscv64
