#!/usr/bin/env bash
# Tests and times this bundle's program on this machine, which needs an NVIDIA driver and nothing else.
# run.sh [--backend cuda|simt|cpu] [--minutes N] [--out DIR] [--only PART[,PART]...]
#   --backend  what is tested (default: cuda); simt is the rehearsal, on any machine, with small batches
#   --minutes  for everything (default: 10); what a part leaves over goes to those after it
#   --out      the folder for logs and the JSON of all figures (default: gpu-results-DATE)
#   --only     of: smoke graphs ops parity step step-ops frameworks kernels train ncu memcheck racecheck
# Every part runs whatever happened to the one before. Exit status: 0 nothing failed, 1 something did,
# 2 wrong usage, 130 interrupted (what was finished is in the JSON).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

wrong_usage() { echo "run.sh: $1; see the head of $here/run.sh" >&2; exit 2; }
backend=cuda minutes=10 out='' only=''
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$here/run.sh"; exit 0 ;;
    --backend | --minutes | --out | --only)
      [ $# -ge 2 ] || wrong_usage "$1 expects a value"
      printf -v "${1#--}" %s "$2"
      shift 2 ;;
    *) wrong_usage "unknown argument '$1'" ;;
  esac
done
[[ $backend =~ ^(cuda|simt|cpu)$ ]] || wrong_usage "--backend '$backend' must be cuda, simt or cpu"
[[ $minutes =~ ^[0-9]{1,4}(\.[0-9]{1,3})?$ ]] || wrong_usage "--minutes '$minutes' must be a number like 10 or 0.5"
seconds=$(awk "BEGIN {printf \"%d\", 60 * $minutes}")
[ "$seconds" -gt 0 ] || wrong_usage "--minutes '$minutes' is no time at all"

bin=$here/bin
# A backend that cannot be used has nothing to test: say why, in the program's own words.
reason=$(timeout 60 "$bin/dcgan_cuda" info | sed -n "s/^  $backend: not usable: //p")
[ -z "$reason" ] || { echo "run.sh: backend '$backend' cannot be used here: $reason" >&2; exit 1; }

field() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" "$here/bundle.json"; }
driver=none card="$backend on $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1)" capability=8.0
if [ "$backend" = cuda ]; then
  device=${DCGAN_DEVICE:-0}
  query() { nvidia-smi -i "$device" --query-gpu="$1" --format=csv,noheader 2>/dev/null | head -n1; }
  card=$(query name) driver=$(query driver_version) capability=$(query compute_cap)
fi
precisions=(--precision fp32)
if [ "$backend" != cpu ] && [[ $capability =~ ^([89]|1[0-9])\. ]]; then # tensor cores that take TF32
  precisions+=(--precision tf32x3 --precision tf32)
