#!/usr/bin/env bash
# Fuzzes what reads files and words from outside, with clang's libFuzzer under its sanitizers.
# fuzz.sh [--seconds N] [--seed N] [READER...]: N seconds for each reader, 600 where nothing is said; all
# readers of tests/fuzz where none is named; a seed of libFuzzer's, or a new one in each call. As many at a
# time as there are cores. Inputs worth keeping are kept in build-fuzz/corpus, and the next call begins with
# them; inputs that a reader fails on are in build-fuzz/findings. Exit status 1 if there is one.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
usage() {
  sed -n '2,6s/^# //p' "$0"
  exit "$1"
}
seconds=600 seed=0 readers=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage 2
      seconds=$2
      shift
      ;;
    --seed)
      [[ ${2:-} =~ ^[0-9]+$ ]] || usage 2
      seed=$2
      shift
      ;;
    --help | -h) usage 0 ;;
    -*) usage 2 ;;
    *) readers+=("$1") ;;
  esac
  shift
done
all=()
for source in "$root"/tests/fuzz/fuzz_*.cpp; do
  name=${source##*/fuzz_}
  all+=("${name%.cpp}")
done
[ ${#readers[@]} -gt 0 ] || readers=("${all[@]}")
for reader in "${readers[@]}"; do
  [[ " ${all[*]} " == *" $reader "* ]] ||
    { echo "fuzz: there is no reader '$reader'; there are ${all[*]}" >&2; exit 2; }
done
command -v clang++ >/dev/null || { echo "fuzz: clang++ is missing; tools/setup.sh --dev installs it" >&2; exit 1; }

# A cast of 1e300 to a whole number is no part of "undefined".
build=$root/build-fuzz
"$root/tools/build.sh" "$build" -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" -DDCGAN_FUZZ=ON -DDCGAN_CUDA=OFF -DDCGAN_BUILD_BENCH=OFF \
  -DDCGAN_SIMT_CHECK=OFF -DDCGAN_SANITIZE=address,undefined,float-cast-overflow -- "${readers[@]/#/fuzz_}"

mkdir -p "$build/findings" "$build/fuzz-logs"
# Readers of whole folders work where files cost no disk.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
export TMPDIR OMP_WAIT_POLICY=passive
trap 'rm -rf "$TMPDIR"' EXIT
trap 'trap "" TERM; kill 0; exit 130' INT  # jobs in the background do not get it

fuzz() {
  local reader=$1 program=$build/tests/fuzz/fuzz_$1 log=$build/fuzz-logs/$1.log options=() status=0
  mkdir -p "$build/corpus/$reader"
  "$program" --prepare "$build/seeds"
  [ ! -s "$build/seeds/$reader.words" ] || options=(-dict="$build/seeds/$reader.words")
  "$program" -max_total_time="$seconds" -seed="$seed" -timeout=30 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -len_control=100 -print_final_stats=1 \
    -artifact_prefix="$build/findings/$reader-" "${options[@]}" \
    "$build/corpus/$reader" "$build/seeds/$reader" >"$log" 2>&1 || status=$?
  local executions edges finding
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
  printf '%-12s %9s executions, %5s edges' "$reader" "${executions:-?}" "${edges:-?}"
  if [ "$status" -eq 0 ]; then
    echo ", no findings"
    return
  fi
  finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo ", FAILED: $(grep -m 1 -E 'ERROR: |runtime error: |terminate called' "$log" || echo "status $status")"
  echo "    $program ${finding:-'(no input)'}    # repeats it; all it said is in $log"
  touch "$TMPDIR/failed"
}
echo "fuzzing ${readers[*]}, $seconds s each"
cores=$(nproc)
for reader in "${readers[@]}"; do
  while [ "$(jobs -pr | wc -l)" -ge "$cores" ]; do wait -n; done
  fuzz "$reader" &
done
wait
[ ! -e "$TMPDIR/failed" ]
