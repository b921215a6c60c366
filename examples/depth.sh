#!/usr/bin/env bash
# Depth of one picture, with curl alone.
#
#     examples/depth.sh examples/street.jpg depth.png
#
# EASEL_URL names another server than the one on this machine, EASEL_AUTH_TOKEN its token if it has one.
set -eu
if [ $# -ne 2 ]; then
  echo "usage: depth.sh PICTURE OUTPUT.png" >&2
  exit 2
fi
picture=$1
output=$2
url=${EASEL_URL:-http://127.0.0.1:8000}

ask() {
  curl -sS --fail-with-body ${EASEL_AUTH_TOKEN:+-H "Authorization: Bearer $EASEL_AUTH_TOKEN"} "$@"
}

file=$(ask "$url/v1/files" -F "file=@$picture" | sed -n 's/.*"file_id": *"\([^"]*\)".*/\1/p')

# The result is one file, the PNG, so the answer is its bytes.
ask "$url/v1/image/depthanything/estimate" \
  -H 'Content-Type: application/json' \
  -d '{"image": {"file_id": "'"$file"'"}, "colormap": "turbo", "include_depth_data": false}' \
  -o "$output"
echo "$output"
