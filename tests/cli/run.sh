#!/usr/bin/env bash
# tests/cli/run.sh -- the program rn_clevr as its users meet it: command lines, files, Ctrl-C, export. Uses $BINARY/examples/rn_clevr.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
program=${RN_CLEVR:-${BINARY:-$source/build/release}/examples/rn_clevr}
title="rn_clevr"
. "$source/tests/support/program.sh"
small=(--blocks-world 30 --blocks-world-val 5 --model small --batch 32 --threads 2)

# ---- command lines: status 2, and the help is named
refused=yes
refuses 2 'command ""; wanted train, evaluate, predict or export; rn_clevr --help lists the options'
refuses 2 'command "fly"; wanted' fly
refuses 2 'no-such-option' train --no-such-option
refuses 2 'many' train --epochs many
refuses 2 '"extra" is one word too many' train extra
refuses 2 'predict wants --scenes F --questions F --out F' predict
refuses 2 'export wants --out F' export
# numbers: one whole word within the range that stands in the message
while read -r option wrong wanted; do
  refuses 2 "--$option is \"$wrong\"; wanted $wanted; rn_clevr --help" train "${small[@]}" "--$option" "$wrong"
done <<'N'
threads -1 a whole number from 0 to 1024
blocks-world -1 a whole number from 1 to 1000000
blocks-world-val 0 a whole number from 1 to 1000000
most-objects 50 a whole number from 3 to 10
most-objects 2 a whole number from 3 to 10
epochs 0 a whole number from 1 to 1000000
epochs 3x a whole number from 1 to 1000000
epochs 1e3 a whole number from 1 to 1000000
epochs 99999999999999999999 a whole number from 1 to 1000000
batch -5 a whole number from 1 to 100000
batch 0 a whole number from 1 to 100000
micro-batches 5000 a whole number from 1 to 4096
lanes 65 a whole number from 0 to 64
every 0 a whole number from 1 to 1000000
save-every 0 a whole number from 1 to 1000000
seed text a whole number from 0 to 18446744073709551615
seed -1 a whole number from 0 to 18446744073709551615
rate -1 a number above 0, at most 1
rate nan a number above 0, at most 1
rate 0 a number above 0, at most 1
cap inf a number above 0, at most 1
N
refuses 2 '--pad-to is "-1"; wanted a whole number from 0 to 1000' evaluate --pad-to -1
refuses 2 '--batch is ""; wanted a whole number' train "${small[@]}" --batch ''
refuses 2 '--run is ""; wanted some text' train "${small[@]}" --run ''
# names: one of a list
while read -r option wrong wanted; do
  refuses 2 "--$option is \"$wrong\"; wanted one of $wanted" train "${small[@]}" "--$option" "$wrong"
done <<'N'
schedule up constant, doubling,
model huge rn, two-stage, medium, small, small-mlp, rn-pixels,
tokenization letters punctuation, words, iep;
dictionary open closed, scan;
encoder pixels ordinal7, rgb-one-hot;
recipe fast published, paper-text;
families two all, one-hop;
sampler all shuffle, answer-balanced, single-class;
N
# options of another command
while read -r command option belongs; do
  refuses 2 "--${option%% *} belongs to $belongs; $command does not take it" "$command" "--$option" 1
