#!/usr/bin/env bash
# Tests the tools, measures the committed weights on scenes of kinds that they were not trained on, and trains a few steps.
# Makes its own environment beside it. Prints how many checks passed and failed; exits with 1 when one failed. --report=FILE keeps them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=environment.sh
. "$here/environment.sh"
cd "$here"
exec "$python" check.py "$@"
