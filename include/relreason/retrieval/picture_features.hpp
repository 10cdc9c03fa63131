// relreason/retrieval/picture_features.hpp -- features of pictures for retrieval by relation: what trained networks make of a picture, one row each.
// Source: Messina et al., ECCV-W 2018 and IJMIR 2019; "Re-implementing and Extending Relation Network for R-CBIR", Sec. 3; docs/rcbir.md.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/data/image.hpp"
#include "relreason/models/relation_network_pixels.hpp"
#include "relreason/train/weights.hpp"

namespace relreason::retrieval {

// One kind of feature, ready: compute(pictures of 128 x 128, number of the first, rows of `width` numbers). A row hangs on its picture (random: on its
// number) alone.
struct feature_extractor {
  std::string kind;
  int width = 0;
  std::function<void(const std::vector<image>&, std::size_t, float*)> compute;
};

namespace detail {

// What the CNN alone makes of a picture: its 24 maps, averaged over the cells, or their greatest values.
struct cnn_maps : models::from_pixels::cnn_and<models::from_pixels::picture, let<"mean", global_pool<by_mean>, of<"n4">>,
                                               let<"max", global_pool<by_max>, of<"n4">>, output<"mean">, output<"max">> {};

// Feature: a value of M, or a side result. The question, where M wants one, is a single pad: no feature depends on it.
template <class M, name Feature>
feature_extractor extractor(const std::string& kind, const std::string& file, const load_options& how, executor& threads) {
  constexpr int batch_size = 32;
  using predictor_type = predictor<M, float, Feature>;
  constexpr bool asks = M::template space<models::from_pixels::word>() >= 0;
  struct ready {
    parameters<M> weights;
    std::unique_ptr<predictor_type> predict;
    std::unique_ptr<typename predictor_type::workspace> own;
    batch<M> b;
  };
  const auto r = std::make_shared<ready>();
  load_weights(safetensors::open(file), r->weights, how);
  limits<M> at{.samples = batch_size};
  if constexpr (asks) at.template set<models::from_pixels::word>(1);
  r->predict = std::make_unique<predictor_type>(r->weights, at, select_kernels<float>());
  r->own = std::make_unique<typename predictor_type::workspace>(*r->predict, &threads);
  constexpr int width = predictor_type::template width<Feature>();
  return {kind, width, [r](const std::vector<image>& pictures, std::size_t, float* rows) {
            for (std::size_t first = 0; first < pictures.size(); first += batch_size) {
              r->b.clear();
              for (std::size_t i = first; i < std::min(first + batch_size, pictures.size()); ++i) {
                r->b.add_sample();
                r->b.template push<"image">(pictures[i].pixels.data(), pictures[i].pixels.size());
                if constexpr (asks) r->b.template count<models::from_pixels::word>(0);
              }
              if constexpr (asks) r->b.template space<models::from_pixels::word>().padded = 1;
              r->predict->run(*r->own, r->b, {rows + first * static_cast<std::size_t>(width)});
            }
          }};
}

}  // namespace detail

inline constexpr const char* feature_kinds = "cnn-mean, cnn-max, rn, two-stage-mean, two-stage-max, avf, random";

// kind: cnn-mean, cnn-max (24 numbers, from the CNN of any of the networks), rn (52: pairs of cells as g meets them, normalized, their mean),
// two-stage-mean, two-stage-max (256: what the first two layers of g make of them), avf (512), or random (512, uniform in [0, 1), a baseline that
// needs no weights). Weights with the published names or ours.
inline feature_extractor make_extractor(const std::string& kind, const std::string& weights, executor& threads) {
  namespace px = models::from_pixels;
  if (kind == "random") {
    constexpr int width = 512;
    return {kind, width, [](const std::vector<image>& pictures, std::size_t number, float* rows) {
              for (std::size_t i = 0; i < pictures.size(); ++i) {
                random_stream random{1, number + i};
                for (int j = 0; j < width; ++j) *rows++ = static_cast<float>(random.uniform());
              }
            }};
  }
  const auto made = [&]<class M, name Feature>() {
    load_options how{.allow_extra = true};
    if (safetensors::open(weights).find("conv.conv1.weight")) how.names = px::published_names();
    return detail::extractor<M, Feature>(kind, weights, how, threads);
  };
  if (kind == "rn") return made.operator()<px::rn, "r.mean">();
  if (kind == "two-stage-mean") return made.operator()<px::two_stage_rn, "r.mean">();
  if (kind == "two-stage-max") return made.operator()<px::two_stage_rn, "r.max">();
  if (kind == "avf") return made.operator()<px::avf_rn, "v">();
  if (kind == "cnn-mean") return made.operator()<detail::cnn_maps, "mean">();
  if (kind == "cnn-max") return made.operator()<detail::cnn_maps, "max">();
  fail("retrieval::make_extractor: found kind \"", kind, "\", wanted one of ", feature_kinds);
}

}  // namespace relreason::retrieval
