#!/usr/bin/env bash
# tests/cli_pixels/run.sh -- rn_clevr on pictures: blocks world and CLEVR's layout, caches, transfer, Ctrl-C, reports. Uses $BINARY/examples/rn_clevr.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
program=${RN_CLEVR:-${BINARY:-$source/build/release}/examples/rn_clevr}
blocks=${BLOCKS_WORLD:-$(dirname "$program")/blocks_world}
title="rn_clevr on pictures"
. "$source/tests/support/program.sh"
world=(--blocks-world 12 --blocks-world-val 4 --most-objects 4 --families one-hop --threads 2)
small=(--model small-pixels "${world[@]}" --batch 16 --rate 1e-3 --cap 1e-3 --image-cache cache)
run() { "$program" "$@" 2>>"$work/log"; }

# ---- a blocks world, stopped by Ctrl-C and not: the same bytes; the report has the pictures
run train "${small[@]}" --epochs 3 --run whole || failed "trains" "$(tail -3 log)"
stop_and_go_on 8 train "${small[@]}" --epochs 3 --run parts
after_stops whole parts "stopped by Ctrl-C, the same command goes on to the same bytes, in the middle of augmented epochs"
if [ "$(grep -o 'src="data:image/png;base64,iVBORw0KGgo' whole/report.html | wc -l)" -ge 2 ] && grep -q 'Pictures are those that the network was given' whole/report.html
then passed "the report shows the pictures"; else failed "report" "no PNG in whole/report.html"; fi
before=$(stat -c '%Y %i' cache/*train*)
run evaluate --run whole --blocks-world-val 4 --image-cache cache >table || failed "evaluates" "$(tail -1 log)"
best=$(awk -F'"accuracy":' '/"event":"validation"/ { split($2, v, ","); if (v[1] > best) best = v[1] } END { printf "%.2f", 100 * best }' whole/log.jsonl)
if [ "$before" = "$(stat -c '%Y %i' cache/*train*)" ] && [ "$(awk '/^all/ { print $2 }' table)" = "$best" ]
then passed "evaluate opens the cache that training made, and finds the logged accuracy"; else failed "evaluate" "wanted $best" "$(head -1 table)"; fi

# ---- the CNN alone, and what begins with it
run train --model cnn-multilabel "${world[@]}" --image-cache cache --plainest 1 --epochs 2 --run cnn || failed "cnn-multilabel" "$(tail -3 log)"
if grep -q '"average_precision_of_batches"' cnn/log.jsonl && grep -q '"rate":0.00025' cnn/log.jsonl &&
  run evaluate --run cnn --plainest 1 --blocks-world-val 4 --image-cache cache | grep -q '^average precision  *[0-9.]* %$'
then passed "cnn-multilabel trains by its own recipe; evaluate prints its average precision"; else failed "cnn-multilabel" "$(tail -1 log)" "$(tail -1 cnn/log.jsonl)"; fi
run train --model cnn-lstm "${world[@]}" --image-cache cache --epochs 1 --init cnn/best.safetensors --run lstm || failed "--init" "$(tail -3 log)"
if grep -q 'beginning with 16 of 29 arrays from cnn/best.safetensors (cnn)' log; then passed "--init takes the CNN over"; else failed "--init" "$(grep beginning log)"; fi

# ---- refused
refused=yes
refuses 2 '--no-augmentation is about pictures, which --model rn does not see' train --no-augmentation
refuses 2 '--image-cache is about pictures, which --model small does not see' train --model small --image-cache cache
refuses 2 '--plainest chooses pictures for --model cnn-multilabel; small-pixels sees all' train "${small[@]}" --plainest .5
refuses 2 '--init-parts says what to take from the file of --init' train "${small[@]}" --init-parts cnn
refuses 2 '--dictionary is "open"; wanted one of closed, scan, FILE.json' train "${small[@]}" --dictionary open
refuses 2 '--plainest is "2"; wanted a number above 0, at most 1' train --model cnn-multilabel --plainest 2
refuses 2 '--encoder rgb-one-hot makes 13 numbers an object' train "${small[@]}" --encoder rgb-one-hot
refuses 1 'augmentation: border 8, degrees 2.8, seed 1 in the checkpoint, now none' train "${small[@]}" --epochs 3 --run whole --no-augmentation
refuses 1 'no array of the model begins with "v.g.0."' train "${small[@]}" --epochs 1 --run p --init cnn/best.safetensors --init-parts v.g.0.
refuses 1 'sees pictures; use predict --images DIR' predict --run whole --scenes s --questions q --out p
truncate -s 5000 cache/*val_4*
refuses 1 'it is cut short or damaged; remove it, then build it again' evaluate --run whole --blocks-world-val 4 --image-cache cache
[ $refused = yes ] && passed "what cannot be is refused, with what was wanted"

# ---- CLEVR's layout
if [ -x "$blocks" ] && "$blocks" --out data --train 3 --val 2 --images 96x64 >/dev/null 2>>log; then
  files=(--data data --model small-pixels --batch 16 --epochs 1 --threads 2)
  run train "${files[@]}" --run files || failed "trains on files" "$(tail -3 log)"
  if [ -s data/train_128x128.images ] && [ -s data/val_128x128.images ] && run evaluate --data data --run files | grep -q '^all .* of 20$'
  then passed "pictures of CLEVR's layout are cached beside them"; else failed "CLEVR's layout" "$(tail -3 log)"; fi
  rm data/val_128x128.images data/images/val/CLEVR_val_000001.png
  refused=yes
  refuses 1 '1 of 2 pictures are missing or no files: "CLEVR_val_000001.png"' evaluate --data data --run files
  [ $refused = yes ] && passed "missing pictures are named"
else
  echo "[skipped] rn_clevr on pictures: CLEVR's layout: no $blocks, or no libpng"
fi

# ---- the released weights, learning on
released=${RELREASON_SHARED_DATA:-$source/../shared/data}/clevr-rn-pretrained
if [ -d "$released" ]; then
  fine=("${world[@]}" --image-cache cache2 --batch 8 --epochs 1 --rate 1e-5 --init "$released/ir_fp_epoch_312.safetensors")
  refused=yes
  refuses 1 'its words stand in another order' train --model two-stage-pixels "${fine[@]}" --run p
  [ $refused = yes ] && passed "weights of another dictionary are refused"

  run train --model avf-pixels "${fine[@]}" --run avf || failed "AVF-RN" "$(tail -3 log)"
  if grep -q 'beginning with 20 of [0-9]* arrays from .* (cnn,v.g.0.,v.g.1.)' log; then passed "AVF-RN begins with 2S-RN's CNN and two layers of g"; else failed "AVF-RN" "$(tail -3 log)"; fi
else
  echo "[skipped] rn_clevr on pictures: released weights: no $released; set RELREASON_SHARED_DATA to the folder of real data"
fi
exit $status
