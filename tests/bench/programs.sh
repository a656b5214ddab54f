#!/bin/sh
# SPDX-License-Identifier: MIT
# programs.sh - compares real programs in user mode with QEMU's user modes.
# usage: programs.sh [--arch ARCH] [--rounds N] [...] [NAME=COMMAND ...]; see programs.py.
set -eu
exec python3 "$(dirname "$0")/programs.py" "$@"
