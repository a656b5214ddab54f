#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel-arm64.sh - kernel-debian.sh for arm64.
exec "$(dirname "$0")/kernel-debian.sh" arm64
