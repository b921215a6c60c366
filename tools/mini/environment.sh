# shellcheck shell=bash
# Makes the environment of tools/mini and tools/mini-upscaler, where it is not there yet. Sets `python`. To be sourced.
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment="$tools/.venv"
if ! cmp -s "$tools/requirements.txt" "$environment/requirements.txt"; then
  rm -rf "$environment"
  python3 -m venv "$environment"
  "$environment/bin/pip" install --quiet --disable-pip-version-check -r "$tools/requirements.txt"
  cp "$tools/requirements.txt" "$environment/requirements.txt"
fi
# Threads that wait for each other by spinning stand still on a busy machine.
export OMP_WAIT_POLICY=PASSIVE
python="$environment/bin/python"
