#!/usr/bin/env bash
# tests/blocks_cli/run.sh COMPILER -- examples/blocks_world.cpp as its user meets it: what it writes, what it refuses, with which exit status.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$scratch" || exit 1
if ! "$1" -std=c++20 -O1 -I"$root/include" "$root/examples/blocks_world.cpp" -o blocks_world -lsimdjson -lz -pthread 2>compile.log; then
  echo "[failed] blocks_world compiles"; head -20 compile.log; exit 1
fi
status=0

# expect TITLE STATUS TEXT ARGUMENTS...: the exit status, and TEXT somewhere in what is printed.
expect() {
  local title="blocks_world: $1" code=$2 text=$3 found
  shift 3
  found=$(timeout 60 ./blocks_world "$@" 2>&1)
  local got=$?
  if [ $got = "$code" ] && [[ $found == *"$text"* ]]; then echo "[passed] $title"; return; fi
  echo "[failed] $title: found status $got, wanted $code with \"$text\""; echo "$found" | head -5; status=1
}

# holds TITLE COMMAND...
holds() {
  local title="blocks_world: $1"
  shift
  if "$@" >/dev/null 2>&1; then echo "[passed] $title"; else echo "[failed] $title"; status=1; fi
}

expect "--help lists the options" 0 "--max-objects" --help
expect "no arguments" 2 "--out is missing"
expect "an empty folder name" 2 "--out is missing" --out "" --train 1
expect "nothing to make" 2 "wanted --train N, --val N or both" --out w
expect "an option that it does not have" 2 "bogus" --out w --train 1 --bogus
expect "an argument too many" 2 "unknown argument extra" --out w --train 1 extra
expect "a number that is none" 2 "failed to parse" --out w --train x
expect "a number too large" 2 "failed to parse" --out w --train 99999999999
expect "a negative number of scenes" 2 "n_scenes is -3" --out w --train -3
expect "a negative seed" 2 "failed to parse" --out w --train 1 --seed -1
expect "too many questions" 2 "questions_per_scene is 91" --out w --train 1 --questions 91
expect "too many objects" 2 "max_objects is 11" --out w --train 1 --max-objects 11
expect "more objects at least than at most" 2 "min_objects is 6" --out w --train 1 --min-objects 6 --max-objects 5
expect "a negative number of threads" 2 "--threads is -1" --out w --train 1 --threads -1
expect "a variant that there is not" 2 "--cogent is \"C\"" --out w --train 1 --cogent C
expect "no templates" 1 "cannot list the folder nowhere" --out w --train 1 --templates nowhere
holds "a refused command line leaves no folder behind" test ! -e w

touch file
expect "a folder that cannot be made" 1 "cannot create the folder file/scenes" --out file --train 1
expect "two splits" 0 "val: 3 scenes" --out w --train 20 --val 3 --threads 1
holds "both splits are there, and nothing else" test "$(cd w && echo */*)" = \
  "questions/CLEVR_train_questions.json questions/CLEVR_val_questions.json scenes/CLEVR_train_scenes.json scenes/CLEVR_val_scenes.json"
sha256sum w/*/* >before
expect "the same again, with more threads" 0 "train: 20 scenes, 200 questions" --out w --train 20 --threads 3
holds "the same bytes, and the other split untouched" sha256sum --check --quiet before
(ulimit -f 20 && expect "a file that cannot be written to its end" 1 "CLEVR_train_scenes.json is unchanged" --out w --train 500; exit $status) || status=1
holds "what was there is there" sha256sum --check --quiet before
holds "no partial file is left" test -z "$(find w -name '*.partial')"
expect "another seed" 0 "train: 20 scenes" --out w --train 20 --seed 2
holds "is another world" bash -c '! sha256sum --check --quiet before'
exit $status
