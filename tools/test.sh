#!/usr/bin/env bash
# Installs, builds and runs the test suite; arguments go to ctest.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_TESTS=ON
cd "$root/build"
exec ctest --output-on-failure "$@"
