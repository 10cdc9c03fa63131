// tests/support/small_by_picture.hpp -- two pictures with three and one questions, and the networks that see a picture once with 8 units a pair.
#pragma once

#include <cstdint>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/models/relation_network_by_picture.hpp"

namespace small_by_picture {

using namespace relreason;
namespace asked = models::from_pixels::by_picture;

struct rn : asked::rn_of<8> {};
struct two_stage_rn : asked::two_stage_rn_of<8> {};
struct avf_rn : asked::avf_rn_of<8> {};

template <class M>
limits<M> planned() {
  limits<M> at{.samples = 2};
  return at.template set<asked::question>(3).template set<asked::word>(5);
}
template <class M, class T>
batch<M, T> pictures() {
  batch<M, T> b;
  random_stream random{8, 2};
  std::vector<std::uint8_t> picture(3 * models::from_pixels::side * models::from_pixels::side);
  for (const int questions : {3, 1}) {
    for (auto& p : picture) p = static_cast<std::uint8_t>(random.below(256));
    b.add_sample();
    b.template push<"image">(picture.data(), picture.size());
    b.template count<asked::question>(questions);
    for (int q = 0; q < questions; ++q) {
      const int words = 2 + q;
      b.template count<asked::word>(words);
      for (int w = 0; w < words; ++w) b.template push<"w">(1 + static_cast<int>(random.below(81)));
      b.template push<"answer">(static_cast<int>(random.below(28)));
    }
  }
  b.template space<asked::word>().padded = 5;
  return b;
}

}  // namespace small_by_picture