done <<'N'
train pad-to evaluate, predict
train weights evaluate, predict, export
train out predict, export
evaluate epochs train
evaluate blocks-world train
evaluate scenes predict
predict rate train
predict seed train, evaluate
export threads train, evaluate, predict
N
refuses 2 '--bf16 belongs to train; predict does not take it' predict --bf16
# options against each other
refuses 2 'schedule constant has no setting cap' train "${small[@]}" --schedule constant --cap 1
refuses 2 'schedule doubling has no setting period' train "${small[@]}" --period 7
refuses 2 'plateau: factor is 1; wanted 0 < factor < 1' train "${small[@]}" --schedule plateau --factor 1
refuses 2 'cosine: minimum is 0.1; wanted 0 to 5e-04, the base rate' train "${small[@]}" --schedule cosine --minimum .1
refuses 2 '--rate is 1e-2, but schedule doubling would begin at its cap, 0.0005; give a larger --cap' train "${small[@]}" --rate 1e-2
refuses 2 'schedule paper-text would begin at its cap, 0.0001' train "${small[@]}" --recipe paper-text --rate 1e-3
refuses 2 '--encoder rgb-one-hot makes 13 numbers an object; use --model rn' train "${small[@]}" --encoder rgb-one-hot
refuses 2 '--tokenization words wants --dictionary scan' train "${small[@]}" --tokenization words --dictionary closed
refuses 2 '--micro-batches is 33; wanted at most 32, the batch' train "${small[@]}" --micro-batches 33
refuses 2 "--device: device: found 'gpu', wanted cpu, cuda or cuda:N" train "${small[@]}" --device gpu
refuses 2 '--tf32 needs --device cuda' train "${small[@]}" --tf32
refuses 2 '--tf32 and --bf16 are given; wanted one of them' train "${small[@]}" --tf32 --bf16 --device cuda
refuses 2 '--batch and --batch-doubling both set the batch' train "${small[@]}" --batch-doubling
refuses 2 '--most-objects is about the blocks world, but --data names files' train --data nowhere --most-objects 5
# ---- what files hold: status 1
refuses 1 'nowhere/shares.tsv' train "${small[@]}" --compare nowhere
refuses 1 'no file' train --data nowhere
refuses 1 'nowhere/best.safetensors' evaluate --run nowhere
refuses 1 'nowhere/best.safetensors' export --run nowhere --out x
[ $refused = yes ] && passed "wrong command lines and values: one message that says what was wanted"

# ---- help
help=$("$program" --help)
code=$?
undocumented=$(sed -n 's/^ *\(-h, \)\{0,1\}--\([a-z-]*\)\( arg\)\{0,1\} *$/\2/p' <<<"$help")
if [ $code = 0 ] && grep -q -- --tokenization <<<"$help" && [ -z "$undocumented" ]; then passed "--help explains every option"
else failed "--help" "status $code" "$undocumented"; fi

# ---- Ctrl-C: the step ends, a checkpoint is written, status 130; the same command goes on and ends in the same bytes
middle=(train "${small[@]}" --epochs 3 --rate 1e-3 --cap 1e-3)
"$program" "${middle[@]}" --run whole 2>>"$work/log" >/dev/null || failed "trains" "$(tail -3 "$work/log")"
stop_and_go_on 12 "${middle[@]}" --run parts
after_stops whole parts "stopped by Ctrl-C (status 130), the same command goes on to the same bytes"
refused=yes
refuses 1 'batch: 32 in the checkpoint, now 64' "${middle[@]}" --run whole --batch 64
printf 'no checkpoint' >torn.safetensors
refuses 1 './torn.safetensors' evaluate --run . --weights torn.safetensors
head -c 3000 whole/best.safetensors >cut.safetensors
refuses 1 './cut.safetensors' predict --run . --weights cut.safetensors --scenes a --questions b --out c

# ---- predict and evaluate on files
"$program" evaluate --run whole --blocks-world-val 5 >table 2>>"$work/log" || failed "evaluates" "$(tail -1 "$work/log")"
mkdir -p data
if [ -x "$(dirname "$program")/blocks_world" ] && "$(dirname "$program")/blocks_world" --out data --train 1 --val 5 --seed 1 >/dev/null 2>>"$work/log"; then
  scenes=$(find data -name '*val_scenes.json*') questions=$(find data -name '*val_questions.json*')
  "$program" evaluate --run whole --data data >table_files 2>>"$work/log" || failed "evaluates files" "$(tail -1 "$work/log")"
  "$program" predict --run whole --scenes "$scenes" --questions "$questions" --out predictions.jsonl 2>>"$work/log" || failed "predicts" "$(tail -1 "$work/log")"
  if python3 - "$questions" table_files <<'P'; then passed "predict writes one JSON line a question; evaluate counts the same"; else failed "predict"; fi
