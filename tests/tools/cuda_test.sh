#!/usr/bin/env bash
# Configures a small project with stand-ins for nvcc as Debian, Ubuntu and NVIDIA ship it, and holds
# cmake/Cuda.cmake to what it is to decide and say.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CUDACXX CUDAHOSTCXX CUDAFLAGS CUDA_PATH CUDA_HOME
PATH=$(tr : '\n' <<<"$PATH" | grep -v cuda | paste -sd:)  # as on a machine that has not set it
failures=0

stand_in() { # FOLDER SETTINGS...: a CUDA Toolkit in FOLDER
  mkdir -p "$1/bin" "$1/lib" "$1/include" "$1/nvvm/libdevice"
  cp "$here/stand_in_nvcc" "$1/bin/nvcc"
  printf '%s\n' "${@:2}" >"$1/bin/nvcc.settings"
}
gpu() { # the GPU that nvidia-smi names: 9.0, or none
  mkdir -p "$work/path"
  if [ "$1" = none ]; then
    printf '#!/bin/sh\necho 9.0\nexit 9\n' >"$work/path/nvidia-smi"
  else
    printf '#!/bin/sh\nprintf "%%s\\n" %s\n' "$*" >"$work/path/nvidia-smi"
  fi
  chmod +x "$work/path/nvidia-smi"
}
# configure CASE ARGUMENTS...: its output, as one line, to $output
configure() {
  rm -rf "$work/build"
  reconfigure "$@"
}
reconfigure() {
  name=$1
  output=$(PATH="$work/path:$PATH" cmake -S "$here/cuda_module" -B "$work/build" -G Ninja "${@:2}" 2>&1 |
    tr -s ' \n' ' ') || true
}
says() {
  [[ $output == *"$1"* ]] && return
  echo "FAILED: $name: expected '$1' in: ...${output: -800}" >&2
  failures=$((failures + 1))
}
old='50 52 53 60 61 62 70 72 75 80 86 87' ada="$old 89 90"
new='75 80 86 87 88 89 90 100 103 110 120 121'
stand_in "$work/11.8" release=11.8 "architectures='$ada'"
stand_in "$work/12.0" release=12.0 "architectures='$ada'"
stand_in "$work/12.4" release=12.4 "architectures='$ada'"
stand_in "$work/13.0" release=13.0 "architectures='$new'"
stand_in "$work/refuses" release=12.4 "architectures='$ada'" "refuses='g[+][+]$'"
stand_in "$work/broken" 'echo "cannot execute binary file" >&2; exit 126'
stand_in "$work/headless" release=12.4 "architectures='$ada'" 'arguments=(); [ "$1" = --version ] ||
  [ "$1" = --list-gpu-arch ] || { echo "math.h(79): error: exception specification is incompatible" >&2; exit 2; }'
nvcc() { echo "-DCMAKE_CUDA_COMPILER=$work/$1/bin/nvcc"; }
gpu none

without="building without the cuda backend:"
mkdir "$work/empty"
configure "no nvcc" -DSEARCH_ROOT="$work/empty"
says "$without no nvcc"
says "decided: OFF"
configure "no nvcc, asked for" -DSEARCH_ROOT="$work/empty" -DDCGAN_CUDA=ON
says "DCGAN_CUDA=ON is not possible: no nvcc"
says "errors occurred"
configure "switched off" "$(nvcc 13.0)" -DDCGAN_CUDA=OFF
says "decided: OFF"
configure "11.8" "$(nvcc 11.8)"
says "$without $work/11.8/bin/nvcc is of CUDA 11.8, which has no C++20; install CUDA Toolkit 12"
says "decided: OFF"
configure "11.8, asked for" "$(nvcc 11.8)" -DDCGAN_CUDA=ON
says "DCGAN_CUDA=ON is not possible: $work/11.8/bin/nvcc is of CUDA 11.8, which has no C++20"
for release in 12.0 12.4; do
  configure "$release" "$(nvcc $release)"
  says "with nvcc $release for 75 80 86 89 90, and PTX of 90"
  says "decided: ON 75-real;80-real;86-real;89-real;90-real;90-virtual"
done
configure "13.0" "$(nvcc 13.0)"
says "decided: ON 75-real;80-real;86-real;89-real;90-real;100-real;120-real;120-virtual"
configure "the host compiler refused" "$(nvcc refuses)"
says "$without nvcc 12.4 refuses the host compiler (its default): unsupported GNU version; name an older one with -DCMAKE_CUDA_HOST_COMPILER="
configure "the host compiler refused, asked for" "$(nvcc refuses)" -DDCGAN_CUDA=ON
says "DCGAN_CUDA=ON is not possible: nvcc 12.4 refuses the host compiler"
ln -s "$(command -v g++)" "$work/g++-12"
reconfigure "an older host compiler named" -DDCGAN_CUDA=AUTO -DCMAKE_CUDA_HOST_COMPILER="$work/g++-12"
says "decided: ON"
CUDAHOSTCXX=$work/g++-12 configure "an older host compiler in the environment" "$(nvcc refuses)"
says "decided: ON"
configure "headers that do not compile" "$(nvcc headless)"
says "$without nvcc 12.4 with the host compiler its default cannot build a C++20 program: math.h(79): error: exception specification is incompatible"
configure "a broken nvcc" "$(nvcc broken)"
says "$without $work/broken/bin/nvcc does not print its version"
configure "an nvcc that is not there" "$(nvcc nowhere)"
says "$without $work/nowhere/bin/nvcc does not print its version"

mkdir -p "$work/system/usr/local"
mv "$work/13.0" "$work/system/usr/local/cuda"
ln -s "$work/system/usr/local/cuda" "$work/13.0"
configure "nvcc out of PATH" -DSEARCH_ROOT="$work/system"
says "decided: ON 75-real"
CUDACXX=$work/12.4/bin/nvcc configure "nvcc in the environment"
says "with nvcc 12.4"

configure "architectures named" "$(nvcc 12.4)" "-DDCGAN_CUDA_ARCHITECTURES=90;75"
says "decided: ON 75-real;90-real;90-virtual"
configure "an architecture unknown" "$(nvcc 12.4)" "-DDCGAN_CUDA_ARCHITECTURES=80;120"
says "DCGAN_CUDA_ARCHITECTURES names 120, which nvcc 12.4 does not know; it knows 50 52"
says "errors occurred"
configure "native without a GPU" "$(nvcc 12.4)" -DDCGAN_CUDA_ARCHITECTURES=native
says "DCGAN_CUDA_ARCHITECTURES=native, but nvidia-smi lists no GPU"
gpu 9.0 8.6 8.6
configure "two kinds of GPU" "$(nvcc 13.0)"
says "decided: ON 86-real;90-real;90-virtual"
gpu none
reconfigure "the GPU gone"
says "decided: ON 86-real;90-real;90-virtual"
gpu 12.0
configure "a GPU newer than nvcc" "$(nvcc 12.4)"
says "decided: ON 75-real;80-real;86-real;89-real;90-real;90-virtual"
configure "all, with a GPU" "$(nvcc 13.0)" -DDCGAN_CUDA_ARCHITECTURES=all
says "decided: ON 75-real;80-real;86-real;89-real;90-real;100-real;120-real;120-virtual"
[ "$failures" -eq 0 ] && echo "all passed"
