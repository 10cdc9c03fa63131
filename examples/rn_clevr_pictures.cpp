// examples/rn_clevr_pictures.cpp -- rn_clevr predict --weights W.safetensors --dictionary D.json --images DIR --questions F --out F.
#include "rn_clevr_pictures.hpp"

#include "relreason/train/picture_answers.hpp"

using namespace relreason;

namespace rn_clevr {

void predict_from_pictures(const std::string& weights, const std::string& dictionary, const std::string& folder, const std::string& questions,
                           const std::string& out, int pad_to, executor& threads) {
  const auto file = safetensors::open(weights);
  const bool published = file.find("rl.g_layers.0.weight") != nullptr;
  const auto* first = file.find(published ? "rl.g_layers.0.weight" : "r.g.0.weight");
  if (!first || first->shape.size() != 2)
    fail("predict: ", weights,
         ": found no first layer of pairs (rl.g_layers.0.weight or r.g.0.weight), wanted the weights of RN or 2S-RN from pictures");
  const load_options how{.names = published ? models::from_pixels::published_names() : name_table{}, .allow_extra = true};
  const auto with = [&]<class M>() { picture_answers<M>(weights, dictionary, threads, how).predict(questions, folder, pad_to, out); };
  constexpr std::int64_t pair = 2 * (24 + 2), asked = pair + 128;
  if (first->shape[1] == asked) return with.operator()<models::from_pixels::rn>();
  if (first->shape[1] == pair) return with.operator()<models::from_pixels::two_stage_rn>();
  fail("predict: ", weights, ": the first layer of pairs reads ", first->shape[1], " numbers, wanted ", asked, " (RN) or ", pair, " (2S-RN)");
}

}  // namespace rn_clevr
