#!/usr/bin/env bash
# For a machine with a GPU: builds, runs the whole suite on it, replays Keras's steps, times kernels and
# training steps, and leaves a folder to keep. gpu_report.sh [DIR]
# Every part runs even where one before it failed; summary.txt says what did. Exits with 1 if any did.
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >/dev/null 2>&1; then
  echo "gpu_report: no NVIDIA GPU answers here (nvidia-smi -L fails); what can be known without one:" \
    "tools/machine_code.sh and tools/model.sh" >&2
  exit 1
fi
[ -d /usr/local/cuda/bin ] && PATH=$PATH:/usr/local/cuda/bin
if ! command -v nvcc >/dev/null; then
  echo "gpu_report: no nvcc; install the CUDA Toolkit (12 or later) and put it into PATH" >&2
  exit 1
fi
device=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -n1)
out=${1:-gpu-report-$(date +%Y%m%d-%H%M%S)}
mkdir -p "$out"
out=$(cd "$out" && pwd)
: >"$out/summary.txt"
say() { echo "$*" | tee -a "$out/summary.txt"; }
failed=0
part() { # NAME COMMAND...: its output goes to NAME.txt
  local name=$1 status=0
  shift
  echo "== $name"
  "$@" >"$out/$name.txt" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    say "ok      $name"
  else
    say "FAILED  $name (status $status): $(tail -n1 "$out/$name.txt")"
    failed=1
  fi
}

say "$device, $(git describe --always --dirty 2>/dev/null || echo 'no git'), $(date -u +%FT%TZ)"
nvidia-smi -q >"$out/nvidia-smi.txt"
nvcc --version >"$out/nvcc.txt"
build=$root/build-gpu
part build tools/build.sh "$build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_TESTS=ON \
  -DDCGAN_BUILD_BENCH=ON -DDCGAN_CUDA_ARCHITECTURES=native
[ -x "$build/dcgan_cuda" ] || { say "nothing was built; see $out/build.txt"; exit 1; }
part info "$build/dcgan_cuda" info

# Correctness: the suite holds every backend that answers to one set of references.
part suite ctest --test-dir "$build" --output-on-failure
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    part $tool compute-sanitizer --tool $tool --error-exitcode 9 "$build/tests/ops/test_ops" \
      --gtest_filter='*cuda*'
  done
else
  say "skipped compute-sanitizer: not found"
fi
# Keras's recorded steps, replayed on the GPU: once more on their own, to have their figures at hand.
part replays ctest --test-dir "$build" -V --no-tests=error -R 'Parity.*cuda'
part train-dcgan-100-steps "$build/dcgan_cuda" train --preset dcgan --backend cuda --steps 100 \
  --out "$out/train"

# Speed.
part train-step "$build/bench/train_step" --backend cuda --steps 200 --ops \
  --json "$out/train_step.json"
[ ! -x "$build/bench/kernels" ] || part kernels "$build/bench/kernels" --backend cuda \
  --plot "$out/kernels.png" --benchmark_out="$out/kernels.json" --benchmark_out_format=json
part machine-code tools/machine_code.sh --json "$out/machine_code.json"
part model env DCGAN_BUILD_DIR="$build" tools/model.sh --kernels --json "$out/model.json" --measured "$out/train_step.json"
grep 'ratio' "$out/model.txt" 2>/dev/null | tee -a "$out/summary.txt"
say "the report is in $out"
exit "$failed"
