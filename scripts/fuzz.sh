#!/usr/bin/env bash
# scripts/fuzz.sh [SECONDS] [TARGET...] -- fuzzes each target (all, unless named) for so long (600). New inputs stay in build/asan/fuzz/TARGET/new,
# those that fail in build/asan/fuzz/TARGET/failures.
set -eu
. "$(dirname "$0")/common.sh"
seconds=${1:-600}
case $seconds in *[!0-9]*) sed -n '2,3s/^# \{0,1\}//p' "$0" && exit 2 ;; esac
[ $# -gt 0 ] && shift
names=$(IFS='|' && echo "$*")
configure asan "-DRELREASON_FUZZ_SECONDS=$seconds"
trap 'configure asan -DRELREASON_FUZZ_SECONDS=20' EXIT
cmake --build build/asan --parallel "$jobs" --target fuzz_tests
cd build/asan
ctest -L '^fuzz$' ${names:+--tests-regex "^fuzz/($names)\$"} --parallel "$jobs" --output-on-failure
