// relreason/data/blocks_random.hpp -- the blocks world's reader of random words: one stream of philox, four words per evaluation.
// Source: core/philox.hpp; gives the words of random_stream, in the same order, at a quarter of the cost.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "relreason/core/philox.hpp"

namespace relreason::blocks {

class draws {
 public:
  draws(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  std::uint32_t bits() {
    if (used_ == 4) {
      block_ = philox::at(seed_, stream_, position_++);
      used_ = 0;
    }
    return block_.v[used_++];
  }
  int below(int n) { return static_cast<int>((std::uint64_t{bits()} * static_cast<std::uint32_t>(n)) >> 32); }
  bool coin() { return bits() >> 31; }

  // Moves a random one of list[from, n) to list[from]: one step of a shuffle that is made only as far as it is read.
  template <class T>
  const T& pick(T* list, int from, int n) {
    std::swap(list[from], list[from + below(n - from)]);
    return list[from];
  }

 private:
  std::uint64_t seed_, stream_, position_ = 0;
  philox::block block_{};
  int used_ = 4;
};

// Streams are told apart by what they are for, the split's name and the scene's (or block's) number.
inline std::uint64_t stream_for(const char* purpose, std::string_view split, int index) {
  std::uint64_t h = stream_of(purpose);
  for (const char c : split) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h + static_cast<std::uint64_t>(index) * 0x9E3779B97F4A7C15u;
}

}  // namespace relreason::blocks
