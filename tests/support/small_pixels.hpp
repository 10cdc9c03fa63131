// tests/support/small_pixels.hpp -- the paper's CNN in small and a relation network over its cells, with pictures of noise.
#pragma once

#include "relreason/core/batch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/relu.hpp"

namespace small_pixels {

using namespace relreason;

struct scene : sample {};
struct cell : exactly<9, scene> {};
struct pair : all_pairs<cell> {};

// A type of its own: nvcc cannot write an alias of a model into a function's signature (docs/gpu.md).
struct net : model<input<"image", maps<3, 12, 10>, scene>, input<"label", label<3>, scene>,
                   let<"c1", conv2d<8, kernel<3>, stride<2>, padding<1>, no_bias>, of<"image">>, let<"n1", batch_norm<uniform_weight>, of<"c1">>,
                   let<"r1", relu<>, of<"n1">>, let<"c2", conv2d<6, kernel<3>, stride<2>, padding<1>, no_bias>, of<"r1">>,
                   let<"n2", batch_norm<then_relu>, of<"c2">>, let<"o", grid_objects<cell>, of<"n2">>,
                   let<"r", sum_over<pair, mlp<relu<9>, relu<7>>>, of<"o", "o">>, let<"a", linear<3>, of<"r">>,
                   minimize<cross_entropy<>, of<"a", "label">>> {};

inline batch<net> pictures(int n) {
  batch<net> b;
  random_stream random{3, 4};
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    for (int j = 0; j < 3 * 12 * 10; ++j) b.push<"image">(random.uniform());
    b.push<"label">(s % 3);
  }
  return b;
}

}  // namespace small_pixels
