#!/usr/bin/env bash
# tests/gpu_check/run.sh -- scripts/gpu_check.sh without a GPU, and with stand-ins for a GPU, its tests and compute-sanitizer.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"/{bin,build/tests}
status=0
expect() {
  local title=$1
  shift
  if "$@"; then echo "[passed] gpu_check: $title"; else echo "[failed] gpu_check: $title" && cat "$scratch/log" && status=1; fi
}
# gpu_check EXIT: runs it on the stand-ins
gpu_check() {
  local ended=0
  PATH=$scratch/bin:$PATH bash "$root/scripts/gpu_check.sh" --build "$scratch/build" --out "$scratch/out" >"$scratch/log" 2>&1 || ended=1
  [ $ended = "$1" ]
}
program() { printf '#!/bin/sh\n%s\n' "$2" >"$1" && chmod +x "$1"; }

if ! nvidia-smi -L >/dev/null 2>&1 && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
  expect "without a GPU it ends well" gpu_check 0
  expect "without a GPU it says so" grep -q 'there is no NVIDIA GPU here' "$scratch/log"
  expect "without a GPU it writes nothing" test ! -e "$scratch/out"
fi
program "$scratch/bin/nvidia-smi" 'echo "GPU 0: stand-in"'
program "$scratch/bin/compute-sanitizer" 'while [ "$1" != "'"$scratch"'/build/tests/test_cuda" ]; do shift; done; exec "$@"'
expect "a missing program is an error" gpu_check 1
program "$scratch/build/tests/test_cuda" 'echo "device: cuda:0 \"stand-in\""; echo "[passed] 0.1 s  a"; echo "[passed] 0.1 s  b"'
expect "what passes ends well" gpu_check 0
expect "the page names the device" grep -q 'Device: cuda:0 "stand-in"' "$scratch/out/gpu.md"
expect "the page counts cases" grep -qE '^\| CUDA tests \| passed \| [0-9]+ \| 2 \|$' "$scratch/out/gpu.md"
expect "the page has the sanitizer's tools" test "$(grep -c '^| compute-sanitizer .* | passed' "$scratch/out/gpu.md")" = 3
if command -v python3 >/dev/null; then expect "gpu.json is JSON" python3 -m json.tool "$scratch/out/gpu.json" /dev/null; fi
program "$scratch/build/tests/test_cuda" 'echo "[failed] 0.1 s  a"; exit 3'
expect "what fails ends badly" gpu_check 1
expect "the page says what failed" grep -q '^| CUDA tests | FAILED (3)' "$scratch/out/gpu.md"
rm -r "$scratch/out"
program "$scratch/build/tests/test_cuda" 'echo "skipped: no CUDA device, so nothing ran on a GPU"'
expect "a driver that opens no device ends badly" gpu_check 1
expect "a driver that opens no device leaves no page" test ! -e "$scratch/out/gpu.md"
exit $status
