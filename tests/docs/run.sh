#!/usr/bin/env bash
# tests/docs/run.sh COMPILER -- every ```cpp block of README.md and docs/ is a whole file: it compiles, and runs where it has a main.
# Links between pages lead to files.
set -u
export compiler=$1
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
export scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
cd "$root" || exit 1
export flags="-std=c++20 -Wall -Wextra -Wconversion -Wshadow -Werror -fdiagnostics-color=never -I$root/include -isystem ${EIGEN_INCLUDE:-/usr/include/eigen3}"

pages=$(find README.md docs -name '*.md' 2>/dev/null | sort)
status=0
for page in $pages; do
  # A page's blocks become PAGE_LINE.cpp, where LINE is the line of the opening fence. "```cpp anything" would hide a block: refused.
  if grep -nE '^ *```(cpp|c\+\+|C\+\+|cxx).' "$page" || grep -nE '^ *```(c\+\+|C\+\+|cxx)$' "$page"; then
    echo "[failed] $page: a C++ block must open with exactly \`\`\`cpp, so that it is compiled"
    status=1
  fi
  awk -v base="$scratch/${page//\//_}" '
    /^```/ && inside { inside = 0; close(file); next }
    /^```cpp$/       { inside = 1; file = base "_" NR ".cpp"; next }
    inside           { print > file }' "$page"
done

broken=$(for page in $pages CONTRIBUTING.md CHANGELOG.md; do
  [ -f "$page" ] || continue
  # Code holds lambdas, [x](y), which are no links.
  awk '/^```/ { inside = !inside; next } !inside' "$page" | sed 's/`[^`]*`//g' | grep -oE '\]\([^)# ]+' | cut -c3- | grep -vE '^[a-z]+:' |
    while read -r link; do
      [ -e "$(dirname "$page")/$link" ] || echo "[failed] $page links to $link, which is not there"
    done
done)
if [ -z "$broken" ]; then echo "[passed] links between pages lead to files"; else echo "$broken" && status=1; fi

title="README's first model is examples/hello_relations.cpp"
if diff <(awk '/^```cpp$/ { inside = 1; next } /^```/ && inside { exit } inside' README.md) \
  <(sed '1d; /clang-format/d' examples/hello_relations.cpp) >"$scratch/hello.diff"
then echo "[passed] $title"; else echo "[failed] $title" && head -20 "$scratch/hello.diff" && status=1; fi

check_block() {
  local file=$1 name
  name=$(basename "$file" .cpp)
  if ! grep -q 'int main(' "$file"; then
    if "$compiler" $flags -fsyntax-only "$file" >"$file.log" 2>&1; then echo "[passed] $name compiles"; return 0; fi
    echo "[failed] $name compiles"; head -20 "$file.log"; return 1
  fi
  mkdir -p "$file.run"
  if ! "$compiler" $flags -O1 "$file" -o "$file.run/program" -lsimdjson -lpng -ljpeg -lz -pthread >"$file.log" 2>&1; then
    echo "[failed] $name compiles"; head -20 "$file.log"; return 1
  fi
  if (cd "$file.run" && timeout 120 ./program >../"$name.out" 2>&1 </dev/null); then echo "[passed] $name compiles and runs"; return 0; fi
  echo "[failed] $name runs"; tail -20 "$scratch/$name.out"; return 1
}
export -f check_block
find "$scratch" -maxdepth 1 -name '*.cpp' | sort | xargs -r -P "$(nproc)" -I{} bash -c 'check_block {}' || status=1
exit $status
