#!/bin/sh
# SPDX-License-Identifier: MIT
# installer-riscv64.sh - installer-debian.sh for riscv64, which Debian 13 is the first to have.
exec "$(dirname "$0")/installer-debian.sh" riscv64 13
