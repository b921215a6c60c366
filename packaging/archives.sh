#!/bin/sh
# Packs each binary with its licences, and writes SHA256SUMS and VERSION beside the archives.
# usage: archives.sh VERSION FOLDER_OF_BINARIES OUT
set -eu
version=$1 from=$2 out=$3
mkdir -p "$out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for target in linux-x64 linux-arm64 darwin-arm64; do
  [ -f "$from/easel-$target" ] || { echo "archives.sh: $from/easel-$target is missing" >&2; exit 1; }
  cp "$from/easel-$target" "$scratch/easel"
  chmod 755 "$scratch/easel"
  cp LICENSE NOTICE README.md "$scratch/"
  # Fixed owner, order and times: the same binary gives the same archive.
  tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --directory "$scratch" . |
    gzip --no-name --best > "$out/easel-$version-$target.tar.gz"
done
printf '%s' "$version" > "$out/VERSION"
(cd "$out" && sha256sum easel-"$version"-*.tar.gz > SHA256SUMS)