import gzip, json, math, sys
read = gzip.open if sys.argv[1].endswith("gz") else open
wanted = json.load(read(sys.argv[1], "rt"))["questions"]
found = [json.loads(line) for line in open("predictions.jsonl")]
assert [f["question_index"] for f in found] == [w["question_index"] for w in wanted]
for f in found:
    assert set(f) == {"question_index", "answer", "log_probabilities"} and len(f["log_probabilities"]) == 28
    assert abs(sum(map(math.exp, f["log_probabilities"])) - 1) < 1e-4
right = sum(f["answer"] == w["answer"] for f, w in zip(found, wanted))
all_of = open(sys.argv[2]).readline().split()
assert all_of == ["all", f"{100 * right / len(wanted):.2f}", "%", "of", str(len(wanted))], (all_of, right)
P
  refuses 1 'cannot open none.json' predict --run whole --scenes none.json --questions "$questions" --out p
  printf '{"questions": [{"question": 7}]}' >bad.json
  refuses 1 'bad.json' predict --run whole --scenes "$scenes" --questions bad.json --out p
  refuses 1 'no/p' predict --run whole --scenes "$scenes" --questions "$questions" --out no/p
  refuses 1 "$questions: question 0 has " predict --run whole --scenes "$scenes" --questions "$questions" --out p --pad-to 2
  refuses 2 'is the file of --questions, which would be lost' predict --run whole --scenes "$scenes" --questions bad.json --out bad.json
  object='{"size": "large", "color": "red", "material": "metal", "shape": "cube", "3d_coords": [0, 0, 0]}'
  scene() { printf '{"scenes": [{"image_index": %s, "objects": [%s]}%s]}' "$1" "$2" "${3:-}" >s.json; }
  ask() { printf '{"questions": [%s]}' "${1:+{\"image_index\": 4, \"question_index\": 17, \"question\": \"$1\"${2:-\}}}" >q.json; }
  said() { refuses 1 "$1" predict --run whole --scenes s.json --questions q.json --out p "${@:2}"; }
  scene 4 "$object" && ask ''
  said 'q.json: found no questions, wanted at least one; nothing was written'
  ask 'Is it pink?'
  said 'q.json: question 17, "Is it pink?": found word "pink", wanted one of the 82 words'
  ask 'Is it red?' ', "answer": "maybe"}'
  said 'q.json: question 17: found answer "maybe", wanted one of the 28 known'
  ask 'Is it red?'
  scene 5 "$object"
  said 'q.json: question 17 asks about image_index 4 of split "", found no such scene among 1 in s.json'
  scene 4 "$object" ', {"image_index": 4, "objects": []}'
  said 's.json: found two scenes of image_index 4 in split "" (scenes 0 and 1 of the list)'
  scene 4 ''
  said 's.json: scene 4 has no objects; drop --require-objects' --require-objects
  scene 4 "$object$(printf ", $object%.0s" 1 2 3 4 5 6 7 8 9 10 11 12)"
  said 's.json: scene 4 has 13 objects; wanted at most 12'
  mkdir -p unanswered/scenes unanswered/questions
  scene 4 "$object"
  mv s.json unanswered/scenes/CLEVR_test_scenes.json && mv q.json unanswered/questions/CLEVR_test_questions.json
  refuses 1 'unanswered/questions/CLEVR_test_questions.json: question 17 has no answer; use predict' evaluate --run whole --data unanswered --split test
  mkdir -p wordy/scenes wordy/questions
  for split in train val; do
    scene 4 "$object" && mv s.json wordy/scenes/CLEVR_${split}_scenes.json
    ask "$(seq -s ' ' 1 128)" ', "answer": "yes"}' && mv q.json wordy/questions/CLEVR_${split}_questions.json
  done
  wordy=wordy/questions/CLEVR_train_questions.json
  refuses 1 "$wordy: found 128 words; the models have room for 127" train --data wordy --dictionary scan --run p
  sed -i 's/ 128"/"/' "$wordy"
  refuses 1 "$wordy: model small reads ordinal7 and up to 82 words (here ordinal7, 127); use --model rn" \
    train --data wordy --dictionary scan --model small --run p
  refuses 1 "$wordy: question 17, \"1 2 3 " train --data wordy --run p
  [ -e p ] && failed "a refused prediction leaves a file"
