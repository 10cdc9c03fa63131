#!/usr/bin/env bash
# tests/rcbir/run.sh -- examples/rcbir.cpp as its user meets it: features, ground truth, searches, scores, a page. Uses $BINARY/examples.
set -u
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
rcbir=${BINARY:-$source/build/release}/examples/rcbir world=${BINARY:-$source/build/release}/examples/blocks_world
for program in "$rcbir" "$world"; do
  [ -x "$program" ] || { echo "[skipped] rcbir: no $program; build the examples"; exit 0; }
done
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
status=0

# expect TITLE STATUS TEXT ARGUMENT...: the exit status, and TEXT somewhere in what is printed.
expect() {
  local title="rcbir: $1" code=$2 text=$3 found got
  shift 3
  found=$(timeout 120 "$rcbir" "$@" 2>&1)
  got=$?
  if [ $got = "$code" ] && [[ $found == *"$text"* ]]; then echo "[passed] $title"; return; fi
  echo "[failed] $title: found status $got, wanted $code with \"$text\""
  echo "$found" | head -5
  status=1
}

"$world" --out world --val 16 --images 128x128 >log 2>&1 || { echo "[failed] rcbir: the blocks world is drawn"; cat log; exit 1; }
pictures=world/images/val scenes=world/scenes/CLEVR_val_scenes.json
expect "features of a folder" 0 "16 pictures, 16 of them computed now" extract --images $pictures --kind random --features r.npy --safetensors r.safetensors
expect "nothing is computed twice" 0 "16 pictures, 0 of them computed now" extract --images $pictures --kind random --features r.npy
expect "ground truth of their scenes" 0 "16 scenes" truth --scenes $scenes --features r.npy --truth t.dist --distance ged2018-hard
expect "another distance in the same file" 1 "t.dist" truth --scenes $scenes --features r.npy --truth t.dist --distance fuzzy
expect "a search" 0 "CLEVR_val_0000" search --features r.npy --query CLEVR_val_000003.png --top 5
expect "a search for more than there are" 0 "CLEVR_val_0000" search --features r.npy --query CLEVR_val_000003.png --top 100 --cosine
expect "scores" 0 "random " evaluate --features r.npy --truth t.dist --json s.json
expect "a page" 0 "p.html" page --images $pictures --features r.npy --truth t.dist --query CLEVR_val_000003.png --top 4 --out p.html
if python3 - <<'P'; then echo "[passed] rcbir: what it writes"; else echo "[failed] rcbir: what it writes"; status=1; fi
import json, re
scores = json.load(open("s.json"))
assert scores["random"]["as_is"]["n_queries"] == 16 and abs(scores["random"]["as_is"]["spearman"]["mean"]) < .3
index = json.load(open("r.npy.json"))
assert index["kind"] == "random" and index["width"] == 512 and len(index["files"]) == 16
page = open("p.html").read()
assert page.count("data:image/png;base64,") == 1 + 4 + 4 and "ground truth" in page
assert not re.search(r'(src|href)="(?!data:)', page)
P
expect "a picture that is not there" 1 "is no picture of the collection; its first one is CLEVR_val_000000.png" search --features r.npy --query x.png
expect "no weights" 1 "extract --kind rn wants --weights" extract --images $pictures --kind rn --features n.npy
expect "an unknown kind" 1 "wanted one of cnn-mean" extract --images $pictures --kind best --weights w --features n.npy
expect "an empty folder" 1 "found no PNG or JPEG file" extract --images world/scenes --kind random --features n.npy
mkdir -p other && cp $pictures/CLEVR_val_000001.png other/a.png && cp $pictures/CLEVR_val_000002.png other/b.png
"$rcbir" extract --images other --kind random --features o.npy >log 2>&1
expect "scenes that do not describe the pictures" 1 "has no scene of picture a.png" truth --scenes $scenes --features o.npy --truth o.dist
expect "features of different pictures" 1 "is of other pictures than the first" evaluate --features r.npy,o.npy --truth t.dist
expect "a search for none" 1 "0" search --features r.npy --query CLEVR_val_000003.png --top 0
expect "an unknown command" 1 'found command "fly", wanted extract' fly
data=${RELREASON_SHARED_DATA:-$source/../shared/data}/clevr-rn-pretrained
if [ -d "$data" ]; then
  for kind in cnn-mean cnn-max two-stage-mean two-stage-max; do
    expect "features $kind of the released 2S-RN" 0 "16 of them computed now" \
      extract --images $pictures --kind $kind --weights "$data/ir_fp_epoch_312.safetensors" --features $kind.npy
  done
  expect "features rn of the released RN" 0 "16 of them computed now" \
    extract --images $pictures --kind rn --weights "$data/original_fp_epoch_493.safetensors" --features rn.npy
  expect "weights of another network" 1 "does not fit the model" \
    extract --images $pictures --kind rn --weights "$data/ir_fp_epoch_312.safetensors" --features no.npy
else
  echo "[skipped] rcbir: features of the released networks: no $data; set RELREASON_SHARED_DATA to the folder of real data"
fi
exit $status
