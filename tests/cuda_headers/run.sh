#!/usr/bin/env bash
# tests/cuda_headers/run.sh COMPILER -- every header of the CUDA backend compiles alone, twice in a row, with a plain C++ compiler on Thrust's host
# systems (those that only nvcc can read are named below), and no CUDA source reaches Eigen.
set -u
export compiler=$1
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
export scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$root" || exit 1
cccl=$(sed -n 's/^RELREASON_CCCL:PATH=//p' "${BINARY:-build/release}/CMakeCache.txt" 2>/dev/null)
if [ ! -d "$cccl" ]; then
  echo "[skipped] headers of the CUDA backend: no CUDA toolkit here"
  exit 0
fi
flags="-std=c++20 -fopenmp -Wall -Wextra -Wconversion -Wshadow -Werror -fdiagnostics-color=never -DTHRUST_DEVICE_SYSTEM=THRUST_DEVICE_SYSTEM_OMP
  -Iinclude -Itests -isystem $cccl -isystem $(dirname "$cccl") -isystem ${EIGEN_INCLUDE:-/usr/include/eigen3} -x c++"
export flags
export nvcc_only=' relreason/backend/cuda/cublaslt.cuh '

# shellcheck disable=SC2317
check_header() {
  local header=$1 log="$scratch/${1//\//_}"
  case $nvcc_only in *" $header "*) return 0 ;; esac
  # shellcheck disable=SC2086
  if "$compiler" $flags -fsyntax-only -include "$header" -include "$header" /dev/null >"$log" 2>&1; then
    echo "[passed] $header alone"
  else
    echo "[failed] $header alone"
    head -20 "$log"
    return 1
  fi
}
export -f check_header
status=0
(cd include && find relreason -name '*.cuh' | sort) | xargs -P "$(nproc)" -I{} bash -c 'check_header {}' || status=1

# Without the headers of the system and the toolkit: what ours and Eigen's are.
title="no CUDA source reaches Eigen"
reached=$(find include -name '*.cuh' -o -name '*.cu' | cat - <(find tests examples bench -name '*.cu') | sort | while read -r file; do
  # shellcheck disable=SC2086
  "$compiler" $flags -M -MG "$file" 2>/dev/null | grep -oE '[^ ]*/(Eigen|eigen3)/[^ ]*' | head -1 | sed "s|^|$file reaches |"
done)
if [ -z "$reached" ]; then echo "[passed] $title"; else echo "[failed] $title: $reached" && status=1; fi
exit $status
