// relreason/backend/cuda/sampling.cuh -- random choices on the device; each depends on seed, stream and position alone, as core/philox.hpp has it.
// Sources: Bentley, Floyd, "A sample of brilliance", CACM 1987; the cumulative sums and the binary search are the inversion method.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relreason/backend/cuda/grouping.cuh"

namespace relreason::device {

// Where random numbers come from; `stream_at`, if given, is read when the step runs.
struct random_place {
  std::uint64_t seed = 0, stream = 0;
  const std::uint64_t* stream_at = nullptr;
  RELREASON_HD std::uint64_t current() const { return stream_at ? *stream_at : stream; }
};

// The high 64 bits of a product of 64-bit numbers.
RELREASON_HD constexpr std::uint64_t high_product(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t a0 = a & 0xffffffffu, a1 = a >> 32, b0 = b & 0xffffffffu, b1 = b >> 32;
  const std::uint64_t middle = a1 * b0 + (a0 * b0 >> 32), other = a0 * b1 + (middle & 0xffffffffu);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

namespace pass {

// Floyd's: for j = n - k .. n - 1 take a number up to j, or j itself if that one is taken.
struct sample {
  const int* start;
  std::size_t k;
  random_place random;
  int* chosen;
  RELREASON_HD void operator()(std::size_t g) const {
    const auto most = static_cast<int>(k), n = start[g + 1] - start[g];
    int* const to = chosen + g * k;
    for (int i = 0; i < most; ++i) {
      const int j = n - most + i;
      int take = j;
      if (n <= most) take = i < n ? i : -1;
      else {
        const auto word = philox::below(random.seed, random.current(), g * k + static_cast<std::size_t>(i), static_cast<std::uint32_t>(j) + 1);
        if (!contains(to, i, start[g] + static_cast<int>(word))) take = static_cast<int>(word);
      }
      to[i] = take < 0 ? -1 : start[g] + take;
    }
  }

 private:
  RELREASON_HD static bool contains(const int* rows, int n, int row) {
    for (int i = 0; i < n; ++i)
      if (rows[i] == row) return true;
    return false;
  }
};

struct random_keys {
  random_place random;
  std::uint64_t* key;
  int* order;
  RELREASON_HD void operator()(std::size_t i) const {
    const philox::block b = philox::at(random.seed, random.current(), i);
    key[i] = std::uint64_t{b.v[0]} << 32 | b.v[1];
    order[i] = static_cast<int>(i);
  }
};

struct whole {
  using result_type = std::uint64_t;
  RELREASON_HD std::uint64_t operator()(std::uint32_t weight) const { return weight; }
};
struct weighted_choice {
  std::size_t n;
  const std::uint64_t* sums;
  random_place random;
  std::uint64_t first;
  const int* except;
  int* chosen;
  RELREASON_HD void operator()(std::size_t d) const {
    const int hole = except && except[d] >= 0 && static_cast<std::size_t>(except[d]) < n ? except[d] : -1;
    const std::uint64_t before = hole > 0 ? sums[hole - 1] : 0, width = hole >= 0 ? sums[hole] - before : 0, total = sums[n - 1] - width;
    const philox::block b = philox::at(random.seed, random.current(), first + d);
    std::uint64_t at = high_product(std::uint64_t{b.v[0]} << 32 | b.v[1], total);
    if (hole >= 0 && at >= before) at += width;
    std::size_t low = 0, high = n;  // the first i with sums[i] > at
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      if (sums[middle] > at) high = middle;
      else low = middle + 1;
    }
    chosen[d] = total == 0 ? -1 : static_cast<int>(low);
  }
};

}  // namespace pass

// chosen (n_groups, k): k different rows of each group [start[g], start[g + 1]), every set with the same chance; all rows in order, then -1,
// where a group has at most k. A thread per group, which looks k^2 / 2 times: for k up to some hundreds; word g k + i of the stream decides.
template <class System>
void sample_groups(const System& system, std::size_t n_groups, const int* start, std::size_t k, const random_place& random, int* chosen) {
  each(system, n_groups, pass::sample{start, k, random, chosen});
}

// order: 0 .. n in random order, by keys of 64 bits (block i of the stream), equal ones by number.
template <class System>
void permutation(const System& system, std::size_t n, const random_place& random, int* order, temporary& scratch) {
  const temporary_array<std::uint64_t> key(scratch, n);
  each(system, n, pass::random_keys{random, key.data(), order});
  thrust::stable_sort_by_key(policy_with(system, scratch), key.data(), key.data() + n, order);
}

// sums_i = weight_0 + ... + weight_i, for weighted_choice. Weights are whole numbers, so that the sums are exact in any order.
template <class System>
void cumulate(const System& system, std::size_t n, const std::uint32_t* weight, std::uint64_t* sums, temporary& scratch) {
  const auto w = thrust::make_transform_iterator(weight, pass::whole{});
  thrust::inclusive_scan(policy_with(system, scratch), w, w + static_cast<std::ptrdiff_t>(n), sums);
}
// chosen_d: i with a chance proportional to weight_i, with replacement, never except_d (null or negative: none); -1 where all weights are 0.
// Block first + d of the stream decides.
template <class System>
void weighted_choice(const System& system, std::size_t draws, std::size_t n, const std::uint64_t* sums, const random_place& random,
                     std::uint64_t first, const int* except, int* chosen) {
  if (n == 0) return each(system, draws, pass::fill<int>{chosen, -1});
  each(system, draws, pass::weighted_choice{n, sums, random, first, except, chosen});
}

}  // namespace relreason::device
