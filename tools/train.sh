#!/usr/bin/env bash
# Installs, builds the program alone and runs it with the arguments given; without any it does the main job.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -- dcgan_cuda
exec "$root/build/dcgan_cuda" "$@"
