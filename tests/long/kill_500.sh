#!/usr/bin/env bash
# tests/long/kill_500.sh BUILD [KILLS] -- rn_clevr killed 500 times at random moments and started again always ends in the bits of a run
# that was not. Moments are drawn by awk from a fixed seed.
set -u
program=$1/examples/rn_clevr kills=${2-500}
[ -x "$program" ] || { echo "kill_500: no $program; build the examples" && exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
train() {
  exec "$program" train --blocks-world 40 --blocks-world-val 5 --model small --batch 32 --rate 1e-3 --cap 1e-3 --epochs 4 --save-every 2 --threads 2 \
    --run "$work/$1" >/dev/null 2>"$work/$1.err"
}
begin=$(date +%s%N)
(train whole) || { cat "$work/whole.err" && exit 1; }
length=$((($(date +%s%N) - begin) / 1000000))
mapfile -t delays < <(awk -v n="$kills" -v ms="$length" 'BEGIN { srand(29); for (i = 0; i < n; i++) printf "%.3f\n", rand() * ms / 1000 }')
killed=0 rounds=0 status=0
while [ $killed -lt "$kills" ]; do
  rounds=$((rounds + 1))
  rm -rf "$work/parts"
  while :; do
    (train parts) &
    child=$!
    if [ $killed -lt "$kills" ]; then
      sleep "${delays[killed]}"
      kill -KILL $child 2>/dev/null
    fi
    wait $child 2>/dev/null
    code=$?
    [ $code = 137 ] || break
    killed=$((killed + 1))
  done
  if [ $code != 0 ]; then
    echo "kill_500: after $killed kills the program ended with status $code: $(tail -3 "$work/parts.err")"
    exit 1
  fi
  for file in last.safetensors best.safetensors log.jsonl; do
    cmp -s "$work/whole/$file" "$work/parts/$file" || { echo "kill_500: $file differs after $killed kills, round $rounds" && status=1; }
  done
done
echo "kill_500: $killed kills, $rounds runs, all with the bits of a run that was not killed: $([ $status = 0 ] && echo yes || echo no)"
exit $status
