#!/usr/bin/env bash
# Builds the program and kills many runs of it: kill_test.sh [--kills N] [--seed N] [--only N]; with --faults
# lets every file operation fail in every way instead. The suite does a part of both.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
test=(kill_test.py --kills 500)
if [ "${1:-}" = --faults ]; then
  test=(fault_test.py --all)
  shift
fi
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_TESTS=ON -- dcgan_cuda fault_shim
exec python3 "$root/tests/fault/${test[0]}" --program "$root/build/dcgan_cuda" \
  --shim "$root/build/tests/fault/libfault_shim.so" "${test[@]:1}" "$@"
