#!/usr/bin/env bash
# tests/blocks_cli/run.sh COMPILER -- examples/blocks_world.cpp and blocks_picture.cpp as their user meets them: what it writes, what it refuses, with which exit status.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$scratch" || exit 1
for name in blocks_world blocks_picture; do
  if ! "$1" -std=c++20 -O1 -I"$root/include" "$root/examples/$name.cpp" -o $name -lsimdjson -lpng -lz -pthread 2>compile.log; then
    echo "[failed] $name compiles"; head -20 compile.log; exit 1
  fi
done
status=0

# expect TITLE STATUS TEXT ARGUMENTS...: the exit status, and TEXT somewhere in what is printed.
program=blocks_world
expect() {
  local title="$program: $1" code=$2 text=$3 found
  shift 3
  found=$(timeout 60 ./$program "$@" 2>&1)
  local got=$?
  if [ $got = "$code" ] && [[ $found == *"$text"* ]]; then echo "[passed] $title"; return; fi
  echo "[failed] $title: found status $got, wanted $code with \"$text\""; echo "$found" | head -5; status=1
}

# holds TITLE COMMAND...
holds() {
  local title="$program: $1"
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

expect "a size that is none" 2 "--images is \"128\"" --out w --train 1 --images 128
expect "a size with a tail" 2 "--images is \"128x128x3\"" --out w --train 1 --images 128x128x3
expect "a picture without pixels" 2 "width is 0; wanted 1 to 8192" --out w --train 1 --images 0x128
expect "a picture too large" 2 "height is 9000" --out w --train 1 --images 128x9000
holds "a refused size leaves no folder behind" test ! -e w

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

expect "pictures" 0 "train: 5 pictures of 64 x 64" --out p --train 5 --images 64x64 --threads 2
holds "they lie where CLEVR has them" test "$(cd p/images && echo *)" = "CLEVR_train_images.txt train"
holds "with the names that the scenes give" test "$(ls p/images/train)" = "$(grep -o '"image_filename":"[^"]*' p/scenes/CLEVR_train_scenes.json | cut -d'"' -f4)"
sha256sum p/images/train/* >before
rm p/images/train/CLEVR_train_000003.png
expect "a second run makes what is missing" 0 "train: 3 pictures of 64 x 64" --out p --train 7 --images 64x64
holds "and the rest is as it was" sha256sum --check --quiet before
expect "another seed makes all anew" 0 "train: 7 pictures" --out p --train 7 --images 64x64 --seed 2
holds "which differ" bash -c '! sha256sum --check --quiet before'
expect "another size too" 0 "train: 7 pictures of 32 x 32" --out p --train 7 --images 32x32 --seed 2
(ulimit -f 1 && expect "a picture that cannot be written" 1 "ulimit -f" --out q --train 1 --questions 0 --images 480x320; exit $status) || status=1

program=blocks_picture
scenes=p/scenes/CLEVR_train_scenes.json
expect "--help lists the options" 0 "--beside" --help
expect "no arguments" 2 "--scenes is missing"
expect "nowhere to write to" 2 "--out is missing" --scenes $scenes
expect "a scene that there is not" 2 "has scenes 0 to 6" --scenes $scenes --index 7 --out one.png
expect "no such file" 1 "nowhere.json" --scenes nowhere.json --out one.png
expect "a scene" 0 "" --own --scenes $scenes --index 2 --out one.png
holds "which is a PNG" grep -q PNG one.png
expect "beside another picture" 0 "" --own --scenes $scenes --index 2 --beside one.png --out both.png
expect "beside a picture of another height" 1 "32 x 32 pixels for --beside, wanted 320 rows" --own --scenes $scenes \
  --beside p/images/train/CLEVR_train_000000.png --out both.png
exit $status
