#!/usr/bin/env bash
# scripts/bench.sh [--quick] [--minutes M] [--no-peers] [--out DIR] [OPTIONS OF bench/peers/compare.py] -- measures everything, writes docs/results/.
#   cpu.md, cpu.json                    speed beside PyTorch, shares of the measured ceilings, threads, batches, latency, what feeds a step
#   compile_time.md, compile_time.json  seconds and memory of compiling
#   --quick       about 6 minutes: known peers only, few rounds, one compiler. Full: about 20
#   --minutes M   of the part beside PyTorch (13; quick: 4): more give more rounds and more ways to run PyTorch
#   --no-peers    ours alone; so it is, with a line, where PyTorch cannot be installed
# RELREASON_VENV names a virtual environment to use or make (build/venv).
# On an idle machine: the pages say when it was not.
set -euo pipefail
. "$(dirname "$0")/common.sh"

quick=() minutes= peers=yes out=docs/results options=()
command="scripts/bench.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=(--quick) ;;
    --minutes) minutes=$2 && shift ;;
    --no-peers) peers=no ;;
    --out) out=$2 && shift ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) options+=("$1") ;;
  esac
  shift
done
[ -n "$minutes" ] || { [ ${#quick[@]} = 0 ] && minutes=13 || minutes=4; }

begin=$SECONDS
say() { printf '[%4d s] bench: %s\n' $((SECONDS - begin)) "$*"; }

say "building"
configure release
cmake --build build/release --parallel "$jobs" --target bench_rn bench_latency bench_feed
configure native
cmake --build build/native --parallel "$jobs" --target bench_rn

if ! command -v python3 >/dev/null; then
  say "there is no python3: our table alone, no pages, no peers"
  exec build/release/bench/bench_rn
fi

# Makes the virtual environment and installs PyTorch into it; says why where it cannot.
prepare_peers() {
  venv=${RELREASON_VENV:-build/venv}
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import numpy, safetensors, torch' 2>/dev/null; then return 0; fi
  say "installing PyTorch in $venv (build/venv.log)"
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv" >build/venv.log 2>&1 || return 1
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt >>build/venv.log 2>&1
}
python=python3
if [ $peers = yes ]; then
  if prepare_peers; then
    python=$venv/bin/python
  else
    say "PyTorch cannot be installed ($(tail -n 1 build/venv.log)): ours alone"
    peers=no
  fi
fi
[ $peers = yes ] || options+=(--no-peers)

loader=()
if [ ${#quick[@]} = 0 ] && [[ " ${options[*]-} " != *" --once "* ]]; then
  say "reading 700 MB of questions"
  cmake --build build/release --target bench_clevr_loader
  if build/release/bench/bench_clevr_loader | tee build/clevr_loader.txt; then loader=(--loader build/clevr_loader.txt); fi
fi

say "running ours and the peers in turn"
status=0
"$python" bench/peers/compare.py --ours build/release/bench --native build/native/bench --out "$out" --data build/bench-data \
  --minutes "$minutes" --command "$command" "${loader[@]}" "${quick[@]}" "${options[@]}" || status=1
say "compile times"
python3 bench/compile_time/measure.py --out "$out" "${quick[@]}" || status=1
say "done: $out/cpu.md, $out/compile_time.md"
exit $status
