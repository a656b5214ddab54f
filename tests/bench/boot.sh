#!/bin/sh
# SPDX-License-Identifier: MIT
# boot.sh - compares with QEMU: boot CPU time, exec to exit of a bare program, memory at init.
# usage: boot.sh [--rounds N] [...] [NAME=COMMAND ...]; see compare.py.
set -eu
exec python3 "$(dirname "$0")/compare.py" boot "$@"
