#!/usr/bin/env bash
# tests/setup/run.sh COMPILER -- what a machine without the tests' packages can do: scripts/demo.sh installs neither Catch2 nor Google Benchmark.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
title="setup: without Catch2 and Google Benchmark the programs are configured, and the tests say why they are not"
"${CMAKE:-cmake}" -S "$root" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$1" -DCMAKE_BUILD_TYPE=Release -DCMAKE_DISABLE_FIND_PACKAGE_Catch2=ON \
  -DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON >"$scratch/log" 2>&1 &&
  grep -q "tests: not built, for Catch2 is missing" "$scratch/log" && "${CMAKE:-cmake}" --build "$scratch/build" --target help | grep -q rn_clevr
if [ $? = 0 ]; then echo "[passed] $title"; else echo "[failed] $title" && tail -20 "$scratch/log" && exit 1; fi
