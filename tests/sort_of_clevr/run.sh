#!/usr/bin/env bash
# tests/sort_of_clevr/run.sh COMPILER -- examples/sort_of_clevr.cpp as its user meets it: what it trains, writes and refuses, with which exit status.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
program=${BINARY:-$source/build/release}/examples/sort_of_clevr
title="sort_of_clevr"
. "$source/tests/support/program.sh"

refused=yes
refuses 2 'command ""; wanted train or generate; sort_of_clevr --help lists all options'
refuses 2 'command "fly"; wanted train or generate' fly
refuses 2 '"more" is one word too many' train more
refuses 2 'no-such-option' train --no-such-option
refuses 2 '3x' train --epochs 3x
refuses 2 '--epochs is 0; wanted 1 to 1000000' train --epochs 0
refuses 2 '--images is -1; wanted 1 to 1000000' train --images -1
refuses 2 '--test-images is 0; wanted 1 to 1000000' train --test-images 0
refuses 2 '--batch is 2000000; wanted 1 to 1000000' train --batch 2000000
refuses 2 '--threads is -1; wanted 0 to 1000000' train --threads -1
refuses 2 '--rate is not a number above 0, at most 1' train --rate 0
refuses 2 '--rate is not a number above 0, at most 1' train --rate 2
refuses 2 '-1' train --seed -1
refuses 2 '--model is "huge"; wanted rn, small or mlp' train --model huge
refuses 2 'found "relational" in "relational"; wanted some of non-relational, binary, ternary' train --kinds relational
refuses 2 "found 'gpu', wanted cpu, cuda or cuda:N" train --device gpu
refuses 1 'nowhere/shares.tsv' train --images 2 --test-images 1 --epochs 1 --batch 4 --folder x --compare nowhere
[ ! -e x ] || failed "a run that is refused leaves no folder"
printf 'no folder' >file
refuses 1 'file' train --images 2 --test-images 1 --epochs 1 --batch 4 --folder file
refuses 1 'file' generate --images 2 --test-images 1 --folder file
[ $refused = yes ] && passed "wrong command lines and values: one message that says what was wanted"

if "$program" generate --images 3 --test-images 2 --kinds binary,ternary --folder files >/dev/null 2>log &&
  [ "$(ls files | tr '\n' ' ')" = "test.jsonl test_0.png test_1.png train.jsonl train_0.png train_1.png train_2.png " ] &&
  [ "$(wc -l <files/train.jsonl)" = 60 ] && [ "$(wc -l <files/test.jsonl)" = 40 ] &&
  ! grep -q non-relational files/train.jsonl && grep -q '"kind":"ternary","question":"How many objects' files/test.jsonl &&
  [ "$(head -c 4 files/test_1.png | tail -c 3)" = PNG ]
then passed "generate writes PNG files, and one JSON line for each question of the kinds"; else failed "generate" "$(ls files)" "$(cat log)"; fi
"$program" generate --images 3 --test-images 2 --folder files2 --seed 2 >/dev/null 2>&1
if ! cmp -s files/test_0.png files2/test_0.png; then passed "another seed makes other pictures"; else failed "--seed"; fi

small=(--images 10 --test-images 2 --batch 16 --epochs 2)
"$program" train "${small[@]}" --model mlp --folder mlp >mlp.txt 2>log || failed "trains the baseline" "$(tail -1 log)"
"$program" train "${small[@]}" --model small --bf16 --folder rn --compare mlp >rn.txt 2>log || failed "trains" "$(tail -1 log)"
if [ "$(grep -cE '^epoch [12]: non-relational [0-9.]+ %, binary [0-9.]+ %, loss [0-9.]+$' rn.txt)" = 2 ] && grep -q '>mlp<' rn/report.html &&
  grep -q 'Accuracy, binary' rn/report.html && [ "$(grep -c validation rn/log.jsonl)" = 2 ]
then passed "each epoch prints the accuracy by kind; the report shows two runs"; else failed "train" "$(cat rn.txt)" "$(cat rn/log.jsonl)"; fi

# Ctrl-C: a checkpoint, status 130; the same command goes on to the same bytes.
middle=(train --images 100 --test-images 4 --batch 16 --epochs 2 --model mlp)
"$program" "${middle[@]}" --folder whole >/dev/null 2>>log || failed "trains" "$(tail -1 log)"
stop_and_go_on 3 "${middle[@]}" --folder parts
after_stops whole parts "stopped by Ctrl-C (status 130), the same command goes on to the same bytes"
refused=yes
refuses 1 'batch: 16 in the checkpoint, now 32' "${middle[@]}" --batch 32 --folder whole
refuses 1 'closest: fixed in the checkpoint, now legacy' "${middle[@]}" --folder whole --legacy
[ $refused = yes ] && passed "a folder of another run is refused"
exit $status
