# Sourced by the other scripts: where the repository is, which generator to use, how to time a part.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
jobs=$(nproc)

# configure PRESET [-DNAME=VALUE...]: with Ninja if there is one, and quiet unless it fails. A build folder keeps the generator it has.
configure() {
  local preset=$1 log=$root/build/$1-configure.log generator=()
  shift
  mkdir -p "$root/build"
  if [ -z "${CMAKE_GENERATOR-}" ] && [ ! -f "$root/build/$preset/build.ninja" ] && [ ! -f "$root/build/$preset/Makefile" ] && command -v ninja >/dev/null; then
    generator=(-G Ninja)
    rm -rf "$root/build/$preset/CMakeCache.txt" "$root/build/$preset/CMakeFiles"  # what an earlier configuration left when it failed
  fi
  (cd "$root" && cmake --preset "$preset" "${generator[@]}" "$@") >"$log" 2>&1 || { cat "$log"; return 1; }
}
