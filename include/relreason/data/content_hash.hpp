// relreason/data/content_hash.hpp -- 64 bits that tell one content from another and find damage; no protection against malice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace relreason {

// 8 bytes at a time, on top of the hash of what came before; never 0.
inline std::uint64_t content_hash(std::span<const std::byte> bytes, std::uint64_t before = 0) {
  std::uint64_t h = before;
  const auto mix = [&](std::uint64_t word) {
    h = (h ^ word) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
  };
  mix(bytes.size());
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);
    mix(word);
  }
  std::uint64_t last = 0;
  if (!bytes.empty()) std::memcpy(&last, bytes.data(), bytes.size());
  mix(last);
  return h ? h : 1;
}

}  // namespace relreason
