#!/usr/bin/env bash
# scripts/bench.sh [--pictures] [--quick] [--minutes M] [--no-peers] [--out DIR] [OPTIONS OF bench/peers/compare.py] -- writes docs/results/.
#   cpu.md, cpu.json                    speed beside PyTorch, shares of the measured ceilings, threads, batches, latency, what feeds a step
#   compile_time.md, compile_time.json  seconds and memory of compiling
#   --pictures    these instead: cpu_pixels.md, cpu_pixels.json: networks that see pictures beside PyTorch, search beside FAISS, distances of scenes,
#                 rendering and reading pictures. About 12 minutes once everything is built
#   --quick       about 6 minutes: known peers only, few rounds, one compiler. Full: about 20
#   --minutes M   of the part beside PyTorch (13; quick: 4), with --pictures of everything (11; quick: 5): more rounds and more ways to run PyTorch
#   --no-peers    ours alone; so it is, with a line, where PyTorch cannot be installed
# RELREASON_VENV names a virtual environment to use or make (build/venv).
# On an idle machine: the pages say when it was not.
set -euo pipefail
. "$(dirname "$0")/common.sh"

quick=() pictures=no minutes= peers=yes out=docs/results options=()
command="scripts/bench.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=(--quick) ;;
    --pictures) pictures=yes ;;
    --minutes) minutes=$2 && shift ;;
    --no-peers) peers=no ;;
    --out) out=$2 && shift ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' scripts/bench.sh && exit 0 ;;
    *) options+=("$1") ;;
  esac
  shift
done
full=13 short=4
[ $pictures = no ] || { full=11 short=5; }
[ -n "$minutes" ] || { [ ${#quick[@]} = 0 ] && minutes=$full || minutes=$short; }

begin=$SECONDS
say() { printf '[%4d s] bench: %s\n' $((SECONDS - begin)) "$*"; }

say "building"
configure release
if [ $pictures = yes ]; then
  ours=bench_rn_pixels
  cmake --build build/release --parallel "$jobs" --target bench_rn_pixels bench_search bench_ged bench_render bench_images bench_cnn
else
  ours=bench_rn
  cmake --build build/release --parallel "$jobs" --target bench_rn bench_latency bench_feed
  configure native
  cmake --build build/native --parallel "$jobs" --target bench_rn
fi

if ! command -v python3 >/dev/null; then
  say "there is no python3: our table alone, no pages, no peers"
  exec build/release/bench/$ours
fi

# Makes the virtual environment and installs PyTorch into it; says why where it cannot.
prepare_peers() {
  venv=${RELREASON_VENV:-build/venv}
  if [ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import faiss, numpy, safetensors, torch' 2>/dev/null; then return 0; fi
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

if [ $pictures = yes ]; then
  say "running ours and the peers in turn"
  "$python" bench/peers/compare_pixels.py --ours build/release/bench --out "$out" --data build/bench-data --minutes "$minutes" --command "$command" \
    "${quick[@]}" "${options[@]}"
  say "done: $out/cpu_pixels.md"
  exit 0
fi

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
