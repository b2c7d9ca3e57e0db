#!/usr/bin/env bash
# Downloads Fashion-MNIST's four files and verifies them. get_data.sh DIR [MIRROR_URL]
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: get_data.sh DIR [MIRROR_URL]" >&2; exit 2; }
directory=$1
mirror=${2:-http://fashion-mnist.s3-website.eu-central-1.amazonaws.com}
mkdir -p "$directory"

fetch() {
  if command -v curl >/dev/null; then curl -fsSL --retry 3 -o "$2" "$1"; else wget -q -O "$2" "$1"; fi
}
# The sums are of the files' contents: mirrors compress them differently.
verified() { [ "$(gzip -dc "$2" 2>/dev/null | sha256sum | cut -d' ' -f1)" = "$1" ]; }

while read -r sum name; do
  file=$directory/$name.gz
  if [ -f "$file" ] && verified "$sum" "$file"; then continue; fi
  echo "fetching $name.gz"
  if ! fetch "$mirror/$name.gz" "$file.part"; then
    rm -f "$file.part"
    echo "get_data: $mirror/$name.gz cannot be fetched" >&2
    exit 1
  fi
  if ! verified "$sum" "$file.part"; then
    rm -f "$file.part"
    echo "get_data: $mirror/$name.gz is damaged or another file; try another mirror" >&2
    exit 1
  fi
  mv "$file.part" "$file"
done <<SUMS
5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b t10k-images-idx3-ubyte
0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34 t10k-labels-idx1-ubyte
c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888 train-images-idx3-ubyte
bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9 train-labels-idx1-ubyte
SUMS
echo "Fashion-MNIST is in $directory"
