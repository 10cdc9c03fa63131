#!/usr/bin/env bash
# tests/embedding/run.sh -- inference without exceptions and RTTI, with every compiler there is: it compiles without warnings, links, loads,
# predicts, and reports errors; and units with and without exceptions make one program, in either order of linking.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$root" || exit 1
flags="-std=c++20 -O1 -Wall -Wextra -Wconversion -Wshadow -Werror -fdiagnostics-color=never -Iinclude -Itests -isystem ${EIGEN_INCLUDE:-/usr/include/eigen3}"
without="-fno-exceptions -fno-rtti"
status=0

report() {  # report OUTCOME TITLE [LOG]
  echo "[$1] $2"
  if [ "$1" = failed ]; then
    status=1
    [ -n "${3:-}" ] && head -20 "$3"
  fi
}
compile() {  # compile COMPILER SOURCE OBJECT FLAGS...
  local compiler=$1 source=$2 object=$3
  shift 3
  "$compiler" $flags "$@" -c "$source" -o "$object" >"$object.log" 2>&1 || report failed "$(basename "$source") compiles with $compiler" "$object.log"
}

# Everything but what trains on threads of its own or reads JSON with an interface that throws.
headers_without_exceptions() {
  (cd include && find relreason -name '*.hpp' -not -path 'relreason/backend/cuda*' | sort) |
    grep -vE '^relreason/(relreason|train/(run|prefetch|clevr_report|sort_of_clevr_report)|data/(blocks_templates|image_cache_build|scene_pictures)|retrieval/faiss_index)\.hpp$'
}

for compiler in g++ clang++; do
  if ! command -v "$compiler" >/dev/null; then
    report skipped "no exceptions: no $compiler here"
    continue
  fi
  at="$scratch/$compiler"
  mkdir -p "$at"

  headers_without_exceptions | sed 's/.*/#include "&"/' >"$at/headers.cpp"
  if "$compiler" $flags $without -fsyntax-only "$at/headers.cpp" >"$at/headers.log" 2>&1; then
    report passed "$(wc -l <"$at/headers.cpp") headers in one unit without exceptions and RTTI ($compiler)"
  else
    report failed "headers in one unit without exceptions and RTTI ($compiler)" "$at/headers.log"
  fi

  title="xtensor from 0.26 on: its new layout is what the door includes ($compiler)"
  for name in xtensor xarray; do
    mkdir -p "$at/xtensor/containers"
    echo "#define NEW_LAYOUT_$name
#include <xtensor/$name.hpp>" >"$at/xtensor/containers/$name.hpp"
  done
  printf '#include "relreason/data/xtensor.hpp"\n#if !defined(NEW_LAYOUT_xtensor) || !defined(NEW_LAYOUT_xarray)\n#error\n#endif\n' >"$at/door.cpp"
  if ! echo '#include <xtensor/xtensor.hpp>' | "$compiler" -std=c++20 -fsyntax-only -x c++ - 2>/dev/null; then
    report skipped "$title: no xtensor before 0.26 here to stand for it"
  elif "$compiler" $flags -I"$at" -fsyntax-only "$at/door.cpp" >"$at/door.log" 2>&1; then
    report passed "$title"
  else
    report failed "$title" "$at/door.log"
  fi

  compile "$compiler" tests/embedding/no_exceptions.cpp "$at/no_exceptions.o" $without
  compile "$compiler" tests/embedding/mixed_component.cpp "$at/component.o" $without
  compile "$compiler" tests/embedding/mixed_host.cpp "$at/host.o"
  "$compiler" "$at/no_exceptions.o" -o "$at/no_exceptions" -pthread || status=1
  mkdir -p "$at/files"
  "$at/no_exceptions" "$at/files" || status=1

  title="without a handler the message is printed and the program aborts ($compiler)"
  { (ulimit -c 0 && exec "$at/no_exceptions" "$at/files" fail) >"$at/abort.out" 2>"$at/abort.err"; } 2>/dev/null
  if [ $? -eq 134 ] && grep -q '^relreason: batch: 7 entries of object .* 4 were planned' "$at/abort.err"; then
    report passed "$title"
  else
    report failed "$title" "$at/abort.err"
  fi

  for order in "host.o component.o" "component.o host.o"; do
    (cd "$at" && "$compiler" $order -o mixed -pthread) || status=1
    echo "-- $compiler, linked as $order"
    "$at/mixed" || status=1
  done
done
exit $status
