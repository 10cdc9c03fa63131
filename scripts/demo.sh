#!/usr/bin/env bash
# scripts/demo.sh [--yes] [--no-install] -- builds the example programs, trains a Relation Network on a world of blocks,
# and leaves a page that shows what it learned. At most five minutes on two cores once the packages are installed.
set -eu
. "$(dirname "$0")/common.sh"

world=(--blocks-world 10000 --blocks-world-val 500 --families one-hop --most-objects 5)
recipe=(--batch 64 --rate 5e-4 --cap 1e-3 --every 1)

"$root/scripts/setup.sh" "$@" demo
configure demo
echo "demo: building the programs"
cmake --build build/demo --target hello_relations rn_clevr --parallel "$jobs"
echo "demo: build/demo/examples/hello_relations"
build/demo/examples/hello_relations
train() {
  echo "demo: build/demo/examples/rn_clevr train $*"
  build/demo/examples/rn_clevr train "$@"
}
train "${world[@]}" "${recipe[@]}" --model small-mlp --epochs 14 --run runs/mlp
train "${world[@]}" "${recipe[@]}" --model small --epochs 14 --run runs/rn --compare runs/mlp
echo "demo: the report is $root/runs/rn/report.html"
