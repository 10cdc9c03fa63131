#!/usr/bin/env bash
# scripts/setup.sh [--yes] [--no-install] [demo] -- installs what the library, its programs and its tests need on Debian 12 or Ubuntu 24.04.
# Only what is missing is installed. With "demo", only what scripts/demo.sh needs.
#   --yes          ask nothing
#   --no-install   install nothing; say what is missing
set -eu

yes=no install=yes what=test
for argument in "$@"; do
  case $argument in
    --yes | -y) yes=yes ;;
    --no-install) install=no ;;
    demo) what=demo ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2 ;;
  esac
done

packages=(g++ cmake ninja-build libeigen3-dev libxtensor-dev libcxxopts-dev libsimdjson-dev nlohmann-json3-dev libpng-dev libjpeg-dev zlib1g-dev)
if [ $what = test ]; then
  packages+=(clang catch2 libbenchmark-dev libfaiss-dev libomp-dev python3-venv)
fi

# Without apt: what neither lies on the path nor can be included is missing.
includes() { echo "#include <$1>" | g++ -std=c++20 -I/usr/include/eigen3 -E -x c++ - >/dev/null 2>&1; }
has() {
  case $1 in
    ninja-build) command -v ninja ;;
    clang) command -v clang++ ;;
    g++ | cmake) command -v "$1" ;;
    python3-venv) python3 -c 'import venv' ;;
    libeigen3-dev) includes Eigen/Core ;;
    libxtensor-dev) includes xtensor/xtensor.hpp || includes xtensor/containers/xtensor.hpp ;;
    libcxxopts-dev) includes cxxopts.hpp ;;
    libsimdjson-dev) includes simdjson.h ;;
    nlohmann-json3-dev) includes nlohmann/json.hpp ;;
    libpng-dev) includes png.h ;;
    libjpeg-dev) includes jpeglib.h ;;
    zlib1g-dev) includes zlib.h ;;
    catch2) includes catch2/catch.hpp || includes catch2/catch_all.hpp ;;
    libbenchmark-dev) includes benchmark/benchmark.h ;;
    libfaiss-dev) includes faiss/IndexFlat.h ;;
    libomp-dev) echo 'int main() {}' | clang++ -fopenmp -x c++ - -o /dev/null ;;
  esac >/dev/null 2>&1
}
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: this is not Debian or Ubuntu, so nothing is installed"
  missing=()
  for package in "${packages[@]}"; do has "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && echo "setup: nothing is missing" && exit 0
  echo "setup: missing, by Debian's names:"
  printf '  %s\n' "${missing[@]}"
  [ $what = demo ] || echo "  and the run-time libraries of your Clang's sanitizers and fuzzer (Debian: libclang-rt-14-dev), if they are not there"
  exit 0
fi

installed() { dpkg-query -W -f '${Status}\n' "$1" 2>/dev/null | grep -q '^install ok installed$'; }
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || { echo "setup: not root, and there is no sudo; run the line above as root, then again with --no-install" && exit 1; }
  sudo "$@"
}

# Versioned names follow the distribution's default compilers: Clang's run-time libraries, and GCC's headers for the aarch64 syntax check.
if [ $what = test ]; then
  # shellcheck disable=SC1091
  case "$(. /etc/os-release && echo "${ID-}-${VERSION_ID-}")" in
    debian-12) packages+=(libclang-rt-14-dev libstdc++-12-dev-arm64-cross) ;;
    ubuntu-24.04) packages+=(libclang-rt-18-dev libstdc++-13-dev-arm64-cross) ;;
    *) echo "setup: neither Debian 12 nor Ubuntu 24.04; Clang's sanitizer libraries (libclang-rt-N-dev) are left to you" ;;
  esac
fi

missing=()
for package in "${packages[@]}"; do installed "$package" || missing+=("$package"); done
if [ ${#missing[@]} = 0 ]; then
  echo "setup: all ${#packages[@]} packages are installed"
  exit 0
fi

line="apt-get install -y --no-install-recommends ${missing[*]}"
if [ $install = no ]; then
  echo "setup: missing: ${missing[*]}"
  echo "setup: to install them: $line"
  exit 0
fi
echo "setup: $line"
if [ $yes = no ]; then
  if [ ! -t 0 ]; then
    echo "setup: no terminal to ask on; give --yes to install, or --no-install to go on without"
    exit 1
  fi
  read -r -p "Install these packages? [Y/n] " answer
  case $answer in n* | N*) echo "setup: nothing installed" && exit 1 ;; esac
fi
export DEBIAN_FRONTEND=noninteractive
as_root apt-get update -qq
# shellcheck disable=SC2086
as_root env DEBIAN_FRONTEND=noninteractive $line -qq >/dev/null
echo "setup: installed ${#missing[@]} packages"
