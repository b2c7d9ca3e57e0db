#!/usr/bin/env bash
# For a machine with a GPU and a toolchain: builds for this GPU, then does the parts of
# tools/gpu_bundle/run.sh, and reads the machine code. gpu_report.sh [DIR [OPTIONS OF run.sh]]
# A machine with a driver alone is served by tools/gpu_bundle.sh.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if ! command -v nvidia-smi >/dev/null || ! nvidia-smi -L >/dev/null 2>&1; then
  echo "gpu_report: no NVIDIA GPU answers here (nvidia-smi -L fails); what can be known without one:" \
    "tools/machine_code.sh and tools/model.sh" >&2
  exit 1
fi
out=${1:-gpu-report-$(date +%Y%m%d-%H%M%S)}
[ $# -eq 0 ] || shift
mkdir -p "$out"
build=$root/build-gpu
"$root/tools/build.sh" "$build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_TESTS=ON -DDCGAN_BUILD_BENCH=ON \
  -DDCGAN_CUDA_ARCHITECTURES=native
"$root/tools/gpu_bundle.sh" "$out/bundle" --build "$build"
status=0
"$out/bundle/run.sh" --out "$out" "$@" || status=$?
"$root/tools/machine_code.sh" --json "$out/machine_code.json" >"$out/machine_code.txt" || status=1
echo "what docs/gpu-results.md would say of it: tools/gpu_results.py --folder $out --page $out/results.md"
exit "$status"
