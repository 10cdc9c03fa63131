#!/usr/bin/env bash
# tests/fuzz/run.sh PROGRAM CORPUS FINDS SECONDS -- fuzzes for so long; inputs that fail are left in FINDS/failures.
program=$1 corpus=$2 finds=$3 seconds=$4
mkdir -p "$finds/new" "$finds/failures"
seeds=()
[ -d "$corpus" ] && seeds=("$corpus")
if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$finds/failures/" "$finds/new" "${seeds[@]}"; then
  echo "[passed] $(basename "$program"): $seconds s without a failure"
else
  echo "[failed] $(basename "$program"): the input that fails is in $finds/failures"
  exit 1
fi
