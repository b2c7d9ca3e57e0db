#!/usr/bin/env bash
# Times dcgan_cuda beside TensorFlow and PyTorch on this machine; arguments go to compare.py.
# The frameworks are installed into build/compare-venv.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_BENCH=ON
venv=$root/build/compare-venv
if [ ! -f "$venv/ready" ]; then
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo "compare: Python's venv is missing; install it: apt-get install python3-venv" >&2
    exit 1
  fi
  echo "compare: installing TensorFlow and PyTorch into $venv (once)"
  python3 -m venv "$venv"
  requirements=$root/tools/compare/requirements.txt
  # TensorFlow's package for CPUs is a smaller one; PyTorch's serves both.
  if command -v nvidia-smi >/dev/null && nvidia-smi >/dev/null 2>&1; then
    requirements=$root/tools/compare/requirements-gpu.txt
  fi
  "$venv/bin/pip" install -q -r "$requirements"
  touch "$venv/ready"
fi
exec "$venv/bin/python" "$root/tools/compare/compare.py" --train-step "$root/build/bench/train_step" "$@"