fi
date=$(date -u +%FT%TZ)
[ -n "$out" ] || out=gpu-results-$(date -u +%Y%m%d-%H%M%S)
mkdir -p "$out" && out=$(cd "$out" && pwd) || exit 1
result=$out/$(printf '%s' "${card:-unknown}" | tr -cs 'A-Za-z0-9\n' - | sed 's/^-*//;s/-*$//')-${date//:/}.json

# Figures of an earlier run into the same folder are not this one's.
rm -f "$out"/{smoke,graphs,step,step-ops,kernels}.json "$out/frameworks/frameworks.json"

# Programs of the bundle find their data here, and their pictures' font.
[ ! -d "$here/data" ] || export DCGAN_DATA=$here/data
[ ! -f "$here/fonts/fonts.conf" ] || export FONTCONFIG_FILE=$here/fonts/fonts.conf
export OMP_WAIT_POLICY=passive DCGAN_TEST_BACKENDS=$backend
# cuBLAS and cuDNN, which the kernels are compared with, come with PyTorch's wheels.
python=$(command -v python3 || true)
if [ -n "$python" ]; then
  wheels=$("$python" -c 'import glob, sysconfig
print(":".join(glob.glob(sysconfig.get_path("purelib") + "/nvidia/*/lib")))' 2>/dev/null)
  export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$wheels
fi

presets=(--preset vanilla --preset dcgan --preset tf-tutorial)
batch=() steps=300 cases="*_$backend:*_${backend}_tf32*"
if [ "$backend" != cuda ]; then batch=(--batch-size 8) steps=3; fi

# NAME WEIGHT: what runs, and its share of the time.
parts=(smoke:8 graphs:5 ops:14 parity:6 step:6 step-ops:5 frameworks:34 kernels:16 train:6 ncu:6 memcheck:5 racecheck:5)
if [ -n "$only" ]; then
  for chosen in ${only//,/ }; do
    [[ " ${parts[*]%%:*} " == *" $chosen "* ]] || wrong_usage "--only: there is no part '$chosen'"
  done
fi

# Each part sets `command` (an array; empty: skipped) and `why` it is skipped.
prepare() {
  command=() why='' environment=()
  case $1 in
    smoke | graphs) # kernel by kernel, then as users' steps run: from the second step on as a graph
      command=("$bin/train_step" "${presets[@]}" --backend "$backend" --against cpu "${batch[@]}" --json "$out/$1.json")
      if [ "$1" = smoke ]; then
        environment=(CUDA_LAUNCH_BLOCKING=1)
        command+=(--preset vanilla-64 "${precisions[@]}" --steps 2)
      else
        command+=(--steps 4)
      fi
      [ "$backend" != cpu ] || command=() why='cpu would be compared with itself' ;;
    ops) command=("$bin/test_ops" --gtest_brief=0 --gtest_filter="$cases") ;;
    parity) command=("$bin/test_train" --gtest_filter="$cases:*/$backend") ;;
    step) command=("$bin/train_step" "${presets[@]}" --backend "$backend" "${precisions[@]}" --steps "$steps"
        "${batch[@]}" --json "$out/step.json") ;;
    step-ops) command=("$bin/train_step" "${presets[@]}" --backend "$backend" --steps "$steps" --ops
        "${batch[@]}" --json "$out/step-ops.json") ;;
    frameworks)
      if ! "${python:-false}" -c 'import torch' 2>/dev/null; then
        why='no python3 with PyTorch here'
      else
        command=("$python" "$here/compare/compare.py" --train-step "$bin/train_step" --backend "$backend"
          "${precisions[@]}" --out "$out/frameworks" --commit "$(field commit)" --seconds-in-all "$((limit - 5))")
      fi ;;
    kernels)
      if [ -x "$bin/kernels" ]; then
        command=("$bin/kernels" "${presets[@]}" --backend "$backend" "${precisions[@]}" "${batch[@]}"
          --seconds "$((limit - 3))" --benchmark_out="$out/kernels.json" --benchmark_out_format=json)
      else
        why='not in this bundle: it was built without Google Benchmark'
      fi ;;
    train)
      if [ -n "${DCGAN_DATA:-}" ]; then
        command=("$bin/dcgan_cuda" train --preset dcgan --backend "$backend" --out "$out/train-${date//:/}")
        if [ "$backend" = cuda ]; then command+=(--epochs 3); else command+=(--steps 3 "${batch[@]}"); fi
      else
        why='no data in this bundle (gpu_bundle.sh --data)'
      fi ;;
    ncu) # every launch of the third step of dcgan
      command=(ncu --set basic --target-processes all --launch-skip 64 --launch-count 32 --csv
        --log-file "$out/ncu.csv" "$bin/train_step" --preset dcgan --backend cuda --steps 1 --json "$out/ncu-step.json") ;;
    memcheck | racecheck) # some twenty of the ops' cases
      environment=(GTEST_TOTAL_SHARDS=20 GTEST_SHARD_INDEX=3)
      command=(compute-sanitizer --tool "$1" --error-exitcode 9 "$bin/test_ops"
        --gtest_filter="*EqualsReference*_$backend*") ;;
  esac
  case ${command[0]:-} in
    ncu | compute-sanitizer)
      if [ "$backend" != cuda ]; then
        command=() why='for the GPU only'
      elif ! command -v "${command[0]}" >/dev/null; then
        why="${command[0]} is not installed" command=()
      fi ;;
  esac
}

# What a part's log says, in half a line.
gist() {
  local log=$out/$1.txt
  case $1 in
    smoke | graphs) echo "$(grep -c ' agrees: ' "$log") presets have the cpu backend's losses" ;;
    ops | parity | memcheck | racecheck)
      echo "$(grep -c '^\[       OK \]' "$log") passed, $(grep -c '^\[  FAILED  \].*ms)$' "$log") failed" \
        "$(sed -n 's/^=* \(ERROR SUMMARY.*\|RACECHECK SUMMARY.*\)$/, \1/p' "$log" | tail -n1)" ;;
    step) awk '/ batch / {printf "%s%s %s ms", sep, $1, $4; sep = ", "}' "$log" ;;
    frameworks) sed -n 's/^best: //p' "$log" | paste -sd';' ;;
    kernels) echo "$(grep -c '/manual_time ' "$log") timings" ;;
    train) sed -n 's/^epoch [0-9]* *\(loss.*s\)  .*/\1/p' "$log" | tail -n1 ;;
    ncu) echo "$(grep -c '"Duration"' "$out/ncu.csv" 2>/dev/null) launches" ;;
  esac
}

