#!/usr/bin/env bash
# Trains the judge and stores its weights as src/evaluate/judge.safetensors: make_judge.sh [--seed N] [...], further
# options as of 'dcgan_cuda train'. The run's folder, with its log and test accuracies, is runs/judge.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
"$root/tools/build.sh" "$root/build" -DCMAKE_BUILD_TYPE=Release -- dcgan_cuda
cd "$root"
build/dcgan_cuda train --preset judge --out runs/judge --weights src/evaluate/judge.safetensors "$@"
