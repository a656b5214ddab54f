#!/bin/sh
# SPDX-License-Identifier: MIT
# uefi-disk-riscv64.sh - uefi-disk-debian.sh for riscv64.
exec "$(dirname "$0")/uefi-disk-debian.sh" riscv64
