#!/bin/sh
# SPDX-License-Identifier: MIT
# rootfs-riscv64.sh - rootfs-debian.sh for riscv64.
exec "$(dirname "$0")/rootfs-debian.sh" riscv64
