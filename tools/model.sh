#!/usr/bin/env bash
# Models a training step's time on named GPUs (tools/model); arguments go to model/model.py. The list
# of kernels comes from one step of each preset on the SIMT machine, what they cost from
# tools/machine_code.sh. Both are kept in build/model (or $DCGAN_BUILD_DIR/model), and made anew where
# they are older than the kernels.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${DCGAN_BUILD_DIR:-$root/build}
out=$build/model
stale() { [ ! -s "$1" ] || [ -n "$(find "$root/kernels" "$root/src/models" -newer "$1" -print -quit)" ]; }
mkdir -p "$out"
if stale "$out/launches.json"; then
  "$root/tools/build.sh" "$build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_BENCH=ON >&2
  "$build/bench/step_launches" --preset vanilla --preset dcgan --preset tf-tutorial \
    --json "$out/launches.json" >&2
fi
if stale "$out/machine_code.json"; then
  "$root/tools/machine_code.sh" --arch 75,80,89,90 --json "$out/machine_code.json" >/dev/null
fi
exec python3 "$root/tools/model/model.py" --launches "$out/launches.json" \
  --machine-code "$out/machine_code.json" "$@"
