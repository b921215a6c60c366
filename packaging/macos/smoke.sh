#!/bin/sh
# What only a Mac can tell: signatures, quarantine, the first start, the GPU, a job, a cancelled job, a clean end, the service.
# Needs nothing but the binary and a picture. On Linux it runs without Apple's parts: SMOKE_DEVICE=cpu SMOKE_SERVICE=no.
#
# usage: smoke.sh BINARY [PICTURE]        SMOKE_DEVICE (gpu), SMOKE_SERVICE (yes), PORT (8765)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
picture=$(cd "$(dirname "${2:-$here/../../examples/street.jpg}")" && pwd)/$(basename "${2:-street.jpg}")
device=${SMOKE_DEVICE:-gpu}
service=${SMOKE_SERVICE:-yes}
port=${PORT:-8765}
url=http://127.0.0.1:$port
label=dev.easel.smoke
scratch=$(mktemp -d)
server=
step=start
say() { step=$1; printf '%s\n' "== $1"; }
apple() { [ "$(uname -s)" = Darwin ]; }
fail() { printf '%s\n' "smoke.sh: $1" >&2; exit 1; }

finish() {
  code=$?
  trap - EXIT
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  if [ "$code" -ne 0 ]; then
    printf '%s\n' "== FAILED at: $step" "Please send everything from here on (it holds no personal paths), and what stands above:"
    tail -n 40 "$scratch/server.log" 2>/dev/null | sed "s|$HOME|~|g" || true
    "$binary" doctor || true
  fi
  [ "$service" != yes ] || EASEL_SERVICE_LABEL=$label "$binary" service stop >/dev/null 2>&1 || true
  [ "$service" != yes ] || EASEL_SERVICE_LABEL=$label "$binary" service uninstall >/dev/null 2>&1 || true
  rm -rf "$scratch"
  exit "$code"
}
trap finish EXIT
cd "$scratch"
export EASEL_DATA_DIR="$scratch/data" EASEL_CACHE_DIR="$scratch/cache"

if apple; then
  say "signature of the binary"
  codesign --verify --strict "$binary"
  if xattr -p com.apple.quarantine "$binary" >/dev/null 2>&1; then
    fail "the binary is quarantined, as files from a browser are: xattr -d com.apple.quarantine '$binary'"
  fi
fi

say "first start"
"$binary" run --port "$port" > server.log 2>&1 &
server=$!
curl --silent --fail --retry 60 --retry-connrefused --retry-delay 1 "$url/health" > health
cat health
echo

if apple; then
  say "signatures and quarantine of what was unpacked"
  find "$scratch/cache" -type f \( -name '*.dylib' -o -name '*.node' \) > unpacked
  [ -s unpacked ] || fail "no library was unpacked"
  while read -r library; do
    codesign --verify --strict "$library"
    if xattr -p com.apple.quarantine "$library" >/dev/null 2>&1; then fail "quarantined: $library"; fi
  done < unpacked
fi

say "kernels of every family on the $device"
"$binary" check --engine
curl --silent --fail --retry 60 --retry-all-errors --retry-delay 1 "$url/ready" > ready
cat ready
echo
grep -q "\"kind\":\"$device\"" ready || fail "computes on another device than the $device (SMOKE_DEVICE)"

say "a job"
{
  printf '{"include_depth_data": false, "image": {"data_url": "data:image/jpeg;base64,'
  base64 < "$picture" | tr -d '\n'
  printf '"}}'
} > sync.json
curl --silent --show-error --fail-with-body -H 'content-type: application/json' --data @sync.json \
  --output depth.png "$url/v1/image/depthanything/estimate"
[ "$(head -c 4 depth.png | tail -c 3)" = PNG ] || fail "the answer is not a PNG"

say "a cancelled job"
sed 's/{/{"mode": "async", /' sync.json > async.json
last=
for _ in 1 2 3 4 5 6 7 8; do
  curl --silent --show-error --fail-with-body -H 'content-type: application/json' --data @async.json \
    "$url/v1/image/depthanything/estimate" > submitted
  last=$(grep -oE 'job_[0-9a-f]{32}' submitted | head -n 1)
done
curl --silent --show-error --fail-with-body -X POST "$url/v1/jobs/$last/cancel" > cancelled
grep -q '"status":"canceled"' cancelled || fail "the job was not cancelled: $(cat cancelled)"
curl --silent --fail "$url/health" >/dev/null

say "a clean end"
kill -TERM "$server"
code=0
wait "$server" || code=$?
server=
[ "$code" -eq 0 ] || fail "the server ended with $code"

if [ "$service" = yes ]; then
  say "the service: installed, started, answering, stopped, removed"
  export EASEL_SERVICE_LABEL="$label" EASEL_PORT="$port"
  "$binary" service install
  "$binary" service start
  curl --silent --fail --retry 60 --retry-connrefused --retry-delay 1 "$url/health"
  echo
  "$binary" service status
  "$binary" service stop
  "$binary" service uninstall
  service=no
fi

if apple; then
  say "all well on macOS $(sw_vers -productVersion), $(sysctl -n machdep.cpu.brand_string)"
else
  say "all well on $(uname -srm)"
fi
