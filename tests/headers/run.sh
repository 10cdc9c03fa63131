#!/usr/bin/env bash
# tests/headers/run.sh COMPILER -- every public header compiles alone, twice in a row, without warnings, straight from the compiler;
# and none reaches a third-party library but those that are its door: relreason::relreason alone must do for all others.
set -u
compiler=$1
export compiler
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
export scratch
mkdir -p "$scratch"
cd "$root" || exit 1
export flags="-std=c++20 -fsyntax-only -Wall -Wextra -Wconversion -Wshadow -Werror -fdiagnostics-color=never -Iinclude -isystem ${EIGEN_INCLUDE:-/usr/include/eigen3} -x c++"

# The CUDA backend's headers need nvcc.
headers() { (cd include && find relreason -name '*.hpp' -not -path 'relreason/backend/cuda*' | sort); }

check_header() {
  local header=$1 log="$scratch/${1//\//_}"
  if ! "$compiler" $flags -MD -MF "$log.d" -include "$header" -include "$header" /dev/null >"$log.log" 2>&1; then
    echo "[failed] $header alone ($(basename "$compiler"))"
    head -20 "$log.log"
    return 1
  fi
  local allowed=none reached
  case $header in
    relreason/data/blocks_templates.hpp | relreason/data/clevr_files.hpp | relreason/data/json_records.hpp) allowed='simdjson|zlib' ;;
    relreason/train/clevr_model.hpp | relreason/train/attribute_task.hpp) allowed='simdjson|zlib' ;;
    relreason/train/clevr_report.hpp | relreason/train/sort_of_clevr_report.hpp) allowed='png|simdjson|zlib' ;;
    relreason/data/clevr_dictionary.hpp) allowed=simdjson ;;
    relreason/train/picture_answers.hpp | relreason/retrieval/feature_files.hpp) allowed='png|jpeglib|simdjson|zlib' ;;
    relreason/data/byte_source.hpp) allowed=zlib ;;
    relreason/data/png.hpp | relreason/data/blocks_pictures.hpp | relreason/data/sort_of_clevr_files.hpp) allowed='png|zlib' ;;
    relreason/data/jpeg.hpp) allowed='jpeglib' ;;
    relreason/data/image_file.hpp | relreason/data/image_collection.hpp | relreason/data/image_cache*.hpp | relreason/data/scene_pictures.hpp) allowed='png|jpeglib|zlib' ;;
    relreason/data/xtensor.hpp) allowed='xtensor|xtl' ;;
    relreason/data/eigen.hpp | relreason/retrieval/compression.hpp) allowed=Eigen ;;
    relreason/retrieval/faiss_index.hpp) allowed=faiss ;;
  esac
  reached=$(grep -oE '/(simdjson|faiss|png|jpeglib|zlib|nlohmann|xtensor|xtl|cxxopts|Eigen)[./][^ ]*' "$log.d" | grep -vE "^/($allowed)[./]" | head -1)
  if [ -n "$reached" ]; then
    echo "[failed] $header pulls in $reached"
    return 1
  fi
  echo "[passed] $header alone ($(basename "$compiler"))"
}
export -f check_header

# One file with every header of the given folders, under extra flags.
check_together() {
  local title=$1 extra=$2 pattern=$3
  headers | grep -E "$pattern" | sed 's/.*/#include "&"/' >"$scratch/together.cpp"
  if "$compiler" $flags $extra "$scratch/together.cpp" >"$scratch/together.log" 2>&1; then
    echo "[passed] $title"
  else
    echo "[failed] $title"
    head -20 "$scratch/together.log"
    return 1
  fi
}

status=0
headers | xargs -P "$(nproc)" -I{} bash -c 'check_header {}' || status=1
check_together "inference headers with -fno-exceptions -fno-rtti ($(basename "$compiler"))" "-fno-exceptions -fno-rtti" \
  '^relreason/(core|backend|graph|nn|message)/' || status=1

if "$compiler" --version | grep -q clang; then
  title="the portable path for aarch64 (syntax only)"
  if echo '#include <vector>' | "$compiler" $flags --target=aarch64-linux-gnu - 2>/dev/null; then
    check_together "$title" "--target=aarch64-linux-gnu" '^relreason/(core|backend|graph|nn|message|loss|optim|metric)/' || status=1
  else
    echo "[skipped] $title: no C++ library headers for aarch64; Debian 12 has them in libstdc++-12-dev-arm64-cross"
  fi
fi
exit $status
