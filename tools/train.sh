#!/usr/bin/env bash
# Installs, builds and runs dcgan_cuda with the arguments given; without any it does the main job.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release
exec "$root/build/dcgan_cuda" "$@"
