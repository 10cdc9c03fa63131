// tests/cuda/pair_models.hpp -- small sums over pairs of objects, and how far apart gradients are.
#pragma once

#include <cmath>

#include "relreason/core/batch.hpp"
#include "relreason/core/model.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

namespace pair_models {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
template <class G, class... Options>
struct relations : model<input<"o", features<3>, object>, input<"label", label<4>, scene>, let<"r", sum_over<pair, G, Options...>, of<"o", "o">>,
                         let<"a", linear<4>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>> {};

template <class M>
limits<M> planned(int samples, int objects) {
  limits<M> at{.samples = samples};
  at.template set<object>(objects);
  return at;
}
template <class M>
batch<M> scenes(int samples, int objects) {
  batch<M> b;
  random_stream random{23, static_cast<std::uint64_t>(objects)};
  for (int s = 0; s < samples; ++s) {
    b.add_sample();
    b.template count<object>(objects);
    for (int i = 0; i < 3 * objects; ++i) b.template push<"o">(4 * random.uniform() - 2);
    b.template push<"label">(s % 4);
  }
  return b;
}

// |b - a| / |a|
inline double distance(const float* a, const float* b, std::size_t n) {
  double apart = 0, size = 0;
  for (std::size_t i = 0; i < n; ++i) {
    apart += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
    size += double{a[i]} * double{a[i]};
  }
  return std::sqrt(apart / size);
}

}  // namespace pair_models
