#!/usr/bin/env bash
# scripts/bench.sh -- builds the benchmark (plain and -march=native), sets up PyTorch, runs both in turn, writes docs/results/cpu.md and cpu.json.
# Usage: scripts/bench.sh [options of bench/peers/compare.py]      e.g. scripts/bench.sh --once --out /tmp/results    to see that everything runs
# RELREASON_VENV names a virtual environment to use or make; default build/venv. Close other programs first: the page says when there were any.
set -euo pipefail
cd "$(dirname "$0")/.."

venv="${RELREASON_VENV:-build/venv}"
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt

for preset in release native; do
  cmake --preset "$preset"
  cmake --build --preset "$preset" --target bench_rn
done

exec "$venv/bin/python" bench/peers/compare.py --ours build/release/bench/bench_rn --native build/native/bench/bench_rn \
  --out docs/results --data build/bench-data "$@"
