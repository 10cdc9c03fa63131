#!/usr/bin/env bash
# tests/images_absent/run.sh COMPILER -- without libpng and libjpeg-turbo relreason::data is there, and reading a picture names the package.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cmake=${CMAKE:-cmake}
title="images: without libpng and libjpeg-turbo programs build, link neither, and say which package is missing"
"$cmake" -S "$root/tests/images_absent" -B "$scratch/build" -DCMAKE_CXX_COMPILER="$1" -DRELREASON_SOURCE="$root" >"$scratch/log" 2>&1 &&
  "$cmake" --build "$scratch/build" >>"$scratch/log" 2>&1 && said=$("$scratch/build/program")
if [ $? = 0 ] && [[ $said == *"cannot read picture: compiled without libpng; install it (Debian: libpng-dev)"* ]] &&
  [[ $said == *"cannot read picture: compiled without libjpeg-turbo; install it (Debian: libjpeg-dev)"* ]] &&
  ! ldd "$scratch/build/program" | grep -qE 'libpng|libjpeg'; then echo "[passed] $title"
else echo "[failed] $title: ${said-}"; tail -20 "$scratch/log"; exit 1; fi
