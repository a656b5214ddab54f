#!/bin/sh
# SPDX-License-Identifier: MIT
# uefi-disk-arm64.sh - uefi-disk-debian.sh for arm64.
exec "$(dirname "$0")/uefi-disk-debian.sh" arm64
