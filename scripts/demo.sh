#!/usr/bin/env bash
# scripts/demo.sh [--yes] [--no-install] -- builds the example programs, trains a Relation Network on a world of blocks,
# and leaves a page that shows what it learned. At most five minutes on two cores once the packages are installed.
set -eu
. "$(dirname "$0")/common.sh"

# ---- the demo's arguments
run_folder=runs/demo
train_arguments=(train --blocks-world 5000 --run "$run_folder" --minutes 3)
# ----

"$root/scripts/setup.sh" "$@" demo
configure release
echo "demo: building the programs"
cmake --build build/release --target hello_relations rn_clevr --parallel "$jobs"
echo "demo: build/release/examples/hello_relations"
build/release/examples/hello_relations
echo "demo: build/release/examples/rn_clevr ${train_arguments[*]}"
build/release/examples/rn_clevr "${train_arguments[@]}"
echo "demo: the report is $root/$run_folder/report.html"
