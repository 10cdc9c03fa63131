// relreason/core/philox.hpp -- counter-based random numbers: a value depends on seed, stream and position, never on order of execution.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; Philox4x32 with 10 rounds.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#define RELREASON_HOST_DEVICE __host__ __device__
#else
#define RELREASON_HOST_DEVICE
#endif

namespace relreason {

struct philox {
  struct block {
    std::uint32_t v[4];
  };

  // The ten rounds. key: 64 bits; counter: 128 bits.
  RELREASON_HOST_DEVICE static constexpr block rounds(std::uint64_t key, block c) {
    std::uint32_t k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t a = std::uint64_t{0xD2511F53u} * c.v[0], b = std::uint64_t{0xCD9E8D57u} * c.v[2];
      c = {{static_cast<std::uint32_t>(b >> 32) ^ c.v[1] ^ k0, static_cast<std::uint32_t>(b), static_cast<std::uint32_t>(a >> 32) ^ c.v[3] ^ k1,
            static_cast<std::uint32_t>(a)}};
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return c;
  }

  // Four words at (seed, stream, position). A stream is what the numbers are for: one parameter, one dropout line, one epoch's shuffle.
  RELREASON_HOST_DEVICE static constexpr block at(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
    return rounds(seed, {{static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32), static_cast<std::uint32_t>(stream),
                          static_cast<std::uint32_t>(stream >> 32)}});
  }

  // The i-th 32-bit word of a stream.
  RELREASON_HOST_DEVICE static constexpr std::uint32_t bits(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
    return at(seed, stream, i / 4).v[i % 4];
  }

  // Uniform in [0, 1) with 24 bits: exact in float, the same everywhere.
  RELREASON_HOST_DEVICE static constexpr float uniform(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
    return static_cast<float>(bits(seed, stream, i) >> 8) * 0x1p-24f;
  }

  // Uniform integer in [0, n), by the high word of a 64-bit product (bias below n / 2^32).
  RELREASON_HOST_DEVICE static constexpr std::uint32_t below(std::uint64_t seed, std::uint64_t stream, std::uint64_t i, std::uint32_t n) {
    return static_cast<std::uint32_t>((std::uint64_t{bits(seed, stream, i)} * n) >> 32);
  }

  // Standard normal, Box-Muller on two words of its own block; host only, so that both backends share its bits.
  static float normal(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
    const block b = at(seed, stream, i);
    const double u = (b.v[0] + 1.0) * 0x1p-32, angle = 6.283185307179586 * (b.v[1] * 0x1p-32);
    return static_cast<float>(std::sqrt(-2.0 * std::log(u)) * std::cos(angle));
  }
};

// A stream number from a text (FNV-1a), for streams that have a name such as a parameter's path.
constexpr std::uint64_t stream_of(const char* text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (; *text; ++text) h = (h ^ static_cast<unsigned char>(*text)) * 0x100000001b3u;
  return h;
}

// A sequential reader of one stream, for host code that draws one number after another.
struct random_stream {
  std::uint64_t seed = 0, stream = 0, position = 0;
  std::uint32_t bits() { return philox::bits(seed, stream, position++); }
  float uniform() { return philox::uniform(seed, stream, position++); }
  std::uint32_t below(std::uint32_t n) { return philox::below(seed, stream, position++, n); }
};

}  // namespace relreason
