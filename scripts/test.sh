#!/usr/bin/env bash
# scripts/test.sh [--yes] [--no-install] [--quick] -- configures, builds and runs every test.
#   --yes          install missing packages without asking
#   --no-install   install nothing; tests whose tools are missing are skipped or fail
#   --quick        the core tests only
# Prints the seconds of each part. The last line is "N passed, N failed, N skipped".
set -u

quick=no setup_arguments=()
for argument in "$@"; do
  case $argument in
    --quick) quick=yes ;;
    --yes | -y | --no-install) setup_arguments+=("$argument") ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
done
. "$(dirname "$0")/common.sh"

passed=0 failed=0 skipped=0
begin() { part=$1 started=$(date +%s%N); }
finish() {
  local ms=$((($(date +%s%N) - started) / 1000000))
  printf '%7d.%d s  %-34s %s\n' $((ms / 1000)) $((ms % 1000 / 100)) "$part" "${1-}"
}
fail() {
  failed=$((failed + 1))
  finish "failed"
}

# Builds targets of a preset, going on after an error; what failed is shown.
build() {
  local preset=$1 log=$root/build/$1-build.log go_on=-k
  shift
  [ -f "build/$preset/build.ninja" ] && go_on=-k0
  begin "build $preset: $*"
  if cmake --build "build/$preset" --parallel "$jobs" --target "$@" -- $go_on >"$log" 2>&1; then
    finish
  else
    grep -E -A 12 'FAILED:|error[: ]|Error [0-9]' "$log" | cut -c1-400 | head -60
    fail
  fi
}

# Runs the ctest entries with a label and counts their lines "[passed] ...", "[failed] ...", "[skipped] ...". A case that passed after a line
# "skipped: ..." counts as skipped. A test program that fails without a line of its own (a crash, a time-out, not built) counts as one failure.
run() {
  local preset=$1 label=$2 log summary counts p f s ended
  shift 2
  log=$root/build/$preset/Testing/Temporary/LastTest.log
  summary=$root/build/$preset-$label.log
  begin "$preset: $label"
  rm -f "$log"
  (cd "build/$preset" && ctest -L "^$label\$" --output-on-failure --parallel "$jobs" --no-tests=ignore "$@") >"$summary" 2>&1
  ended=$?
  [ -f "$log" ] || { finish "no tests"; return; }
  counts=$(awk '
    /^skipped: /      { skip = 1 }
    /^-+$/            { skip = 0 }
    /^\[passed\] /    { if (skip) s++; else p++; skip = 0 }
    /^\[failed\] /    { f++; own++; skip = 0 }
    /^\[skipped\] /   { s++; skip = 0 }
    /^[0-9]+\/[0-9]+ Testing: / { own = 0 }
    /^Test Failed\.$/ { if (!own) f++ }
    END { print p + 0, f + 0, s + 0 }' "$log")
  read -r p f s <<<"$counts"
  f=$((f + $(grep -c 'Test .*\*\*\*Not Run' "$summary")))
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  finish "$p passed, $f failed, $s skipped"
  grep -E '^skipped: |^\[skipped\] ' "$log" | sort | uniq -c | sed 's/^ */           /'
  if [ $ended != 0 ]; then
    [ "$f" != 0 ] || failed=$((failed + 1))
    grep -vE "^\[passed\] |^(Could not find|Looked in|Unable to find)|^/?${root#/}/build/" "$summary" | head -300
  fi
}

begin "packages"
"$root/scripts/setup.sh" "${setup_arguments[@]}" || { echo "0 passed, 1 failed, 0 skipped" && exit 1; }
finish

begin "configure"
# For one GPU only, which takes half the time of the three that a release is compiled for.
if configure release -DRELREASON_CUDA_ARCHITECTURES=90-real; then finish; else fail; echo "$passed passed, $failed failed, $skipped skipped"; exit 1; fi

if [ $quick = yes ]; then
  build release core_tests
  run release core
  run release compile_fail --tests-regex '/g\+\+$'
else
  grep -hE 'relreason::cuda is left out|CUDA sources are left out' build/release-configure.log | sed 's/^-- /skipped: /'
  build release unit_tests two_flags cuda_tests
  build release all bench
  for label in unit two_flags cuda headers compile_fail docs format consume python scripts; do run release $label; done
  if command -v clang++ >/dev/null; then
    begin "configure sanitizers"
    if configure asan && configure tsan; then finish; else fail; fi
    build asan unit_tests fuzz_tests
    run asan unit
    run asan fuzz
    build tsan unit_tests
    run tsan unit
  else
    echo "skipped: sanitizers and fuzzing need clang++"
    skipped=$((skipped + 3))
  fi
fi

echo "logs: build/*.log, build/*/Testing/Temporary/LastTest.log"
printf '%7d s  in all\n' $SECONDS
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ] && [ $passed != 0 ]
