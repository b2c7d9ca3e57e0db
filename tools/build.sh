#!/usr/bin/env bash
# Installs what is missing, configures and builds. build.sh DIR [CMAKE ARGUMENTS] [-- TARGETS]
# Without targets it builds all. What one call has built the next one finds, whatever its targets.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$1
shift
arguments=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  arguments+=("$1")
  shift
done
[ $# -eq 0 ] || shift
targets=("${@:-all}")
"$root/tools/setup.sh"
mkdir -p "$build"
log=$build/build.log
launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_CUDA_COMPILER_LAUNCHER=ccache); fi
[ -f "$build/build.ninja" ] || echo "building in $build (the first time takes some minutes)"
if ! { cmake -S "$root" -B "$build" -G Ninja "${launcher[@]}" "${arguments[@]}" &&
  cmake --build "$build" --target "${targets[@]}"; } \
  >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "build: failed; the whole output is in $log" >&2
  exit 1
fi
grep -h '^-- dcgan_cuda:' "$log" | sed 's/^-- //' || true
