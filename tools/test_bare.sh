#!/usr/bin/env bash
# Runs README's two commands in a bare Debian: a root of its own with this commit's checkout, and
# nothing else installed. As root. test_bare.sh SUITE [--quick] [--clang] [--keep DIR] [-- COMMAND]
#   SUITE       bookworm (Debian 12), trixie (Debian 13)
#   --quick     a part of both: the program, test_ops and test_train, without a warning; some tests
#   --clang     with Debian's clang in place of g++
#   --keep DIR  makes the root in DIR and leaves it there; one that stands there is used again
#   COMMAND     this in place of all that, in the checkout; "bash" to look around
set -euo pipefail
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
refuse() { echo "test_bare: $1" >&2; exit 1; }
suite='' quick='' compiler='' keep='' command=''
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --clang) compiler=clang++ ;;
    --keep) keep=${2:-}; [ -n "$keep" ] || usage; shift ;;
    --) command=${*:2}; [ -n "$command" ] || usage; break ;;
    -*) usage ;;
    *) [ -z "$suite" ] || usage; suite=$1 ;;
  esac
  shift
done
[ -n "$suite" ] || usage
[ "$(id -u)" -eq 0 ] || refuse "only root may make a Debian root; run it with sudo"
command -v debootstrap >/dev/null || refuse "debootstrap is missing; install it: apt-get install debootstrap"
checkout=$(cd "$(dirname "$0")/.." && pwd)
mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -m1 -E '/debian/?$') ||
  refuse "no Debian mirror among this machine's apt sources"
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
[ -z "${http_proxy:-}" ] || export http_proxy
[ -z "${https_proxy:-}" ] || export https_proxy

if [ -n "$keep" ]; then
  mkdir -p "$keep"
  place=$(cd "$keep" && pwd)
else
  place=$(mktemp -d)
  # Nothing is mounted below it: what private() mounts ends with the command.
  trap 'rm -rf --one-file-system "$place"' EXIT
fi
root=$place/$suite
exec 9>"$place/lock"
flock -n 9 || refuse "another test_bare.sh, or what is left of one, works in $place"

# Mounts and processes of the command end with it.
private() { unshare --mount --pid --fork --kill-child "$@"; }
if [ ! -d "$root" ]; then
  echo "test_bare: making a root of $suite from $mirror"
  rm -rf --one-file-system "$root.part"
  private debootstrap --variant=minbase "$suite" "$root.part" "$mirror" >"$place/debootstrap.log" 2>&1 || {
    tail -n 5 "$place/debootstrap.log" >&2
    refuse "debootstrap cannot make a root of $suite"
  }
  mv "$root.part" "$root"  # a root under its own name is a whole one
fi
# How this machine reaches the network, apt its mirrors and pip its index.
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf \
  /etc/xdg/pip/pip.conf $(grep -ls Acquire /etc/apt/apt.conf /etc/apt/apt.conf.d/*); do
  [ ! -f "$file" ] || install -D -m 644 "$file" "$root$file"
done
rm -rf --one-file-system "$root/dcgan_cuda"
mkdir "$root/dcgan_cuda"
git -C "$checkout" archive HEAD | tar -x -C "$root/dcgan_cuda"

mapfile -t proxies < <(env | grep -iE '^(https?|no)_proxy=')
bare() { # COMMAND: in the root, in the checkout
  echo "test_bare: $1"
  private --mount-proc="$root/proc" chroot "$root" env -i HOME=/root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    DEBIAN_FRONTEND=noninteractive "${proxies[@]}" ${compiler:+CXX=$compiler} \
    bash -c "cd /dcgan_cuda && $1"
}
if [ -n "$compiler" ]; then
  bare "apt-get update -qq && apt-get install -y -qq --no-install-recommends clang libomp-dev >/dev/null"
fi
if [ -n "$command" ]; then
  bare "$command"
elif [ -n "$quick" ]; then
  bare "tools/build.sh build -DCMAKE_BUILD_TYPE=Release -DDCGAN_WERROR=ON -- dcgan_cuda test_ops test_train"
  bare "build/dcgan_cuda --steps 3 --out /tmp/run && test -s /tmp/run/comparison.html"
  bare "build/tests/ops/test_ops --gtest_brief --gtest_filter='*/Op.*_cpu:Access*'"
  bare "build/tests/train/test_train --gtest_brief --gtest_filter='*Parity*:-*tf_tutorial_simt*:*_check'"
else
  bare "tools/train.sh --steps 3 --out /tmp/run && test -s /tmp/run/comparison.html"
  bare "tools/test.sh -j2"
fi
echo "test_bare: $suite passed"
