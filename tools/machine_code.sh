#!/usr/bin/env bash
# Reports what nvcc makes of the kernels; arguments go to machine_code/report.py (--help lists them).
# cuobjdump comes with the CUDA Toolkit; where it is missing, NVIDIA's Python package of it is
# installed into build/machine-code-venv.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
find_tool() { command -v "$1" || { [ -x "/usr/local/cuda/bin/$1" ] && echo "/usr/local/cuda/bin/$1"; }; }
arguments=()
if nvcc=$(find_tool nvcc); then
  arguments+=(--nvcc "$nvcc")
elif [[ " $* " != *" --library"* && " $* " != *" --help "* ]]; then
  echo "machine_code: no nvcc; install the CUDA Toolkit, or read a built library with --library" >&2
  exit 1
fi
if ! cuobjdump=$(find_tool cuobjdump); then
  venv=$root/build/machine-code-venv
  installed() { [ -d "$venv" ] && find "$venv" -name cuobjdump -type f | head -n1; }
  cuobjdump=$(installed || true)
  if [ -z "$cuobjdump" ]; then
    echo "machine_code: installing cuobjdump into $venv (once)" >&2
    if ! { python3 -m venv "$venv" &&
      "$venv/bin/pip" install -q -r "$root/tools/machine_code/requirements.txt"; } >&2; then
      echo "machine_code: that failed; cuobjdump is part of the CUDA Toolkit too" >&2
      exit 1
    fi
    cuobjdump=$(installed)
  fi
fi
exec python3 "$root/tools/machine_code/report.py" "${arguments[@]}" --cuobjdump "$cuobjdump" "$@"
