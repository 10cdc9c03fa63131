// examples/rn_clevr_pixels.hpp -- rn_clevr train and evaluate for networks that see pictures; in files of their own, as models take time to compile.
#pragma once

#include "rn_clevr_options.hpp"

namespace rn_clevr {

#if defined(RN_CLEVR_WITHOUT_PICTURES)
inline constexpr const char* without_pictures =
    "this rn_clevr was built without networks that see pictures; build it with -DRELREASON_PICTURE_MODELS=ON";
inline int train_on_pictures(const arguments_type&, const run_options&, executor&) { fail(without_pictures); }
inline int evaluate_on_pictures(const arguments_type&, const std::string&, const std::map<std::string, std::string>&, executor&) {
  fail(without_pictures);
}
#else
int train_on_pictures(const arguments_type& o, run_options run, executor& threads);
// settings: those of the checkpoint.
int evaluate_on_pictures(const arguments_type& o, const std::string& checkpoint, const std::map<std::string, std::string>& settings,
                         executor& threads);

// The CNN alone (cnn-multilabel).
int train_on_attributes(const arguments_type& o, const run_options& run, executor& threads);
int evaluate_on_attributes(const arguments_type& o, const std::string& checkpoint, const std::map<std::string, std::string>& settings,
                           executor& threads);

// Nothing with --no-augmentation.
inline std::optional<augmentation> augmentation_of(const arguments_type& o) {
  if (is_set(o, "no-augmentation")) return std::nullopt;
  return augmentation{.seed = seed_of(o)};
}
#endif

}  // namespace rn_clevr
