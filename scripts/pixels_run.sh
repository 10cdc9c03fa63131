#!/usr/bin/env bash
# scripts/pixels_run.sh [--hours H] [--runs DIR] [--out FILE] -- trains from rendered pictures a network of pairs and one without, and writes a page.
#   --hours H   so long in all (2), a quarter of it for the network without pairs; the same command goes on from there
#   --runs DIR  folder of the two runs and of their pictures (runs/pixels)
#   --out FILE  the page (docs/results/pixels.md)
set -eu
. "$(dirname "$0")/common.sh"

hours=2 runs=runs/pixels page=docs/results/pixels.md
while [ $# -gt 0 ]; do
  case $1 in
    --hours) hours=$2 && shift ;;
    --runs) runs=$2 && shift ;;
    --out) page=$2 && shift ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift
done
world=(--blocks-world 10000 --blocks-world-val 500 --families one-hop --most-objects 5)
recipe=(--batch 64 --rate 2.5e-4 --cap 5e-4 --every 1 --epochs 1000)

configure release
cmake --build build/release --target rn_clevr --parallel "$jobs"
program=build/release/examples/rn_clevr
mkdir -p "$runs"

# train MODEL SHARE: of the hours; a run that was stopped has left a checkpoint.
train() {
  local status=0
  timeout --foreground -s INT "$(awk "BEGIN { print int($hours * $2 * 3600) }")" \
    "$program" train --model "$1" "${world[@]}" "${recipe[@]}" --image-cache "$runs" --run "$runs/$1" || status=$?
  [ $status = 0 ] || [ $status = 124 ] || [ $status = 130 ] || exit $status
}
train cnn-lstm .25
train small-pixels .75

# value KEY: of one line of the log.
fields='function value(key) { return match($0, "\"" key "\":[^,}]*") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) : "" }'
{
  echo "# From pictures, on the blocks world"
  echo
  echo "Written by \`scripts/pixels_run.sh\` on $(date +%F) ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $jobs cores)."
  echo
  echo "10,000 rendered scenes of 3 to 5 objects, questions of the 6 families about one relation; 500 other scenes in validation. \`rn_clevr train ${world[*]} ${recipe[*]}\`."
  echo "Both networks have the same CNN and LSTM; \`small-pixels\` sums g of width 64 over all pairs of cells, \`cnn-lstm\` gives all cells side by side to an MLP of width 256."
  for model in small-pixels cnn-lstm; do
    echo
    echo "## $model"
    echo
    echo "\`rn_clevr evaluate --run $runs/$model\`, on the weights that were best in validation:"
    echo
    echo '```'
    "$program" evaluate --run "$runs/$model" --blocks-world-val 500 --image-cache "$runs"
    echo '```'
    echo
    echo "| epoch | questions seen | training loss | training accuracy, % | validation loss | validation accuracy, % |"
    echo "| --- | --- | --- | --- | --- | --- |"
    # Training lines carry the mean of the epoch so far: the last one before a validation stands for the epoch.
    awk "$fields"' /"event":"train"/ { loss = value("loss"); right = value("accuracy") }
      /"event":"validation"/ { printf "| %d | %d | %.3f | %.1f | %.3f | %.1f |\n", value("epoch"), value("step") * 64, loss, 100 * right, value("loss"), 100 * value("accuracy") }' "$runs/$model/log.jsonl"
  done
} >"$page.new"
mv "$page.new" "$page"
echo "pixels_run: $page"
