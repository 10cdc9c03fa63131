#!/usr/bin/env bash
# tests/cuda_configure/run.sh COMPILER -- the build with no CUDA, with too old a one, and with one that is required but absent:
# all but the last configure, and each says so in one line.
set -u
export CXX=$1
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
cmake=${CMAKE:-cmake}
rm -rf "$scratch" && mkdir -p "$scratch/old"/{bin,include,lib64}
command -v ninja >/dev/null && export CMAKE_GENERATOR=Ninja
status=0

# expect NAME EXIT SENTENCE [-DNAME=VALUE...]
expect() {
  local name=$1 wanted=$2 sentence=$3 log=$scratch/$1.log ended=0
  shift 3
  "$cmake" -S "$root" -B "$scratch/$name" -DRELREASON_BUILD_TESTS=OFF -DRELREASON_BUILD_EXAMPLES=OFF -DRELREASON_BUILD_BENCH=OFF "$@" >"$log" 2>&1 || ended=1
  if [ $ended = "$wanted" ] && tr -s ' \n' ' ' <"$log" | grep -qF -- "$sentence"; then
    echo "[passed] configuring with CUDA $name"
  else
    echo "[failed] configuring with CUDA $name: it ends with $ended, wanted $wanted and '$sentence'"
    tail -20 "$log"
    status=1
  fi
}

cat >"$scratch/old/bin/nvcc" <<'END'
#!/bin/sh
echo "Cuda compilation tools, release 12.3, V12.3.107"
END
chmod +x "$scratch/old/bin/nvcc"
touch "$scratch/old/include/cuda_runtime.h" "$scratch/old/lib64/libcudart.so"

none=-DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON
expect off 0 "relreason::cuda is left out: RELREASON_CUDA is OFF" -DRELREASON_CUDA=OFF
expect absent 0 "relreason::cuda is left out: no CUDA toolkit was found" $none
expect required 1 "RELREASON_CUDA is ON, but no CUDA toolkit was found" $none -DRELREASON_CUDA=ON
expect old 0 "relreason::cuda is left out: found CUDA 12.3" -DCUDAToolkit_ROOT="$scratch/old"
expect old_required 1 "found CUDA 12.3" -DCUDAToolkit_ROOT="$scratch/old" -DRELREASON_CUDA=ON
exit $status
