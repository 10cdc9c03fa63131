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
