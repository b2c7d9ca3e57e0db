#!/usr/bin/env bash
# tools/train.sh and tools/test.sh in a small project of their own: what each of them builds, and
# that neither undoes what the other did.
set -euo pipefail
tools=$(cd "$(dirname "$0")/../../tools" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tools"
cp "$tools/build.sh" "$tools/train.sh" "$tools/test.sh" "$work/tools"
printf '#!/bin/sh\n' >"$work/tools/setup.sh"
printf '#!/bin/sh\necho "trains with $*"\n' >"$work/program"
chmod +x "$work/tools/setup.sh" "$work/program"
cat >"$work/CMakeLists.txt" <<'PROJECT'
cmake_minimum_required(VERSION 3.22)
project(small LANGUAGES NONE)
message(STATUS "dcgan_cuda: configured as ${CMAKE_BUILD_TYPE}")
foreach(name dcgan_cuda suite)
  add_custom_command(OUTPUT ${name} DEPENDS program
    COMMAND echo ${name} >>${CMAKE_BINARY_DIR}/built
    COMMAND cp ${CMAKE_SOURCE_DIR}/program ${name})
  add_custom_target(make_${name} ALL DEPENDS ${name})
endforeach()
enable_testing()
add_test(NAME Small.suite COMMAND suite)
PROJECT

expect() { # WHAT EXPECTED ACTUAL
  [[ $3 == $2 ]] || { echo "FAILED: $1: expected '$2', got '$3'" >&2; exit 1; }
}
built() { tr '\n' ' ' <"$work/build/built"; }
output=$("$work/tools/train.sh" --steps 3)
expect "train.sh configures and trains" "*dcgan_cuda: configured as Release*trains with --steps 3" "$output"
expect "train.sh builds the program alone" "dcgan_cuda " "$(built)"
output=$("$work/tools/test.sh" -R Small)
expect "test.sh runs the suite" "*100% tests passed*" "$output"
expect "test.sh builds the rest" "dcgan_cuda suite " "$(built)"
"$work/tools/train.sh" >/dev/null
"$work/tools/build.sh" "$work/build" -- suite >/dev/null
expect "nothing is built twice" "dcgan_cuda suite " "$(built)"
rm "$work/program"
if output=$("$work/tools/train.sh" 2>&1); then expect "a failed build fails" "failure" "$output"; fi
expect "a failed build names its log" "*program*failed; the whole output is in $work/build/build.log" "$output"
echo "all passed"
