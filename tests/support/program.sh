# tests/support/program.sh -- what tests of a program share. Sourced with $program, $title (its name in what is printed) and $work, where it goes.
if [ ! -x "$program" ]; then
  echo "[skipped] $title: no $program; build the examples"
  exit 0
fi
rm -rf "$work" && mkdir -p "$work" && cd "$work" || exit 1
status=0
passed() { echo "[passed] $title: $1"; }
failed() {
  echo "[failed] $title: $1"
  shift
  printf '  %s\n' "$@"
  status=1
}
# refuses STATUS TEXT ARGUMENT...: the program ends with STATUS, and its last message has TEXT. Else $refused becomes no.
refuses() {
  local wanted=$1 text=$2 said code
  shift 2
  said=$("$program" "$@" 2>&1 >/dev/null </dev/null)
  code=$?
  if [ $code = "$wanted" ] && [[ $said == *"$(basename "$program"): "*"$text"* ]]; then return; fi
  failed "refuses: $*" "wanted status $wanted and \"$text\"" "found status $code and: $said"
  refused=no
}
# stop_and_go_on TIMES ARGUMENT...: the program with these arguments, sent Ctrl-C as soon as it trains, again and again, TIMES at most; then to its end.
# $stops: how often it stopped with status 130; $code: the last run's status.
stop_and_go_on() {
  local times=$1 child
  shift
  stops=0 code=130
  while [ $code = 130 ] && [ $stops -lt "$times" ]; do
    set -m
    "$program" "$@" >/dev/null 2>>"$work/log" &
    child=$!
    set +m
    for _ in $(seq 1000); do  # until it catches the signal, which it does while it trains
      kill -0 $child 2>/dev/null || break
      [ -n "$(grep SigCgt "/proc/$child/status" 2>/dev/null | awk '{ if (substr($2, length($2)) ~ /[2367abef]/) print 1 }')" ] && break
      sleep 0.01
    done
    kill -INT $child 2>/dev/null
    wait $child
    code=$?
    [ $code = 130 ] && stops=$((stops + 1))
  done
  [ $code = 130 ] || return
  "$program" "$@" >/dev/null 2>>"$work/log"
  code=$?
}
# after_stops FOLDER OTHER TITLE: stop_and_go_on did stop, came to its end, and OTHER holds the run of FOLDER, which was not stopped, to the byte.
after_stops() {
  local file
  for file in last.safetensors log.jsonl best.safetensors; do
    if [ $code != 0 ] || [ $stops = 0 ] || ! cmp -s "$1/$file" "$2/$file"; then
      failed "Ctrl-C" "status $code after $stops stops, $file" "$(tail -3 "$work/log")"
      return
    fi
  done
  passed "$3"
}
