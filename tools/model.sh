#!/usr/bin/env bash
# Models a training step's time on named GPUs (tools/model); arguments go to model/model.py. What
# each kernel asks of memory comes from the profile of one step of each preset on the SIMT machine,
# what nvcc made of it from tools/machine_code.sh. Both are kept in build/model (or
# $DCGAN_BUILD_DIR/model), and made anew where they are older than the kernels. --precision tf32x3 or tf32, first:
# of steps on tensor cores.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=${DCGAN_BUILD_DIR:-$root/build}
out=$build/model
if [[ " $* " == *" --help "* || " $* " == *" -h "* ]]; then
  exec python3 "$root/tools/model/model.py" --help
fi
precision=fp32
if [ "${1:-}" = --precision ]; then
  precision=${2:-}
  shift 2
fi
stale() { # FILE SOURCE...
  local file=$1
  shift
  [ ! -s "$file" ] || [ -n "$(find "$@" -newer "$file" -print -quit)" ]
}
mkdir -p "$out"
profiles=() built=
for preset in vanilla dcgan tf-tutorial; do
  profile=$out/$preset-$precision.json
  if stale "$profile" "$root/kernels" "$root/src/models"; then
    [ "$built" ] || "$root/tools/build.sh" "$build" -DCMAKE_BUILD_TYPE=Release >&2
    built=yes
    echo "model: profiling a step of $preset in $precision" >&2
    "$build/dcgan_cuda" kernels --preset "$preset" --precision "$precision" --json "$profile" >/dev/null
  fi
  profiles+=(--profile "$profile")
done
if stale "$out/machine_code.json" "$root/kernels" "$root/tools/machine_code"; then
  "$root/tools/machine_code.sh" --arch 75,80,89,90 --json "$out/machine_code.json" >/dev/null
fi
exec python3 "$root/tools/model/model.py" "${profiles[@]}" \
  --machine-code "$out/machine_code.json" "$@"
