#!/usr/bin/env bash
# tests/clevr_execute/run.sh COMPILER -- examples/clevr_execute.cpp as its user meets it: totals, what differs, what it refuses, its exit status.
# The real files come from RELREASON_SHARED_DATA, or from shared/data beside the repository.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
data=${RELREASON_SHARED_DATA:-$root/../shared/data}/clevr
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$scratch" || exit 1
if ! "$1" -std=c++20 -O1 -I"$root/include" "$root/examples/clevr_execute.cpp" -o clevr_execute -lsimdjson -lz -pthread 2>compile.log; then
  echo "[failed] clevr_execute compiles"; head -20 compile.log; exit 1
fi
status=0

# ends TITLE STATUS STDOUT STDERR ARGUMENTS...: the exit status, and all that is printed.
ends() {
  local title="clevr_execute: $1" code=$2 out=$3 err=$4 got
  shift 4
  timeout 60 ./clevr_execute "$@" >out 2>err
  got=$?
  if [ $got = "$code" ] && [ "$(cat out)" = "$out" ] && [ "$(cat err)" = "$err" ]; then echo "[passed] $title"; return; fi
  echo "[failed] $title: found status $got, wanted $code"
  diff <(echo "$out") out | head -5; diff <(echo "$err") err | head -5
  status=1
}

# refuses TITLE STATUS TEXT ARGUMENTS...: nothing on stdout, and one line of ours with TEXT on stderr.
refuses() {
  local title="clevr_execute: $1" code=$2 text=$3 got
  shift 3
  timeout 60 ./clevr_execute "$@" >out 2>err
  got=$?
  if [ $got = "$code" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ] && [[ $(cat err) == "clevr_execute: "*"$text"* ]]
  then echo "[passed] $title"; return; fi
  echo "[failed] $title: found status $got, wanted $code with \"$text\""; head -5 out err; status=1
}

# ---- files: scenes have N cubes; questions count them, or ask for the size of the one cube
scene() {  # SPLIT IMAGE CUBES
  local things="" i
  for ((i = 0; i < $3; ++i)); do
    things+=${things:+,}'{"color":"red","size":"large","shape":"cube","material":"metal","3d_coords":['$i',0,0.7]}'
  done
  echo '{"image_index":'"$2"',"split":"'"$1"'","objects":['"$things"']}'
}
cubes='{"function":"scene","inputs":[]},{"function":"filter_shape","inputs":[0],"value_inputs":["cube"]}'
count='['$cubes',{"function":"count","inputs":[1]}]'
size='['$cubes',{"function":"unique","inputs":[1]},{"function":"query_size","inputs":[2]}]'
question() {  # SPLIT IMAGE NUMBER REST
  echo '{"image_index":'"$2"',"split":"'"$1"'","question_index":'"$3"',"question":"How many?"'"$4"'}'
}
file() {  # NAME WHAT RECORDS...
  local name=$1 what=$2 records=$3
  shift 3
  for record in "$@"; do records+=,$record; done
  echo '{"info":{},"'"$what"'":['"$records"']}' >"$name"
}
file val_scenes.json scenes "$(scene val 3 2)" "$(scene val 4 1)"
file train_scenes.json scenes "$(scene train 3 5)"
file val.json questions "$(question val 3 0 ',"answer":"2","program":'"$count")" "$(question val 4 1 ',"answer":"large","program":'"$size")"
file train.json questions "$(question train 3 0 ',"answer":"5","program":'"$count")"
gzip -k train.json
file wrong.json questions "$(question val 3 7 ',"answer":"3","program":'"$count")" "$(question val 3 8 ',"answer":"large","program":'"$size")"
file without.json questions "$(question val 3 0 ',"answer":"2"')" "$(question val 4 1 ',"program":'"$count")" \
  "$(question val 4 2 ',"answer":"1","program":'"$count")"
file none.json questions "$(question val 3 0 ',"answer":"2"')"
file elsewhere.json questions "$(question val 9 6 ',"answer":"2","program":'"$count")"
file unknown.json questions "$(question val 3 0 ',"answer":"2","program":[{"function":"guess","inputs":[]}]')"
head -c 100 val.json >cut.json

