# Sourced by ../run.sh: a conan command of our own, a Conan home of our own, and a profile that takes the installed Debian packages.
skip() {
  echo "[skipped] consume/conan: $1"
  exit 0
}
virtual=$source/build/conan
export PATH=$virtual/bin:$PATH
if ! command -v conan >/dev/null; then
  command -v python3 >/dev/null || skip "no python3"
  step python3 -m venv "$virtual" || { rm -rf "$virtual"; skip "python3 has no venv; Debian has it in python3-venv"; }
  step "$virtual/bin/pip" install --quiet --retries 1 --timeout 15 'conan>=2,<3' || { rm -rf "$virtual"; skip "pip cannot install conan"; }
fi
command -v dpkg-query >/dev/null || skip "the profile is made from Debian's package versions, and there is no dpkg-query"

export CONAN_HOME=$work/home
# "1:1.2.13.dfsg-1" is 1.2.13
debian_version() { dpkg-query -W -f '${Version}\n' "$1" | head -1 | sed -E 's/^[0-9]+://; s/-[^-]*$//; s/([0-9]+(\.[0-9]+)*).*/\1/'; }
step conan profile detect || fail "conan profile detect"
{
  sed 's/^compiler.cppstd=.*/compiler.cppstd=20/' "$CONAN_HOME/profiles/default"
  echo "[conf]"
  command -v ninja >/dev/null && echo "tools.cmake.cmaketoolchain:generator=Ninja"
  echo "[platform_requires]"
  echo "eigen/$(debian_version libeigen3-dev)"
  echo "simdjson/$(debian_version libsimdjson-dev)"
  echo "libpng/$(debian_version libpng-dev)"
  echo "libjpeg-turbo/$(debian_version 'libjpeg*turbo*-dev')"
  echo "zlib/$(debian_version zlib1g-dev)"
} >"$work/profile"
