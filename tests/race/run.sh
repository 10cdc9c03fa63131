#!/usr/bin/env bash
# tests/race/run.sh PROGRAM -- passes if the thread sanitizer stops PROGRAM with a report of a data race.
for attempt in 1 2 3 4 5; do
  if "$1" 2>&1 | grep -q "WARNING: ThreadSanitizer: data race"; then
    echo "[passed] a race planted on purpose is reported"
    exit 0
  fi
done
echo "[failed] a race planted on purpose is reported: 5 runs, no report"
exit 1
