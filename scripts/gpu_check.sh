#!/usr/bin/env bash
# scripts/gpu_check.sh [--build DIR] [--out DIR] -- everything that a machine with a GPU can check, in one call of at most 9 minutes, without network.
#   --build DIR   a build folder that holds tests/test_cuda already (for this machine's paths); else build/gpu is configured and built here
#   --out DIR     where gpu.md and gpu.json go (docs/results)
# Runs the CUDA tests, some of them under compute-sanitizer, and the benchmarks, beside PyTorch where it is. Without a GPU it says so and ends with 0.
# shellcheck disable=SC2016,SC2154
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

build='' out=docs/results limit=540
while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2?a folder} && shift ;;
    --out) out=${2?a folder} && shift ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift
done
say() { printf '[%4d s] gpu_check: %s\n' $SECONDS "$*"; }

if ! nvidia-smi -L >/dev/null 2>&1 && ! compgen -G '/dev/nvidia[0-9]*' >/dev/null; then
  say "there is no NVIDIA GPU here: nothing was run, nothing written"
  exit 0
fi

own=${build:-$root/build/gpu}
logs=$own/gpu_check
rm -rf "$logs" && mkdir -p "$logs" "$out"
rows=() failed=0

# part NAME COMMAND...: runs it within the time left, keeps its output, adds a row.
part() {
  local name=$1 log=$logs/${1// /_}.log began=$SECONDS ended=0 verdict=passed left=$((limit - SECONDS))
  shift
  if [ $left -lt 5 ]; then
    verdict="not run: no time was left"
  else
    timeout -k 5 $left "$@" >"$log" 2>&1 || ended=$?
    [ $ended = 0 ] || verdict="FAILED ($ended)"
    [ $ended != 124 ] || verdict="FAILED (out of time)"
  fi
  [ "$verdict" = passed ] || failed=$((failed + 1))
  rows+=("$name|$verdict|$((SECONDS - began))|$(grep -c '^\[passed\]' "$log" 2>/dev/null || true)")
  say "$name: $verdict"
  case $verdict in FAILED*) tail -n 40 "$log" ;; esac
}

if [ -z "$build" ]; then
  build=$own
  part configure cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DRELREASON_CUDA=ON "-DRELREASON_CUDA_ARCHITECTURES=80-real;90-real;90-virtual"
  part build cmake --build "$build" --parallel "$jobs" --target cuda_tests bench_cuda
fi
tests=$build/tests/test_cuda
if [ ! -x "$tests" ]; then
  say "there is no $tests; build the target cuda_tests (it needs CUDA 12.4 or newer and Catch2), or name its folder with --build"
  exit 1
fi

part "CUDA tests" "$tests"
device=$(sed -n 's/^device: //p' "$logs/CUDA_tests.log" | head -1)
if grep -q '^skipped: no CUDA device' "$logs/CUDA_tests.log"; then
  say "the driver opens no device ($(sed -n 's/^skipped: //p' "$logs/CUDA_tests.log" | head -1)): nothing written"
  exit 1
fi
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck initcheck; do
    part "compute-sanitizer $tool" compute-sanitizer --tool $tool --report-api-errors no --error-exitcode 9 "$tests" "[small]"
  done
else
  rows+=("compute-sanitizer|not run: it is not installed here|0|0")
fi
program=$build/examples/rn_clevr  # needs the packages of scripts/setup.sh; a short training, beside the same on the CPU
if [ -x "$program" ]; then
  recipe=(--model small --blocks-world 400 --blocks-world-val 50 --families one-hop --most-objects 5 --batch 64 --rate 1e-3 --cap 1e-3 --epochs 3)
  rm -rf "$logs/run"
  part "short training" "$program" train --run "$logs/run/cuda" "${recipe[@]}" --device cuda
  part "the same on the CPU" "$program" train --run "$logs/run/cpu" "${recipe[@]}"
fi
for bench in "$build"/bench/bench_cuda*; do
  if [ -x "$bench" ]; then part "$(basename "$bench")" "$bench"; fi
done
# Relation Networks beside PyTorch, where there is one that finds the GPU: gpu_rn.md and gpu_rn.json.
if [ -x "$build/bench/bench_cuda_rn" ] && python3 -c 'import numpy, safetensors, sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  part "beside PyTorch" python3 bench/peers/compare_cuda.py --ours "$build/bench/bench_cuda_rn" --out "$out" --data "$own/bench-data" \
    --cases core_bf16,state_bf16,predict --rounds 5 --seconds $((limit - SECONDS > 120 ? limit - SECONDS - 60 : 60))
else
  rows+=("beside PyTorch|not run: no bench_cuda_rn, or python3 has no PyTorch that finds the GPU|0|0")
fi

json() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
{
  printf '{\n "date": "%s",\n "device": "%s",\n "commit": "%s",\n "failed": %d,\n "parts": [' "$(date -u +%F)" "$(json "$device")" \
    "$(git rev-parse HEAD 2>/dev/null || echo unknown)" $failed
  comma=
  for row in "${rows[@]}"; do
    IFS='|' read -r name verdict seconds cases <<<"$row"
    printf '%s\n  {"part": "%s", "verdict": "%s", "seconds": %d, "cases": %d}' "$comma" "$(json "$name")" "$(json "$verdict")" "$seconds" "${cases:-0}"
    comma=,
  done
  printf '\n ]\n}\n'
} >"$out/gpu.json"
{
  printf '# The CUDA backend on a GPU\n\nWritten by `scripts/gpu_check.sh` on %s. Raw numbers: gpu.json.\n\nDevice: %s.\n\n' "$(date -u +%F)" "$device"
  printf '| part | verdict | seconds | cases passed |\n| --- | --- | --- | --- |\n'
  for row in "${rows[@]}"; do
    IFS='|' read -r name verdict seconds cases <<<"$row"
    printf '| %s | %s | %s | %s |\n' "$name" "$verdict" "$seconds" "${cases:-0}"
  done
  for log in "$logs"/bench_*.log; do
    if [ -f "$log" ]; then printf '\n## %s\n\n```text\n%s\n```\n' "$(basename "$log" .log)" "$(cat "$log")"; fi
  done
} >"$out/gpu.md"
say "$out/gpu.md and $out/gpu.json are written; $failed parts failed"
[ $failed = 0 ]
