#!/usr/bin/env bash
# tests/cli/run.sh -- the program rn_clevr as its users meet it: command lines, files, Ctrl-C, export. Uses $BINARY/examples/rn_clevr.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
program=${RN_CLEVR:-${BINARY:-$source/build/release}/examples/rn_clevr}
if [ ! -x "$program" ]; then
  echo "[skipped] rn_clevr: no $program; build the examples"
  exit 0
fi
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
status=0
passed() { echo "[passed] rn_clevr: $1"; }
failed() {
  echo "[failed] rn_clevr: $1"
  shift
  printf '  %s\n' "$@"
  status=1
}
# refuses STATUS TEXT ARGUMENT...: the program ends with STATUS, and its one message has TEXT.
refuses() {
  local wanted=$1 text=$2 said code
  shift 2
  said=$("$program" "$@" 2>&1 >/dev/null </dev/null)
  code=$?
  if [ $code = "$wanted" ] && [[ $said == "rn_clevr: "*"$text"* ]]; then return; fi
  failed "refuses: $*" "wanted status $wanted and \"$text\"" "found status $code and: $said"
  refused=no
}
small=(--blocks-world 30 --blocks-world-val 5 --model small --batch 32 --threads 2)

# ---- command lines: status 2, and the help is named
refused=yes
refuses 2 'command ""; wanted train, evaluate, predict or export; rn_clevr --help lists the options'
refuses 2 'command "fly"; wanted' fly
refuses 2 'no-such-option' train --no-such-option
refuses 2 'many' train --epochs many
refuses 2 '"extra" is one word too many' train extra
refuses 2 '--threads is -1; wanted 0 to 1024' train "${small[@]}" --threads -1
refuses 2 '--recipe fast; wanted published or paper-text' train "${small[@]}" --recipe fast
refuses 2 '--families two; wanted all or one-hop' train "${small[@]}" --families two
refuses 2 'predict wants --scenes F --questions F --out F' predict
refuses 2 'export wants --out F' export
# ---- values: status 1
refuses 1 'no schedule is called "up"; choose one of constant' train "${small[@]}" --schedule up
refuses 1 'schedule constant has no setting cap' train "${small[@]}" --schedule constant --cap 1
refuses 1 'model huge; wanted rn, two-stage, small or small-mlp' train "${small[@]}" --model huge
refuses 1 'use --model rn' train "${small[@]}" --encoder rgb-one-hot
refuses 1 'tokenization letters; wanted punctuation, words or iep' train "${small[@]}" --tokenization letters
refuses 1 'the batch is 0; wanted at least 1' train "${small[@]}" --batch 0
refuses 1 'nowhere/shares.tsv' train "${small[@]}" --compare nowhere
refuses 1 'micro-batches is 33; wanted at most 32' train "${small[@]}" --micro-batches 33
refuses 1 'max_objects' train "${small[@]}" --most-objects 99
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
train() { "$program" train "${small[@]}" --epochs 3 --rate 1e-3 --cap 1e-3 "$@" 2>>"$work/log" >/dev/null; }
train --run whole || failed "trains" "$(tail -3 "$work/log")"
stops=0 code=130
for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do
  set -m
  "$program" train "${small[@]}" --epochs 3 --rate 1e-3 --cap 1e-3 --run parts 2>>"$work/log" >/dev/null &
  child=$!
  set +m
  for _ in $(seq 400); do  # until it trains
    kill -0 $child 2>/dev/null || break
    [ -n "$(grep SigCgt "/proc/$child/status" 2>/dev/null | awk '{ if (substr($2, length($2)) ~ /[2367abef]/) print 1 }')" ] && break
    sleep 0.01
  done
  kill -INT $child 2>/dev/null
  wait $child
  code=$?
  [ $code = 130 ] || break
  stops=$((stops + 1))
done
[ $code = 130 ] && { train --run parts; code=$?; }
if [ $code = 0 ] && [ $stops -gt 0 ] && cmp -s whole/last.safetensors parts/last.safetensors && cmp -s whole/log.jsonl parts/log.jsonl &&
  cmp -s whole/best.safetensors parts/best.safetensors; then passed "stopped by Ctrl-C (status 130), the same command goes on to the same bytes"
else failed "Ctrl-C" "status $code after $stops stops" "$(tail -3 "$work/log")"; fi
refused=yes
refuses 1 'batch: 32 in the checkpoint, now 64' train "${small[@]}" --epochs 3 --rate 1e-3 --cap 1e-3 --run whole --batch 64
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
  refuses 1 'more than the padded length 2' predict --run whole --scenes "$scenes" --questions "$questions" --out p --pad-to 2
else
  echo "[skipped] rn_clevr: predict on files: no blocks_world program"
fi
[ $refused = yes ] && passed "missing, torn, foreign and malformed files are named"

# ---- export, and paper-text
if "$program" export --run whole --out weights.safetensors 2>>"$work/log" && [ "$(stat -c %s weights.safetensors)" -lt "$(stat -c %s whole/best.safetensors)" ]
then passed "export writes the weights alone"; else failed "export" "$(tail -1 "$work/log")"; fi
"$program" train "${small[@]}" --epochs 1 --recipe paper-text --run text 2>>"$work/log" >/dev/null || failed "paper-text" "$(tail -1 "$work/log")"
if grep -q '"rate":1e-0*6' text/log.jsonl; then passed "--recipe paper-text begins at rate 1e-6"; else failed "paper-text" "$(head -1 text/log.jsonl)"; fi
exit $status
