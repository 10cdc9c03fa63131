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

# A machine without apt: the list names what is not there, and only that. Its path has the tools of this machine but for apt's.
mkdir -p "$scratch/path"
for tool in bash sh cat sed grep dirname printf python3 cmake; do ln -sf "$(command -v $tool)" "$scratch/path/$tool"; done
printf '#!/bin/sh\n! grep -q simdjson\n' >"$scratch/path/g++"  # a compiler that finds every header but one
chmod +x "$scratch/path/g++"
title="setup: without apt what is missing is listed, and only that"
said=$(PATH="$scratch/path" bash "$root/scripts/setup.sh" demo)
if [[ $said == *"missing, by Debian's names:"*"  ninja-build"*"  libsimdjson-dev"* ]] && [[ $said != *eigen* ]] && [[ $said != *cmake* ]]; then echo "[passed] $title"
else echo "[failed] $title: $said"; exit 1; fi
