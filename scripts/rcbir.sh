#!/usr/bin/env bash
# scripts/rcbir.sh --published DIR [--scenes N] [--work DIR] [--out FILE] -- how features of the released networks rank blocks-world pictures.
#   --published DIR  original_fp_epoch_493.safetensors and ir_fp_epoch_312.safetensors (docs/models/relation_network_pixels.md says how to make them)
#   --avf FILE       weights of an AVF-RN of yours, to stand beside them
#   --scenes N       pictures to rank (2500)
#   --real DIR       also pictures of your own CLEVR: DIR/images and DIR/scenes.json
#   --work DIR       where pictures, features and distances are kept (runs/rcbir)
#   --out FILE       the page (docs/results/rcbir.md)
set -eu
. "$(dirname "$0")/common.sh"

published='' avf='' scenes=2500 real='' work=runs/rcbir page=docs/results/rcbir.md
while [ $# -gt 0 ]; do
  case $1 in
    --published) published=$2 && shift ;;
    --avf) avf=$2 && shift ;;
    --scenes) scenes=$2 && shift ;;
    --real) real=$2 && shift ;;
    --work) work=$2 && shift ;;
    --out) page=$2 && shift ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
  shift
done
[ -f "$published/ir_fp_epoch_312.safetensors" ] || { echo "rcbir.sh: wanted --published DIR with the released weights" >&2 && exit 2; }

if [ ! -x "${RCBIR:=build/release/examples/rcbir}" ]; then
  configure release
  cmake --build build/release --target rcbir blocks_world --parallel "$jobs"
fi
world=$(dirname "$RCBIR")/blocks_world
mkdir -p "$work"

# rank NAME IMAGES SCENES: features, both ground truths and the scores of one collection.
rank() {
  local name=$1 images=$2 scenes=$3 features=() kind weights
  for kind in random cnn-mean rn two-stage-mean two-stage-max ${avf:+avf}; do
    weights=$published/ir_fp_epoch_312.safetensors
    [ $kind = rn ] && weights=$published/original_fp_epoch_493.safetensors
    [ $kind = avf ] && weights=$avf
    "$RCBIR" extract --images "$images" --kind $kind --weights "$weights" --features "$work/$name-$kind.npy" >&2
    features+=("$work/$name-$kind.npy")
  done
  local all
  all=$(IFS=,; echo "${features[*]}")
  for distance in ged2018-soft ged2018-hard ged2019-soft ged2019-hard; do
    "$RCBIR" truth --scenes "$scenes" --features "${features[0]}" --truth "$work/$name-$distance.dist" --distance $distance >&2
    echo
    echo "Ground truth: $distance."
    echo
    echo '```'
    "$RCBIR" evaluate --features "$all" --truth "$work/$name-$distance.dist" --queries 501
    echo '```'
  done
}

"$world" --out "$work/world" --val "$scenes" --images 128x128 >&2
{
  echo "# How features rank pictures by relation"
  echo
  echo "Written by \`scripts/rcbir.sh\` on $(date +%F). Features of the released networks ([docs/rcbir.md](../rcbir.md)); the first 501 pictures are the queries (or all, where there are fewer)."
  echo "The weights were trained on CLEVR; nothing was trained here. Numbers are means over queries with 95 % intervals."
  echo "The order published for CLEVR is random < CNN < RN < 2S-RN < AVF-RN; weights of an AVF-RN are not published."
  echo
  echo "## $scenes pictures of the blocks world"
  rank world "$work/world/images/val" "$work/world/scenes/CLEVR_val_scenes.json"
  if [ -n "$real" ]; then
    echo
    echo "## $(find "$real/images" -name '*.png' | wc -l) real pictures of CLEVR"
    rank real "$real/images" "$real/scenes.json"
  fi
} >"$work/page.md"
cp "$work/page.md" "$page"
echo "$page"
