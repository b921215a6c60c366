#!/usr/bin/env bash
# Tests the tools, measures the committed weights on scenes of kinds that they were not trained on, and trains a few steps.
# Makes its own environment beside it. Prints how many checks passed and failed; exits with 1 when one failed. --report=FILE keeps them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
environment="$here/.venv"
if ! cmp -s "$here/requirements.txt" "$environment/requirements.txt"; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$environment/requirements.txt"
fi
cd "$here"
# Threads that wait for each other by spinning stand still on a busy machine.
export OMP_WAIT_POLICY=PASSIVE
exec "$environment/bin/python" check.py "$@"
