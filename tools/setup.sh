#!/usr/bin/env bash
# Installs what building needs, from Debian's or Ubuntu's packages; does nothing where all is there.
# With --dev also what contributors use. As root, or with sudo.
set -euo pipefail

packages=(g++ cmake ninja-build pkg-config git libdnnl-dev zlib1g-dev libgif-dev libjpeg-dev libpng-dev
  nlohmann-json3-dev libspdlog-dev libcli11-dev libboost-context-dev libhwy-dev libcairo2-dev fonts-dejavu-core
  libeigen3-dev libstb-dev libgtest-dev libbenchmark-dev dataset-fashion-mnist)
[ "${1:-}" != --dev ] || packages+=(
  clang clang-format clang-tidy ccache debootstrap libclang-rt-dev libomp-dev llvm)

if ! command -v dpkg-query >/dev/null; then
  echo "setup: no Debian package manager here; install by hand: a C++20 compiler, CMake, Ninja," \
    "oneDNN, zlib, giflib, libjpeg-turbo, libpng, nlohmann-json, spdlog, CLI11, Boost.Context, Highway, Cairo, Eigen, stb, GoogleTest," \
    "Google Benchmark" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup: packages are missing and this is not root; install them: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update -qq &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
  tail -n 20 "$log" >&2
  echo "setup: the packages above could not be installed" >&2
  exit 1
fi
rm -f "$log"
