#!/usr/bin/env bash
# tests/compile_fail/run.sh COMPILER -- every tests/compile_fail/X.cpp must fail to compile, and the sentence of its line "// expect: ..."
# must stand within the compiler's first three errors.
set -u
export compiler=$1
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
export scratch=${WORK:-$(mktemp -d)}
mkdir -p "$scratch"
cd "$root" || exit 1
export flags="-std=c++20 -fsyntax-only -fdiagnostics-color=never -fmessage-length=0 -Iinclude -isystem ${EIGEN_INCLUDE:-/usr/include/eigen3}"
flags+=${CCCL_INCLUDE:+ -isystem ${CCCL_INCLUDE//:/ -isystem }}  # of the CUDA toolkit: for cuda_X.cpp

check_file() {
  local file=$1 name log sentence
  name="$(basename "$file") ($(basename "$compiler"))"
  if [[ $(basename "$file") = cuda_* && -z ${CCCL_INCLUDE-} ]]; then
    echo "[skipped] compile_fail/$name: it needs the CUDA toolkit's headers"
    return
  fi
  log="$scratch/$(basename "$file").log"
  sentence=$(sed -n '1,6s|^// expect: ||p' "$file" | head -1)
  if [ -z "$sentence" ]; then
    echo "[failed] compile_fail/$name: no line '// expect: SENTENCE' among its first six"
    return 1
  fi
  if "$compiler" $flags "$file" >"$log" 2>&1; then
    echo "[failed] compile_fail/$name: it compiles"
    return 1
  fi
  # Clang quotes the sentence, and its quotation marks with a backslash.
  if grep -E '(fatal )?error: ' "$log" | head -3 | sed 's/\\"/"/g' | grep -qF -- "$sentence"; then
    echo "[passed] compile_fail/$name"
  else
    echo "[failed] compile_fail/$name: '$sentence' is not within the first three errors:"
    grep -E '(fatal )?error: ' "$log" | head -3 | cut -c1-400
    return 1
  fi
}
export -f check_file

find tests/compile_fail -name '*.cpp' | sort | xargs -r -P "$(nproc)" -I{} bash -c 'check_file {}' || exit 1
