# Sourced by the other scripts: where the repository is, which generator to use, how to time a part.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ -z "${CMAKE_GENERATOR-}" ] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
jobs=$(nproc)

# configure PRESET [-DNAME=VALUE...]: quiet unless it fails. A build folder of another generator is kept as it is.
configure() {
  local preset=$1 log
  shift
  log=$root/build/$preset-configure.log
  mkdir -p "$root/build"
  if [ -f "$root/build/$preset/CMakeCache.txt" ]; then
    (unset CMAKE_GENERATOR && cmake --preset "$preset" "$@") >"$log" 2>&1 && return 0
  else
    cmake --preset "$preset" "$@" >"$log" 2>&1 && return 0
  fi
  cat "$log"
  return 1
}
