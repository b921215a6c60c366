#!/bin/sh
# What only a Mac can tell: signatures, quarantine, the first start, Metal, a job, a clean end. Needs nothing but the binary.
# usage: smoke.sh BINARY
set -eu
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
scratch=$(mktemp -d)
port=${PORT:-8765}
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$scratch"
}
trap finish EXIT
cd "$scratch"
say() { printf '%s\n' "== $1"; }

say "signature of the binary"
codesign --verify --strict "$binary"
xattr -p com.apple.quarantine "$binary" 2>/dev/null && say "quarantined: xattr -d com.apple.quarantine $binary" || true

say "first start"
EASEL_DATA_DIR=$scratch/data EASEL_CACHE_DIR=$scratch/cache "$binary" run --port "$port" >server.log 2>&1 &
server=$!
curl --silent --fail --retry 50 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/health"
echo

say "signatures and quarantine of what was unpacked"
find "$scratch/cache" -type f \( -name '*.dylib' -o -name '*.node' \) | while read -r library; do
  codesign --verify --strict "$library"
  if xattr -p com.apple.quarantine "$library" >/dev/null 2>&1; then
    echo "quarantined: $library"
    exit 1
  fi
done

say "engine"
EASEL_CACHE_DIR=$scratch/cache "$binary" check --engine

say "a clean end"
kill -TERM "$server"
wait "$server" || { echo "the server ended with $?"; exit 1; }
server=
say "all well on macOS $(sw_vers -productVersion), $(sysctl -n machdep.cpu.brand_string)"
