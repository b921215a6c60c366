#!/usr/bin/env bash
# Tests the tools, trains a few steps, and measures the committed weights on photographs against Lanczos.
# Makes its environment in tools/mini. Prints how many checks passed and failed; exits with 1 when one failed. --report=FILE keeps them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=../mini/environment.sh
. "$here/../mini/environment.sh"
cd "$here"
exec "$python" check.py "$@"
