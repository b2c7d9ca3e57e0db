#!/usr/bin/env bash
# Fills a folder with all that a machine with an NVIDIA driver and nothing else needs to test this
# program and time it: build here, carry the folder there, start DIR/run.sh (tools/gpu_bundle/run.sh
# says what it does). gpu_bundle.sh DIR [--build BUILD] [--data] [--no-model] [--pack]
#   --build     takes the programs of this build folder as they are (default: builds in build/)
#   --data      takes Fashion-MNIST along (31 MB)
#   --no-model  without the performance model's figures, which take minutes to make
#   --pack      also writes DIR.tar.xz
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

wrong_usage() { echo "gpu_bundle: $1; see the head of tools/gpu_bundle.sh" >&2; exit 2; }
bundle='' build='' data='' model=yes pack=''
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
    --build) [ $# -ge 2 ] || wrong_usage "--build expects a folder"; build=$2; shift ;;
    --data) data=yes ;;
    --no-model) model='' ;;
    --pack) pack=yes ;;
    -*) wrong_usage "unknown option '$1'" ;;
    *) [ -z "$bundle" ] || wrong_usage "one folder is expected, not '$bundle' and '$1'"; bundle=$1 ;;
  esac
  shift
done
[ -n "$bundle" ] || wrong_usage "the folder to fill is missing"
if [ -e "$bundle" ] && [ ! -f "$bundle/bundle.json" ] && [ -n "$(ls -A "$bundle")" ]; then
  echo "gpu_bundle: $bundle holds something else; give an empty or a new folder" >&2
  exit 1
fi

if [ -z "$build" ]; then
  build=$root/build
  "$root/tools/build.sh" "$build" -DCMAKE_BUILD_TYPE=Release -DDCGAN_BUILD_TESTS=ON -DDCGAN_BUILD_BENCH=ON \
    -DDCGAN_CUDA_ARCHITECTURES=all
fi
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
[ -f "$build/CMakeCache.txt" ] || { echo "gpu_bundle: $build is not a build folder" >&2; exit 1; }
architectures=$(cached DCGAN_CUDA_ARCHITECTURES)
[ -n "$architectures" ] || echo "gpu_bundle: $build was made without nvcc: this bundle serves for rehearsals only" >&2

rm -rf "$bundle"
mkdir -p "$bundle"
bundle=$(cd "$bundle" && pwd)
if ! cmake --install "$build" --component bundle --prefix "$bundle" --strip >"$build/bundle.log" 2>&1; then
  tail -n 20 "$build/bundle.log" >&2
  echo "gpu_bundle: the programs could not be installed; were tests and benchmarks built in $build?" >&2
  exit 1
fi
install -m 755 "$root/tools/gpu_bundle/run.sh" "$bundle/run.sh"
mkdir -p "$bundle/compare"
cp "$root"/tools/compare/*.py "$bundle/compare/"
font=/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
if [ -f "$font" ]; then # the plots' text: a bare machine has no font
  mkdir -p "$bundle/fonts"
  cp "$font" "$bundle/fonts/"
  echo '<fontconfig><dir prefix="relative">.</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>' \
    >"$bundle/fonts/fonts.conf"
fi
if [ -n "$data" ]; then
  source=${DCGAN_DATA:-/usr/share/datasets/fashion-mnist}
  mkdir "$bundle/data"
  cp -L "$source"/{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz "$bundle/data/" ||
    { echo "gpu_bundle: Fashion-MNIST is not in $source; tools/get_data.sh DIR fetches it, \$DCGAN_DATA names it" >&2; exit 1; }
fi
if [ -n "$model" ] && [ -n "$architectures" ]; then
  mkdir "$bundle/profile"
  DCGAN_BUILD_DIR=$build "$root/tools/model.sh" --json "$build/model/model.json" >/dev/null
  # Each card's steps, without the megabyte of its kernels: it goes into every result.
  python3 -c 'import json, sys
model = json.load(open(sys.argv[1]))
for card in model["cards"]:
    for preset in card["presets"]:
        del preset["kernels"]
json.dump(model, open(sys.argv[2], "w"), indent=1)' "$build/model/model.json" "$bundle/profile/model.json"
fi
nvcc_version=$(cached CMAKE_CUDA_COMPILER_VERSION)
[ -n "$nvcc_version" ] || nvcc_version=$(sed -n 's/^set(CMAKE_CUDA_COMPILER_VERSION "\(.*\)")/\1/p' \
  "$build"/CMakeFiles/*/CMakeCUDACompiler.cmake 2>/dev/null | head -n1 || true)  # a build without nvcc has none
cat >"$bundle/bundle.json" <<JSON
{
 "commit": "$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)",
 "built": "$(date -u +%F)",
 "compiler": "$(sed -n 's/^set(CMAKE_CXX_COMPILER_VERSION "\(.*\)")/\1/p' "$build"/CMakeFiles/*/CMakeCXXCompiler.cmake | head -n1)",
 "nvcc": "${nvcc_version:-none}",
 "architectures": "${architectures:-none}"
}
JSON
echo "gpu_bundle: $bundle ($(du -sm "$bundle" | cut -f1) MB): start $bundle/run.sh there"
if [ -n "$pack" ]; then
  tar -C "$(dirname "$bundle")" -cJf "$bundle.tar.xz" "$(basename "$bundle")"
  echo "gpu_bundle: $bundle.tar.xz ($(du -m "$bundle.tar.xz" | cut -f1) MB)"
fi
