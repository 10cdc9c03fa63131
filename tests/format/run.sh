#!/usr/bin/env bash
# tests/format/run.sh -- our sources are as .clang-format says. Other versions of clang-format lay out differently: only 14 is asked.
set -u
cd "${SOURCE:-$(dirname "$0")/../..}" || exit 1
program=$(command -v clang-format-14 || command -v clang-format)
if [ -z "$program" ] || ! "$program" --version | grep -q 'version 14\.'; then
  echo "[skipped] formatting: no clang-format 14 here"
  exit 0
fi
wrong=$(find include examples bench tests -name '*.hpp' -o -name '*.cuh' -o -name '*.cpp' -o -name '*.cu' | sort |
  xargs -P "$(nproc)" -I{} sh -c "'$program' --dry-run -Werror {} 2>/dev/null || echo {}")
if [ -z "$wrong" ]; then
  echo "[passed] formatting"
else
  echo "[failed] formatting; mend with: $(basename "$program") -i" $wrong
  exit 1
fi
