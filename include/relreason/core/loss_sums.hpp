// relreason/core/loss_sums.hpp -- what the losses of a step come to, by line: every lane adds up its own tiles, then lanes are joined in their order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace relreason {

template <std::size_t Lines>
class loss_sums {
 public:
  void plan(int lanes) { lanes_.resize(static_cast<std::size_t>(lanes)); }
  void clear() {
    for (sums& lane : lanes_) lane = {};
  }
  void add(int lane, int line, double loss, std::uint64_t right) {
    sums& to = lanes_[static_cast<std::size_t>(lane)];
    to.loss[static_cast<std::size_t>(line)] += loss;
    to.right[static_cast<std::size_t>(line)] += right;
  }
  void join(int lanes) {
    all_ = {};
    for (std::size_t l = 0; l < static_cast<std::size_t>(lanes); ++l)
      for (std::size_t i = 0; i < Lines; ++i) all_.loss[i] += lanes_[l].loss[i], all_.right[i] += lanes_[l].right[i];
  }
  const std::array<double, Lines>& losses() const { return all_.loss; }
  const std::array<std::uint64_t, Lines>& right() const { return all_.right; }

 private:
  struct sums {
    std::array<double, Lines> loss{};
    std::array<std::uint64_t, Lines> right{};
  };
  std::vector<sums> lanes_;
  sums all_;
};

}  // namespace relreason
