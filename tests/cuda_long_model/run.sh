#!/usr/bin/env bash
# tests/cuda_long_model/run.sh -- nvcc reads a model of forty equations that build on one another. Its front end doubled its time with each of them
# once (core/flat_tuple.hpp): then no limit would do.
set -u
root=${SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
scratch=${WORK:-$(mktemp -d)}
rm -rf "$scratch" && mkdir -p "$scratch"
nvcc=$(sed -n 's/^CMAKE_CUDA_COMPILER:[A-Z]*=//p' "${BINARY:-$root/build/release}/CMakeCache.txt" 2>/dev/null)
if [ ! -x "$nvcc" ]; then
  echo "[skipped] nvcc reads a long model: no nvcc here"
  exit 0
fi
equations=40 limit=300

{
  cat <<'END'
#include "relreason/core/engine.hpp"
#include "relreason/nn/relu.hpp"

using namespace relreason;
struct scene : sample {};
struct net : model<input<"h0", features<4>, scene>
END
  for ((i = 1; i <= equations; ++i)); do echo "  , let<\"h$i\", relu<>, of<\"h$((i - 1))\">>"; done
  echo "> {};"
  for ((i = 1; i <= equations; ++i)); do echo "static_assert(net::line_at<$i>::kind == line_kind::let);"; done
  cat <<'END'
template <class M>
constexpr bool runs() {
  return sizeof(typename detail::tapes_of<float, typename M::lines>::type) > 0;
}
static_assert(runs<net>());
END
} >"$scratch/long_model.cu"

title="nvcc reads a model of $equations equations within $limit s"
timeout $limit "$nvcc" -std=c++20 -I "$root/include" -c "$scratch/long_model.cu" -o "$scratch/long_model.o" >"$scratch/log" 2>&1
ended=$?
case $ended in
  0) echo "[passed] $title" ;;
  124) echo "[failed] $title: it was stopped" && exit 1 ;;
  *) echo "[failed] $title: exit $ended" && head -20 "$scratch/log" && exit 1 ;;
esac
