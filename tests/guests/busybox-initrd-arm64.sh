#!/bin/sh
# SPDX-License-Identifier: MIT
# busybox-initrd-arm64.sh - busybox-initrd.sh for arm64.
exec "$(dirname "$0")/busybox-initrd.sh" arm64
