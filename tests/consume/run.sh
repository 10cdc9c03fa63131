#!/usr/bin/env bash
# tests/consume/run.sh WAY COMPILER -- builds the small foreign project in tests/consume/WAY in a scratch folder, and runs its programs.
set -u
way=$1 compiler=${2:-g++}
source=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=${WORK:-$(mktemp -d)}
cmake=${CMAKE:-cmake}
eigen=${EIGEN_INCLUDE:-/usr/include/eigen3}
project=$source/tests/consume/$way
rm -rf "$work" && mkdir -p "$work"
export CXX=$compiler
command -v ninja >/dev/null && export CMAKE_GENERATOR=Ninja

fail() {
  echo "[failed] consume/$way: $1"
  tail -30 "$work/log"
  exit 1
}
step() { "$@" >>"$work/log" 2>&1; }
build_with_cmake() {
  step "$cmake" -S "$project" -B "$work/build" -DCMAKE_BUILD_TYPE=Release "$@" || fail "configure"
  step "$cmake" --build "$work/build" || fail "build"
}
# What a release of the sources holds: no build folders, no history.
release_tree() {
  mkdir -p "$work/relreason"
  (cd "$source" && cp -r CMakeLists.txt LICENSE cmake include "$work/relreason/")
}

case $way in
  find_package)
    for part in TESTS EXAMPLES BENCH; do off+=("-DRELREASON_BUILD_$part=OFF"); done
    step "$cmake" -S "$source" -B "$work/library" "${off[@]}" -DCMAKE_INSTALL_PREFIX="$work/prefix" || fail "configuring the library"
    step "$cmake" --install "$work/library" || fail "installing the library"
    build_with_cmake -DCMAKE_PREFIX_PATH="$work/prefix"
    ;;
  add_subdirectory | fetch_content)
    release_tree
    build_with_cmake -DRELREASON_SOURCE="$work/relreason"
    ;;
  include_path)
    mkdir -p "$work/build"
    step bash "$project/build.sh" "$compiler" "$source" "$eigen" "$work/build" || fail "build"
    ;;
  conan)
    . "$source/tests/consume/conan/environment.sh"
    cp -r "$source/tests/consume" "$work/consume"  # Conan writes beside the test package
    step conan create "$source" --test-folder "$work/consume/conan" -nr --profile:all "$work/profile" || fail "conan create"
    echo "[passed] consume/$way"
    exit 0
    ;;
  *)
    echo "usage: run.sh find_package | add_subdirectory | fetch_content | include_path | conan [COMPILER]"
    exit 2
    ;;
esac

version=$(sed -nE 's/^#define RELREASON_VERSION_(MAJOR|MINOR|PATCH) //p' "$source/include/relreason/version.hpp" | paste -sd.)
[ "$("$work/build/program" 2>>"$work/log")" = "relreason $version" ] || fail "its program does not print relreason $version"
step "$work/build/data_program" || fail "its data_program"
if [ -f "$work/build/cuda_program" ]; then step "$work/build/cuda_program" || fail "its cuda_program"; fi
echo "[passed] consume/$way"
