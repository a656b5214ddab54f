#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel-riscv64.sh - kernel-debian.sh for riscv64.
exec "$(dirname "$0")/kernel-debian.sh" riscv64
