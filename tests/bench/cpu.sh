#!/bin/sh
# SPDX-License-Identifier: MIT
# cpu.sh - compares with QEMU: integer and floating-point programs in the guest.
# usage: cpu.sh [--rounds N] [...] [NAME=COMMAND ...]; see compare.py.
set -eu
exec python3 "$(dirname "$0")/compare.py" cpu "$@"
