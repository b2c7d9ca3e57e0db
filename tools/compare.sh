#!/usr/bin/env bash
# Times dcgan_cuda beside PyTorch, TensorFlow and JAX on this machine; arguments go to compare.py.
# The frameworks are installed into build/compare-venv; TensorFlow and JAX may be missing.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_BENCH=ON
venv=$root/build/compare-venv
if [ ! -f "$venv/ready" ]; then
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "compare: Python's venv is missing; install it: apt-get install python3-venv" >&2
    exit 1
  fi
  echo "compare: installing PyTorch, TensorFlow and JAX into $venv (once)"
  python3 -m venv "$venv"
  "$venv/bin/pip" install -q -r "$root/tools/compare/requirements.txt"
  # PyTorch's package serves CPUs and GPUs; the others have one for each.
  optional=$root/tools/compare/optional.txt
  if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then
    optional=$root/tools/compare/optional-gpu.txt
  fi
  while read -r package; do
    "$venv/bin/pip" install -q "$package" || echo "compare: $package cannot be installed; left out" >&2
  done <"$optional"
  touch "$venv/ready"
fi
exec "$venv/bin/python" "$root/tools/compare/compare.py" --train-step "$root/build/bench/train_step" "$@"
