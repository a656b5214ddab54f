#!/bin/sh
# SPDX-License-Identifier: MIT
# io.sh - compares with QEMU: disk (also reads at random), network and 9p throughput
# per CPU second.
# usage: io.sh [--rounds N] [...] [NAME=COMMAND ...]; see compare.py.
set -eu
exec python3 "$(dirname "$0")/compare.py" io "$@"