# Why a part could not run here, though nothing is wrong with the program; else nothing.
excuse() {
  case $1 in
    ncu) ! grep -q ERR_NVGPUCTRPERM "$out/ncu.txt" "$out/ncu.csv" 2>/dev/null ||
      echo 'the driver lets only root read the counters' ;;
    memcheck | racecheck) ! grep -q 'Device not supported' "$out/$1.txt" || echo 'compute-sanitizer refuses this device' ;;
  esac
}

json_string() { # escapes its argument
  local s=${1//\\/\\\\}
  s=${s//\"/\\\"}
  printf '"%s"' "$(printf '%s' "$s" | tr -d '\000-\037')"
}
fragment() { # NAME FILE: a member of the JSON, if the file is there and not empty
  if [ -s "$2" ]; then printf ',\n"%s":\n' "$1" && cat "$2"; fi
}

records='' summary='' failed=0 interrupted='' child=''
write_result() {
  {
    printf '{"format": 1,\n"backend": "%s",\n"card": %s,\n"driver": "%s",\n"date": "%s",\n' \
      "$backend" "$(json_string "${card:-unknown}")" "${driver:-unknown}" "$date"
    printf '"host": %s,\n"minutes": %s,\n"bundle":\n' \
      "$(json_string "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n1), $(uname -r)")" "$minutes"
    cat "$here/bundle.json"
    printf ',\n"parts": [%s]' "$records"
    fragment smoke "$out/smoke.json"
    fragment graphs "$out/graphs.json"
    fragment step "$out/step.json"
    fragment step_ops "$out/step-ops.json"
    fragment frameworks "$out/frameworks/frameworks.json"
    fragment kernels "$out/kernels.json"
    fragment model "$here/profile/model.json"
    printf '\n}\n'
  } >"$result.part" && mv "$result.part" "$result"
}
record() { # NAME OUTCOME SECONDS LIMIT NOTE
  summary+=$(printf '%-9s %-10s %4d s  %s' "$2" "$1" "$3" "$5")$'\n'
  records+="${records:+,}"$'\n'"$(printf '{"part": "%s", "outcome": "%s", "seconds": %d, "limit_s": %d, "note": %s}' \
    "$1" "$2" "$3" "$4" "$(json_string "$5")")"
}
trap 'interrupted=yes; [ -z "$child" ] || kill "$child" 2>/dev/null' INT TERM

echo "$card, driver $driver; dcgan_cuda $(field commit), built $(field built) for ${backend}"
echo "at most $minutes minutes; logs in $out"
end=$((SECONDS + seconds)) weights=0 number=0 chosen=()
for part in "${parts[@]}"; do
  if [ -z "$only" ] || [[ ",$only," == *",${part%%:*},"* ]]; then
    chosen+=("$part")
    weights=$((weights + ${part##*:}))
  fi
done
for part in "${chosen[@]}"; do
  [ -z "$interrupted" ] || break
  name=${part%%:*} weight=${part##*:} number=$((number + 1)) left=$((end - SECONDS))
  limit=$((left * weight / weights)) weights=$((weights - weight))
  [ "$limit" -ge 5 ] || limit=5
  prepare "$name"
  if [ ${#command[@]} -eq 0 ]; then
    record "$name" skipped 0 "$limit" "$why"
    continue
  fi
  echo "[$number/${#chosen[@]}] $name: at most $limit s, $((left / 60)):$(printf %02d $((left % 60))) left for all"
  started=$SECONDS status=0
  env "${environment[@]}" timeout --kill-after=3 "$limit" "${command[@]}" >"$out/$name.txt" 2>&1 &
  child=$!
  wait "$child" || status=$?
  [ -z "$interrupted" ] || { wait "$child"; status=124; }
  child=''
  took=$((SECONDS - started))
  case $status in
    0) outcome=ok ;;
    124 | 137) outcome='cut short' ;;
    *) outcome=FAILED ;;
  esac
  note=$(gist "$name")
  if [ "$outcome" = FAILED ]; then
    reason=$(excuse "$name")
    if [ -n "$reason" ]; then outcome=skipped note=$reason; else failed=1; fi
  fi
  [ "$outcome" != FAILED ] || note="$note [status $status: $(tail -n1 "$out/$name.txt" | cut -c1-120)]"
  if [ "$outcome" = 'cut short' ]; then
    case $name in kernels) rm -f "$out/kernels.json" ;; esac # it ends in mid-record
    [[ $note != *' 0 failed'* && $note =~ [1-9][0-9]*\ failed ]] && failed=1
  fi
  record "$name" "$outcome" "$took" "$limit" "$note"
  write_result
done
write_result

printf '\n%s, driver %s, commit %s, %s\n%s' "$card" "$driver" "$(field commit)" "$date" "$summary" |
  tee "$out/summary.txt"
echo "all figures: $result"
[ -z "$interrupted" ] || exit 130
exit "$failed"