ends "one file of each" 0 "executed 2, agree 2, without program 0" "" --scenes val_scenes.json --questions val.json
ends "several files of each, joined by split and image, have one total" 0 "executed 3, agree 3, without program 0" "" \
  --scenes val_scenes.json train_scenes.json --questions train.json.gz val.json
ends "an option given several times" 0 "executed 3, agree 3, without program 0" "" \
  --questions val.json --scenes=train_scenes.json --questions train.json --scenes val_scenes.json
ends "a wrong answer and a program without result, each named" 1 "executed 5, agree 3, without program 0" "question 7, image 3: found 2, stored 3
question 8, image 3: found INVALID, stored large" --scenes val_scenes.json train_scenes.json --questions val.json wrong.json train.json
ends "questions without program or answer are counted" 0 "executed 1, agree 1, without program 2" "" --scenes val_scenes.json --questions without.json
ends "nothing executed is no success" 1 "executed 0, agree 0, without program 1" \
  "clevr_execute: nothing was executed: no question in none.json has a program and an answer" --scenes val_scenes.json --questions none.json

refuses "no arguments" 2 "--scenes is missing; wanted at least one file"
refuses "no questions" 2 "--questions is missing" --scenes val_scenes.json
refuses "an option without its file" 2 "--scenes is not followed by a file" --scenes --questions val.json
refuses "an option without its file, at the end" 2 "--questions is not followed by a file" --scenes val_scenes.json --questions
refuses "an option that it does not have" 2 "bogus" --scenes val_scenes.json --questions val.json --bogus
refuses "a word before the first option" 2 "unknown argument val.json" val.json --scenes val_scenes.json --questions val.json
refuses "missing scenes" 1 "cannot open nowhere.json" --scenes val_scenes.json nowhere.json --questions val.json
refuses "missing questions" 1 "cannot open nowhere.json" --scenes val_scenes.json --questions val.json nowhere.json
refuses "a file that is cut off" 1 "cut.json" --scenes val_scenes.json --questions val.json cut.json
refuses "a function that there is not" 1 "unknown.json" --scenes val_scenes.json --questions unknown.json
refuses "scenes where questions are wanted" 1 "val_scenes.json" --scenes val_scenes.json --questions val_scenes.json
refuses "a question about no scene that is given" 1 "elsewhere.json: question 6 asks about image_index 9" \
  --scenes val_scenes.json --questions val.json elsewhere.json
refuses "a scene that is given twice" 1 "val_scenes.json: found two scenes of image_index 3" \
  --scenes val_scenes.json val_scenes.json --questions val.json
./clevr_execute --help >out 2>err
if [ $? = 0 ] && grep -q -- "--questions F..." out && [ ! -s err ]
then echo "[passed] clevr_execute: --help lists the options"; else echo "[failed] clevr_execute: --help"; status=1; fi

# ---- the real files: every stored answer is that of its program
if [ -d "$data" ]; then
  train=$data/scenes/CLEVR_train_scenes_first1000.json.gz val=$data/scenes/CLEVR_val_scenes_first33.json.gz asked=$data/questions/CLEVR
  ends "the first training questions" 0 "executed 40, agree 40, without program 0" "" --scenes "$train" --questions "${asked}_train_questions_mini.json"
  ends "the first validation questions" 0 "executed 7, agree 7, without program 0" "" --scenes "$val" --questions "${asked}_val_questions_mini.json"
  ends "CLOSURE" 0 "executed 826, agree 826, without program 0" "" --scenes "$val" --questions "$data"/closure/*.json.gz
  ends "questions on the first 1,000 scenes" 0 "executed 898, agree 898, without program 127" "" \
    --scenes "$train" --questions "${asked}_train_first1000_qa.json.gz"
else
  echo "[skipped] clevr_execute: the real files: no $data; set RELREASON_SHARED_DATA to the folder of real data"
fi
exit $status
