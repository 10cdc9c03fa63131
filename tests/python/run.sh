#!/usr/bin/env bash
# tests/python/run.sh SCRIPT [ARGUMENT...] -- runs a Python script that compares our files with Python's packages.
# The interpreter is $RELREASON_PYTHON, or a virtual environment in build/python made from requirements.txt beside this file.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
skip() {
  echo "[skipped] $(basename "$script"): $1"
  exit 77
}
script=$1
python=${RELREASON_PYTHON:-$source/build/python/bin/python3}
if [ ! -x "$python" ]; then
  [ -z "${RELREASON_PYTHON-}" ] || skip "no $python"
  command -v python3 >/dev/null || skip "no python3"
  python3 -m venv "$source/build/python" >/dev/null 2>&1 || { rm -rf "$source/build/python"; skip "python3 has no venv; Debian has it in python3-venv"; }
  "$source/build/python/bin/pip" install --quiet --retries 1 --timeout 15 -r "$source/tests/python/requirements.txt" >/dev/null 2>&1 ||
    { rm -rf "$source/build/python"; skip "pip cannot install numpy and safetensors"; }
fi
exec "$python" "$@"
