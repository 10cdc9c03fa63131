#!/usr/bin/env bash
# tests/blocks_bytes/run.sh -- the same world of blocks, byte for byte, from every compiler, optimization, instruction set and number of threads.
# expected.sha256 is what they all must give. After a deliberate change of the world: tests/blocks_bytes/run.sh --accept
set -u
here=$(cd "$(dirname "$0")" && pwd)
export root=${SOURCE:-$(cd "$here/../.." && pwd)}
export scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"

files="scenes/CLEVR_train_scenes.json scenes/CLEVR_val_scenes.json questions/CLEVR_train_questions.json questions/CLEVR_val_questions.json"

# make COMPILER FLAGS THREADS FOLDER: compiles the program and writes its world to FOLDER.
make() {
  "$1" -std=c++20 $2 -I"$root/include" "$root/tests/blocks_bytes/world.cpp" -o "$4.program" -pthread >"$4.log" 2>&1 &&
    "$4.program" "$4" "$3" >>"$4.log" 2>&1
}

# check "COMPILER|FLAGS|THREADS"
check() {
  local compiler flags threads
  IFS='|' read -r compiler flags threads <<<"$1"
  local title="blocks world: the stored bytes with $compiler $flags, $threads threads" folder="$scratch/${1//[^a-z0-9+]/_}"
  if ! command -v "$compiler" >/dev/null; then echo "[skipped] $title: no $compiler here"; return 0; fi
  if ! echo 'int x;' | "$compiler" $flags -x c++ -c - -o /dev/null 2>/dev/null; then echo "[skipped] $title: flags unknown here"; return 0; fi
  if make "$compiler" "$flags" "$threads" "$folder" && (cd "$folder" && sha256sum --check --quiet "$root/tests/blocks_bytes/expected.sha256") >>"$folder.log" 2>&1
  then echo "[passed] $title"; return 0; fi
  echo "[failed] $title"; head -20 "$folder.log"; return 1
}

if [ "${1:-}" = --accept ]; then
  make c++ -O2 1 "$scratch/accepted" || { cat "$scratch/accepted.log"; exit 1; }
  (cd "$scratch/accepted" && sha256sum $files) >"$here/expected.sha256"
  exit
fi

export -f make check
printf '%s\0' 'g++|-O0|1' 'g++|-O3|2' 'g++|-O3 -march=native|3' 'clang++|-O0|3' 'clang++|-O3|2' 'clang++|-O3 -march=native|1' |
  xargs -0 -P "$(nproc)" -I{} bash -c 'check "{}"'
