#!/usr/bin/env bash
# scripts/sort_of_clevr.sh [--full-precision] [--epochs N] [--mlp-epochs N] [--hours H] [--runs DIR] [--out FILE]
# Trains the Relation Network and its baseline on Sort-of-CLEVR as published and writes a page with accuracies and curves.
#   --full-precision   fp32; otherwise products of bf16 numbers
#   --epochs N         of the Relation Network (20)
#   --mlp-epochs N     of the baseline (20; published with 100)
#   --hours H          stop after H more hours (12), with a checkpoint; the same command goes on from there
#   --runs DIR         folder of both runs (runs/sort_of_clevr)
#   --out FILE         the page (docs/results/sort_of_clevr.md)
set -eu
. "$(dirname "$0")/common.sh"

arithmetic=--bf16 epochs=20 mlp_epochs=20 hours=12 runs=runs/sort_of_clevr page=docs/results/sort_of_clevr.md
while [ $# -gt 0 ]; do
  case $1 in
    --full-precision) arithmetic= && shift && continue ;;
    --epochs) epochs=$2 ;;
    --mlp-epochs) mlp_epochs=$2 ;;
    --hours) hours=$2 ;;
    --runs) runs=$2 ;;
    --out) page=$2 ;;
    *) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift 2
done

configure release
cmake --build build/release --target sort_of_clevr --parallel "$jobs"
program=build/release/examples/sort_of_clevr
end=$((SECONDS + $(awk "BEGIN { print int($hours * 3600) }")))

# train NAME ARGUMENT...: goes on with the run NAME. times.tsv: a line "elapsed seconds, processor seconds" for each sitting.
TIMEFORMAT='%R %U'
train() {
  local run=$runs/$1 status=0 left=$((end - SECONDS))
  shift
  mkdir -p "$run"
  [ $left -gt 0 ] || return 0
  { time timeout --foreground -s INT $left "$program" train --folder "$run" "$@" $arithmetic 2>&3; } 3>&2 2>"$run/time" || status=$?
  tail -n 1 "$run/time" | tr ' ' '\t' >>"$run/times.tsv"
  [ $status = 0 ] || [ $status = 124 ] || [ $status = 130 ]
}
train mlp --model mlp --epochs "$mlp_epochs"
train rn --model rn --epochs "$epochs" $([ ! -f "$runs/mlp/shares.tsv" ] || echo --compare "$runs/mlp")
for name in rn mlp; do
  grep -qs '"event":"validation"' "$runs/$name/log.jsonl" || { echo "sort_of_clevr: $runs/$name has no epoch yet, so there is no page; run the same command to go on" && exit 1; }
done

# value KEY: of one line of the log. percent KEY: the same as a share.
fields='function value(key) { return match($0, "\"" key "\":[^,}]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }
        function percent(key) { return sprintf("%.1f", 100 * value(key)) }'
last() { grep '"event":"validation"' "$runs/$1/log.jsonl" | tail -n 1 | awk "$fields"'{ printf "%d epochs | %s | %s", value("epoch"), percent("non-relational"), percent("binary") }'; }
hours_of() { awk '{ e += $1; p += $2; n++ } END { printf "%.1f hours on the clock, %.1f hours of processor time, sittings: %d", e / 3600, p / 3600, n }' "$runs/$1/times.tsv"; }
curve() {
  echo "| epoch | training loss | training accuracy, % | validation loss | non-relational, % | binary, % |"
  echo "| --- | --- | --- | --- | --- | --- |"
  # Training lines carry the mean of the epoch so far: the last one before a validation stands for the epoch.
  awk "$fields"' /"event":"train"/ { loss = value("loss"); right = percent("accuracy") }
    /"event":"validation"/ { printf "| %d | %.3f | %s | %.3f | %s | %s |\n", value("epoch"), loss, right, value("loss"), percent("non-relational"), percent("binary") }' "$runs/$1/log.jsonl"
}
by_subtype() {
  echo "| question | Relation Network, % | baseline, % | questions |"
  echo "| --- | --- | --- | --- |"
  awk -F '\t' '$1 == "type" && $4 > 0 { if (FNR == NR) found[$2] = sprintf("%.1f", 100 * $3 / $4); else printf "| %s | %s | %.1f | %d |\n", $2, found[$2], 100 * $3 / $4, $4 }' \
    "$runs/rn/shares.tsv" "$runs/mlp/shares.tsv"
}
mkdir -p "$(dirname "$page")"
{
  echo "# Sort-of-CLEVR"
  echo
  echo "Written by \`scripts/sort_of_clevr.sh\` on $(date +%F) ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $jobs cores)."
  echo
  echo "9,800 pictures and 196,000 questions in training, 200 other pictures and 4,000 questions in validation; Adam at 1e-4, batches of 64, one step for each kind of question in turn;"
  echo "$([ "$arithmetic" ] && echo "products of bf16 numbers, all else fp32" || echo "fp32 throughout"). \`sort_of_clevr train --epochs $epochs${arithmetic:+ $arithmetic}\` took $(hours_of rn);"
  echo "\`sort_of_clevr train --model mlp --epochs $mlp_epochs${arithmetic:+ $arithmetic}\` took $(hours_of mlp)."
  echo
  echo "## Accuracy after the last epoch"
  echo
  echo "| network | | non-relational, % | binary, % |"
  echo "| --- | --- | --- | --- |"
  echo "| Relation Network, here | $(last rn) |"
  echo "| Relation Network, [kimhc6028](https://github.com/kimhc6028/relational-networks) | 20 epochs | 99 | 89 |"
  echo "| baseline without pairs, here | $(last mlp) |"
  echo "| baseline without pairs, kimhc6028 | 100 epochs | 66 | 66 |"
  if [ -f "$runs/rn/shares.tsv" ] && [ -f "$runs/mlp/shares.tsv" ]; then
    echo
    echo "## By question"
    echo
    by_subtype
  fi
  echo
  echo "## Curve of the Relation Network"
  echo
  curve rn
  echo
  echo "## Curve of the baseline"
  echo
  curve mlp
} >"$page.new"
mv "$page.new" "$page"
echo "sort_of_clevr: $page"