else
  echo "[skipped] rn_clevr: predict on files: no blocks_world program"
fi
[ $refused = yes ] && passed "missing, torn, foreign and malformed files are named"

# ---- predict from pictures, by the published weights
refused=yes
refuses 2 'predict --images DIR wants --weights F --dictionary F --questions F --out F' predict --images .
refuses 2 '--scenes is for scene descriptions, --images for pictures; leave one out' \
  predict --images . --weights w --dictionary d --questions q --out p --scenes s
refuses 2 '--dictionary belongs to train, and to predict with --images' predict --scenes s --questions q --out p --dictionary d
refuses 2 '--dictionary is "words"; wanted one of closed, scan' train "${small[@]}" --dictionary words
data=${RELREASON_SHARED_DATA:-$source/../shared/data}
if [ -d "$data/clevr-rn-pretrained" ] && [ -d "$data/clevr/images/train" ]; then
  weights=$data/clevr-rn-pretrained/original_fp_epoch_493.safetensors words=$data/clevr-rn-pretrained/dictionary.json
  asked=$data/clevr/questions/CLEVR_train_questions_mini.json
  "$program" predict --weights "$weights" --dictionary "$words" --images "$data/clevr/images/train" --questions "$asked" --pad-to 45 \
    --out pictures.jsonl 2>>"$work/log" || failed "predicts from pictures" "$(tail -1 "$work/log")"
  if python3 - "$asked" <<'P'; then passed "the published weights answer 39 of CLEVR's first 40 training questions from its pictures"; else failed "from pictures"; fi
import json, sys
asked = json.load(open(sys.argv[1]))["questions"]
found = [json.loads(line) for line in open("pictures.jsonl")]
assert [f["question_index"] for f in found] == [q["question_index"] for q in asked] and all(len(f["log_probabilities"]) == 28 for f in found)
assert sum(f["answer"] == q["answer"] for f, q in zip(found, asked)) == 39
P
  echo '{"question_words": {"are": 1}, "answers": {"yes": 1}}' >few.json
  echo '{"question_words": {"are": 1, "is": 1}, "answers": {"yes": 1}}' >twice.json
  with=(predict --images "$data/clevr/images/train" --questions "$asked" --out p --weights)
  refuses 1 'question 0, "Are there more big green' "${with[@]}" "$weights" --dictionary few.json
  refuses 1 'twice.json: question_words: found "are" and "is" at number 1' "${with[@]}" "$weights" --dictionary twice.json
  refuses 1 'found malformed JSON' "${with[@]}" "$weights" --dictionary "$weights"
  refuses 1 'the first layer of pairs reads 142 numbers, wanted 180 (RN) or 52 (2S-RN)' "${with[@]}" whole/best.safetensors --dictionary "$words"
  mkdir -p none && refuses 1 '4 of 4 pictures are missing' predict --images none --questions "$asked" --out p --weights "$weights" --dictionary "$words"
  [ -e p ] && failed "a refused prediction from pictures leaves a file"
  [ $refused = yes ] && passed "weights, dictionaries and pictures that do not fit are named"
else
  echo "[skipped] rn_clevr: predict from pictures: no $data/clevr-rn-pretrained; set RELREASON_SHARED_DATA to the folder of real data"
fi

# ---- export, and paper-text
if "$program" export --run whole --out weights.safetensors 2>>"$work/log" && [ "$(stat -c %s weights.safetensors)" -lt "$(stat -c %s whole/best.safetensors)" ]
then passed "export writes the weights alone"; else failed "export" "$(tail -1 "$work/log")"; fi
"$program" train "${small[@]}" --epochs 1 --recipe paper-text --run text 2>>"$work/log" >/dev/null || failed "paper-text" "$(tail -1 "$work/log")"
if grep -q '"rate":1e-0*6' text/log.jsonl; then passed "--recipe paper-text begins at rate 1e-6"; else failed "paper-text" "$(head -1 text/log.jsonl)"; fi
exit $status
