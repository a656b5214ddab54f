#!/bin/sh
# SPDX-License-Identifier: MIT
# rootfs-arm64.sh - rootfs-debian.sh for arm64.
exec "$(dirname "$0")/rootfs-debian.sh" arm64
