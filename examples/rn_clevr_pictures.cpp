// examples/rn_clevr_pictures.cpp -- rn_clevr predict --weights W.safetensors --dictionary D.json --images DIR --questions F --out F.
#include "rn_clevr_pictures.hpp"

#include "relreason/train/picture_answers.hpp"

using namespace relreason;

namespace rn_clevr {

namespace asked = models::from_pixels::by_picture;

void predict_from_pictures(const std::string& weights, const std::string& dictionary, const std::string& folder, const std::string& questions,
                           const std::string& out, int pad_to, executor& threads) {
  const auto file = safetensors::open(weights);
  const bool published = file.find("rl.g_layers.0.weight") != nullptr;
  const auto* first = file.find(published ? "rl.g_layers.0.weight" : "r.g.0.weight");
  if (!first || first->shape.size() != 2)
    fail("predict: ", weights,
         ": found no first layer of pairs (rl.g_layers.0.weight or r.g.0.weight), wanted the weights of RN or 2S-RN from pictures");
  const auto with = [&]<class M>(const name_table& names) {
    picture_answers<M>(weights, dictionary, threads, {.names = names, .allow_extra = true}).predict(questions, folder, pad_to, out);
  };
  constexpr std::int64_t pair = 2 * (24 + 2), asked = pair + 128;
  if (first->shape[1] == asked) return with.operator()<asked::rn>(published ? models::from_pixels::published_names() : name_table{});
  if (first->shape[1] == pair) return with.operator()<asked::two_stage_rn>(published ? asked::published_two_stage_names() : asked::two_stage_names());
  fail("predict: ", weights, ": the first layer of pairs reads ", first->shape[1], " numbers, wanted ", asked, " (RN) or ", pair, " (2S-RN)");
}

}  // namespace rn_clevr
