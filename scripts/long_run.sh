#!/usr/bin/env bash
# scripts/long_run.sh [--hours H] [--run DIR] [--out FILE] -- trains on a blocks world as large as CLEVR and writes a page with the curve and accuracies.
#   --hours H   stop after H more hours (2), with a checkpoint; the same command goes on from there
#   --run DIR   folder of the run (runs/blocks_world)
#   --out FILE  the page (docs/results/blocks_world.md)
set -eu
. "$(dirname "$0")/common.sh"

hours=2 run=runs/blocks_world page=docs/results/blocks_world.md
while [ $# -gt 0 ]; do
  case $1 in
    --hours) hours=$2 && shift ;;
    --run) run=$2 && shift ;;
    --out) page=$2 && shift ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift
done
recipe=(--model small --blocks-world 70000 --blocks-world-val 1500 --batch 64 --rate 1.25e-4 --cap 5e-4 --every 1 --epochs 1000)

configure release
cmake --build build/release --target rn_clevr --parallel "$jobs"
program=build/release/examples/rn_clevr
mkdir -p "$run"

# times.tsv: one line "elapsed seconds, processor seconds" for each time that the run went on.
TIMEFORMAT='%R %U'
status=0
{ time timeout --foreground -s INT "$(awk "BEGIN { print int($hours * 3600) }")" "$program" train --run "$run" "${recipe[@]}" 2>&3; } 3>&2 2>"$run/time" || status=$?
tail -n 1 "$run/time" | tr ' ' '\t' >>"$run/times.tsv"
[ $status = 0 ] || [ $status = 124 ] || [ $status = 130 ] || exit $status

# value KEY: of one line of the log.
fields='function value(key) { return match($0, "\"" key "\":[^,}]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }'
{
  echo "# A long run on the blocks world"
  echo
  echo "Written by \`scripts/long_run.sh\` on $(date +%F) ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $jobs cores)."
  echo
  awk '{ e += $1; p += $2; n++ } END { printf "%.1f hours on the clock, %.1f hours of processor time (2 threads), in %d sittings; a machine with nothing else to do needs half the processor time.\n", e / 3600, p / 3600, n }' "$run/times.tsv"
  echo
  echo "70,000 scenes of 3 to 10 objects and 700,000 questions of all 90 families in training; 1,500 other scenes and 15,000 questions in validation."
  echo "\`rn_clevr train ${recipe[*]}\`: a Relation Network of width 128 and an LSTM of 128, doubling schedule, rate 2.5e-4 in epoch 1 and 5e-4 from epoch 2 on."
  echo
  echo "## Accuracy by type of question"
  echo
  echo "\`rn_clevr evaluate --run $run --blocks-world-val 1500\`, on the weights that were best in validation:"
  echo
  echo '```'
  "$program" evaluate --run "$run" --blocks-world-val 1500
  echo '```'
  echo
  echo "## What 97.9 % would take"
  echo
  awk "$fields"'
    FNR == NR { processor += $2; next }
    /"event":"validation"/ { seen = value("step") * 64; best = value("accuracy") > best ? value("accuracy") : best }
    END {
      whole = 350 * 700000
      printf "The published number stands at the end of 350 epochs of 700,000 questions, %.0f million, with widths of 512 and 256. This run has seen %.1f million, %.1f %% of that,", whole / 1e6, seen / 1e6, 100 * seen / whole
      printf " and stands at %.1f %%. The same small network would need %.0f hours of processor time for all of them.\n", 100 * best, processor / 3600 * whole / seen
    }' "$run/times.tsv" "$run/log.jsonl"
  echo "The published widths mean 16 times the products in the hidden layers of g (docs/reproduce.md turns measured steps per second into hours), and the published schedule warms up for 140 epochs."
  echo
  echo "## Curve"
  echo
  echo "| epoch | questions seen | training loss | training accuracy, % | validation loss | validation accuracy, % |"
  echo "| --- | --- | --- | --- | --- | --- |"
  # Training lines carry the mean of the epoch so far: the last one before a validation stands for the epoch.
  awk "$fields"' /"event":"train"/ { loss = value("loss"); right = value("accuracy") }
    /"event":"validation"/ { printf "| %d | %d | %.3f | %.1f | %.3f | %.1f |\n", value("epoch"), value("step") * 64, loss, 100 * right, value("loss"), 100 * value("accuracy") }' "$run/log.jsonl"
} >"$page.new"
mv "$page.new" "$page"
echo "long_run: $page"
