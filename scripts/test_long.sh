#!/usr/bin/env bash
# scripts/test_long.sh [NAME...] -- the tests that take longer than 20 seconds: tests/long/*.sh.
# With names, only the scripts so named. Expects the packages of scripts/setup.sh. The last line is "N passed, N failed, N skipped".
set -u
. "$(dirname "$0")/common.sh"
configure release || exit 1
cmake --build build/release --parallel "$jobs" --target unit_tests all || exit 1

log=build/test_long.log
: >"$log"
status=0
for script in tests/long/*.sh; do
  [ -f "$script" ] || continue
  name=$(basename "$script" .sh)
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  start=$SECONDS
  if bash "$script" "$root/build/release" 2>&1 | tee -a "$log"; [ "${PIPESTATUS[0]}" = 0 ]; then
    echo "[passed] $((SECONDS - start)) s  $name" | tee -a "$log"
  else
    echo "[failed] $((SECONDS - start)) s  $name" | tee -a "$log"
    status=1
  fi
done
echo "$(grep -c '^\[passed\] ' "$log") passed, $(grep -c '^\[failed\] ' "$log") failed, $(grep -cE '^(\[skipped\] |skipped: )' "$log") skipped"
exit $status
