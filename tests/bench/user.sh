#!/bin/sh
# SPDX-License-Identifier: MIT
# user.sh - compares user mode with QEMU's and with the host.
# usage: user.sh [--arch ARCH] [--rounds N] [...] [NAME=COMMAND ...]; see user.py.
set -eu
exec python3 "$(dirname "$0")/user.py" "$@"
