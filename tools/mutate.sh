#!/usr/bin/env bash
# Breaks kernels and host code one place at a time and reports which breaks the tests notice (--help).
set -euo pipefail
exec python3 "$(dirname "$0")/mutate/mutate.py" "$@"
